"""What a run's predictions depend on, so that a run which goes on, or is asked for again, is the one that was begun."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.data.video_check import content_sha256, verified
from i3d_edge.accuracy.result.schema import SCHEMA_VERSION
from i3d_edge.accuracy.run.summary import RunFacts
from i3d_edge.core.errors import OutputError
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.spec_file import spec_to_json
from i3d_edge.core.text import some
from i3d_edge.runtime.frames.remote import address_of, public_name


def run_config(facts: RunFacts, videos: Sequence[ListedVideo], spec: ModelSpec) -> dict[str, Any]:
    """Return all that predictions depend on. Where videos lie is part of it, unless a manifest says their hashes."""
    models = {name: {key: value for key, value in info.items() if key != "path"} for name, info in facts.what.items()}
    return {
        "schema version": SCHEMA_VERSION,
        "models": models,
        "input and classes": hashlib.sha256(spec_to_json(spec).encode()).hexdigest(),
        "protocol": facts.how,
        "list of videos": sha256_of_lines(
            [
                *(video.path, video.label, video.num_frames, video.frames_fps and str(video.frames_fps)),
                video.sha256 or (public_name(video.file) if address_of(video.file) else str(video.file.absolute())),
            ]
            for video in videos
        ),
        "manifest": facts.data["manifest_digest"],
        "processor": facts.where["cpu"],
        "software": facts.where["versions"],
        **({"slice": facts.data["shard"]} if "shard" in facts.data else {}),
    }


def require_same_videos(folder: Path, videos: Sequence[ListedVideo], hashes: Sequence[str | None]) -> None:
    """Make sure that the files that a run has read are still the same; those of a manifest were verified by it.

    Nor are those looked at that lie at addresses.

    `hashes` are of the first videos, those that are done; None where there was nothing to read.

    Raises:
        OutputError: If one is another file now, is gone, or has come.
    """
    pairs = zip(videos, hashes, strict=False)
    unpinned = [(video, own) for video, own in pairs if video.sha256 is None and not address_of(video.file)]
    now = verified(hash_now, [video for video, _ in unpinned])
    changed = [video.path for (video, before), own in zip(unpinned, now, strict=True) if own != before]
    if changed:
        raise OutputError(
            f"{len(changed)} videos changed since run folder {str(folder)!r} was begun: {some(changed)}",
            hint="choose another folder, or pass --force to begin anew",
        )


def hash_now(video: ListedVideo) -> str | None:
    """Return the hash of a video's bytes; None if they cannot be read, or lie at an address."""
    if address_of(video.file):
        return None
    try:
        return content_sha256(video.file)
    except OSError:
        return None


def sha256_of_lines(rows: Iterable[Sequence[object]]) -> str:
    """Return the SHA-256 of rows, each a line of JSON."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row).encode() + b"\n")
    return digest.hexdigest()
