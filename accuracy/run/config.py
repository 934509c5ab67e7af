"""What a run's predictions depend on, so that a run which goes on, or is asked for again, is the one that was begun."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.result.schema import SCHEMA_VERSION, Data, ModelInfo, Protocol, Where
from i3d_edge.accuracy.run.decoding import hash_as_it_is
from i3d_edge.core.errors import OutputError
from i3d_edge.core.progress import track
from i3d_edge.core.spec import ModelSpec

_SHOWN = 3


def run_config(
    what: Mapping[str, ModelInfo],
    how: Protocol,
    where: Where,
    data: Data,
    videos: Sequence[ListedVideo],
    spec: ModelSpec,
) -> dict[str, Any]:
    """Return all that predictions depend on. Where videos lie is part of it, unless a manifest says their hashes."""
    models = {name: {key: value for key, value in info.items() if key != "path"} for name, info in what.items()}
    return {
        "schema version": SCHEMA_VERSION,
        "models": models,
        "input and classes": hashlib.sha256(spec.to_json().encode()).hexdigest(),
        "protocol": how,
        "list of videos": sha256_of_lines(
            [
                *(video.path, video.label, video.num_frames, video.frames_fps and str(video.frames_fps)),
                video.sha256 or str(video.file.absolute()),
            ]
            for video in videos
        ),
        "manifest": data["manifest_digest"],
        "processor": where["cpu"],
        "software": where["versions"],
    }


def require_same_videos(folder: Path, videos: Sequence[ListedVideo], hashes: Sequence[str | None]) -> None:
    """Make sure that the files which a run has read are still the same; those of a manifest were verified by it.

    Args:
        folder: Of the run.
        videos: In its order.
        hashes: Of those that are done; None where there was nothing to read.

    Raises:
        OutputError: If one is another file now, is gone, or has come.
    """
    unpinned = [(video, own) for video, own in zip(videos, hashes, strict=False) if video.sha256 is None]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = pool.map(hash_as_it_is, [video for video, _ in unpinned])
        now = list(track(found, total=len(unpinned), title="verifying", unit="video"))
    changed = [video.path for (video, before), own in zip(unpinned, now, strict=True) if own != before]
    if changed:
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise OutputError(
            f"run folder {str(folder)!r} must be of the videos as they are; {len(changed)} changed since: "
            f"{', '.join(map(repr, changed[:_SHOWN]))}{more}",
            hint="choose another folder, or pass --force to begin anew",
        )


def sha256_of_lines(rows: Iterable[Sequence[object]]) -> str:
    """Return the SHA-256 of rows, each a line of JSON."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row).encode() + b"\n")
    return digest.hexdigest()
