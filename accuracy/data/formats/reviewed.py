"""The folder of state of `i3d watch`: clips of events that somebody reviewed."""

from __future__ import annotations

from i3d_edge.accuracy.data.formats.entry import ListEntry, ListSource
from i3d_edge.runtime.record.clip import NOTE
from i3d_edge.runtime.record.reviews import REVIEWS, read_reviews


def read_reviewed(source: ListSource) -> list[ListEntry]:
    """Read the clips that are still there; what a wrong one shows is what its review says, or unknown."""
    reviews, entries = read_reviews(source.path / REVIEWS), []
    for path in sorted(source.root.glob("clips/*/*.json")):
        if review := reviews.get(path.stem):
            note = NOTE.read(path)
            label = review.label if review.verdict == "wrong" else note.event.get("label")
            entries.append(ListEntry(f"clip {path.stem!r}", f"clips/{path.parent.name}/{note.video}", label))
    return entries
