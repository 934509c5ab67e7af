"""Models compared in pairs on the same videos, and the videos that one has right and the other wrong."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from i3d_edge.accuracy.gate.baseline import make_baseline
from i3d_edge.accuracy.gate.comparison import Comparison, Flip, compare
from i3d_edge.accuracy.gate.pairs import Z_TWO_SIDED_95, drop_upper_bound
from i3d_edge.accuracy.report.html.markup import Html, join, table, tag
from i3d_edge.accuracy.report.html.models import ReportedModel, groups_by_measurement
from i3d_edge.accuracy.report.html.numbers import percent, plural, signed
from i3d_edge.accuracy.report.thumbnails import Thumbnail
from i3d_edge.core.errors import ComparisonError

SHOWN_FLIPS, FOLDED_FLIPS = 12, 24

ThumbnailOf = Callable[[ReportedModel, str], Thumbnail]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models that answered the same videos by the same protocol.

    Attributes:
        first: What the other is held against.
        second: The other.
        comparison: What came of it, or why nothing could.
    """

    first: ReportedModel
    second: ReportedModel
    comparison: Comparison | str


def make_pairs(models: Sequence[ReportedModel]) -> list[Pair]:
    """Compare the models of each protocol and set of videos with the first one of them."""
    pairs = []
    for group in groups_by_measurement(models):
        for second in group[1:]:
            pairs.append(Pair(group[0], second, _compared(group[0], second)))
    return pairs


def _compared(first: ReportedModel, second: ReportedModel) -> Comparison | str:
    """Compare two models; videos that one of them dropped are left out, and a refusal is what is said of the pair."""
    try:
        baseline = make_baseline(first.run, first.model)
        num_listed = first.run.result["counts"]["listed"]
        return compare(baseline, second.run, second.model, num_allowed_dropped=num_listed)
    except ComparisonError as error:
        return error.message


def pairs_table(pairs: Sequence[Pair], name: Callable[[ReportedModel], str]) -> Html:
    """Return a line for each pair: how many videos flipped, and what that says of the difference."""
    headers = [
        "pair",
        "protocol",
        "videos",
        "same answer",
        "lost",
        "gained",
        "change of top-1",
        "95 % interval",
        "McNemar's p",
    ]
    rows = []
    for pair in pairs:
        title = f"{name(pair.first)} → {name(pair.second)}"
        found = pair.comparison
        if isinstance(found, str):
            remark = tag("div", f"not compared: {found}", class_="remark")
            rows.append([title, pair.first.protocol, remark, *[""] * (len(headers) - 3)])
            continue
        num_lost, num_gained, total = len(found["lost"]), len(found["gained"]), found["num_videos"]
        low = -100 * drop_upper_bound(num_lost, num_gained, total, Z_TWO_SIDED_95)
        high = 100 * drop_upper_bound(num_gained, num_lost, total, Z_TWO_SIDED_95)
        rows.append(
            [
                title,
                pair.first.protocol,
                str(found["num_videos"]),
                percent(1 - found["num_other_class"] / found["num_videos"]),
                str(len(found["lost"])),
                str(len(found["gained"])),
                f"{signed(-100 * found['drop'])} points",
                f"{signed(low)} .. {signed(high)}",
                f"{found['mcnemar_p']:.2g}",
            ]
        )
    return table(headers, rows, class_="numbers")


def flips(pair: Pair, name: Callable[[ReportedModel], str], thumbnail_of: ThumbnailOf) -> Html:
    """Return the videos of a pair that flipped, with pictures."""
    found = pair.comparison
    assert not isinstance(found, str)
    both = [("lost", flip) for flip in found["lost"]] + [("gained", flip) for flip in found["gained"]]
    title = tag("h4", f"{name(pair.first)} → {name(pair.second)}, {pair.first.protocol}: {_flipped(found)}")
    shown = both[: SHOWN_FLIPS + FOLDED_FLIPS]
    cards = [_card(kind, flip, thumbnail_of(pair.second, flip["video"])) for kind, flip in shown]
    parts = [title, tag("ul", *cards[:SHOWN_FLIPS], class_="flips")]
    if folded := cards[SHOWN_FLIPS:]:
        summary = tag("summary", f"{len(folded)} more of the {len(both)}")
        parts.append(tag("details", summary, tag("ul", *folded, class_="flips")))
    if len(both) > len(shown):
        hidden = f"and another {len(both) - len(shown)}, which i3d accuracy compare --json names"
        parts.append(tag("p", hidden, class_="note"))
    return join(parts)


def _flipped(found: Comparison) -> str:
    num_lost, num_gained = len(found["lost"]), len(found["gained"])
    return f"{plural(num_lost, 'video')} lost, {num_gained} gained"


def _card(kind: str, flip: Flip, thumbnail: Thumbnail) -> Html:
    if thumbnail.jpeg is None:
        picture = tag("div", thumbnail.reason, class_="none")
    else:
        data = base64.b64encode(thumbnail.jpeg).decode()
        picture = Html(f'<img alt="" src="data:image/jpeg;base64,{data}">')
    sign = "▼ lost" if kind == "lost" else "▲ gained"
    return tag(
        "li",
        picture,
        tag("p", tag("b", sign, class_=kind), " ", tag("span", flip["label"], class_="truth")),
        tag("p", f"{flip['before']} ({flip['before_prob']:.2f}) → {flip['after']} ({flip['after_prob']:.2f})"),
        tag("p", flip["video"], class_="path"),
    )
