"""Run folders, made without a model, by the real schema and scored by the real code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from i3d_edge.accuracy.result.schema import SCHEMA_VERSION
from i3d_edge.accuracy.result.scoring import score_predictions
from i3d_edge.core.files import sha256_file

NAMES = tuple("abcdefgh")

PROTOCOL = {
    "name": "centre",
    "version": 1,
    "num_frames": 79,
    "frame_stride": 1,
    "frame_rate_fps": 25,
    "placement": "spread",
    "num_clips": 1,
    "num_crops": 1,
    "short_side_px": 256,
    "long_side_px": None,
    "crop_px": 224,
    "interpolation": "bilinear",
    "aggregation": "mean of probabilities",
    "drops_last_video": False,
}

INFO = {
    "kind": "ir",
    "path": "models/m.xml",
    "sha256": "0" * 64,
    "weights_sha256": None,
    "frozen_graph_sha256": None,
    "origin": "unknown",
    "fingerprint": None,
    "weights_precision": "FP32",
    "executed_precision": "f32",
    "device": "CPU",
}


@dataclass
class Video:
    """One video of a made run: its label and the probabilities of its views, shape (num_views, num_classes)."""

    path: str
    label: int | None
    views: Sequence[Sequence[float]]
    sha256: str | None = None


@dataclass
class Run:
    """What to write; anything given in `overrides` replaces a key of `result.json`."""

    models: Mapping[str, Sequence[Video]]
    dropped: Sequence[str] = ()
    names: Sequence[str] = NAMES
    protocol: Mapping[str, Any] = field(default_factory=lambda: PROTOCOL)
    overrides: Mapping[str, Any] = field(default_factory=dict)


def sure(index: int, prob: float = 0.9, num_classes: int = len(NAMES)) -> list[float]:
    """Return probabilities with one class ahead of the others, which are alike."""
    rest = (1 - prob) / (num_classes - 1)
    return [prob if number == index else rest for number in range(num_classes)]


def videos_of(outcomes: str, prob: float = 0.9) -> list[Video]:
    """Return a video of label 0 per letter: + is right, with class 0, and - is wrong, with class 1."""
    return [Video(f"{number:04d}.mp4", 0, [sure("+-".index(letter), prob)]) for number, letter in enumerate(outcomes)]


def write_run(folder: Path, run: Run) -> Path:
    """Write a run as `i3d accuracy run` does, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        row(model, video, number)
        for model, videos in run.models.items()
        for video in videos
        for number in range(len(video.views))
    ]
    write_rows(folder, rows)
    first = next(iter(run.models.values()))
    scored = [video for video in first if video.label is not None]
    how = run.protocol
    scores = score_predictions(
        folder / "predictions.jsonl",
        list(run.models),
        how["aggregation"],
        drops_last_video=how.get("drops_last_video", False),
    )
    hashed = [
        {"path": video.path, "label": video.label, "sha256": video.sha256, "num_views": len(video.views)}
        for video in first
        if video.sha256 is not None
    ]
    result = {
        "schema_version": SCHEMA_VERSION,
        "is_complete": True,
        "what": dict.fromkeys(run.models, INFO),
        "how": dict(run.protocol),
        "where": {"cpu": "a CPU", "num_cpus": 2, "os": "linux", "versions": {}},
        "data": {"path": "val.csv", "manifest_digest": None, "sha256": "0" * 64},
        "counts": {
            "listed": len(first) + len(run.dropped),
            "decoded": len(first),
            "unlabelled": len(first) - len(scored),
            "scored": len(scored),
            "dropped": [{"path": path, "reason": "VideoOpenError: nothing"} for path in run.dropped],
        },
        "metrics": {name: own.metrics for name, own in scores.items()},
        "details": {name: own.details for name, own in scores.items()},
        "labels": {"name": "letters", "names": list(run.names)},
        "predictions_sha256": sha256_file(folder / "predictions.jsonl"),
        "warnings": {},
        "time": {
            "total_s": 1.0,
            "decode_s": 0.5,
            "wait_s": 0.1,
            "infer_s": dict.fromkeys(run.models, 0.5),
            "num_views": sum(len(video.views) for video in first),
            "views_per_s": 1.0,
        },
        **({"videos": hashed} if hashed else {}),
        **run.overrides,
    }
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    return folder


def row(model: str, video: Video, number: int) -> dict[str, Any]:
    """Return one row of `predictions.jsonl`."""
    return {
        "video": video.path,
        "model": model,
        "view": number,
        "clip": number,
        "crop": 0,
        "start_s": 0.0,
        "end_s": 3.16,
        "label": video.label,
        "probs": list(video.views[number]),
    }


def write_rows(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write `predictions.jsonl` anew."""
    text = "".join(json.dumps(item) + "\n" for item in rows)
    (folder / "predictions.jsonl").write_text(text, encoding="utf-8")


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of `predictions.jsonl`."""
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]


def forget_hash(folder: Path) -> None:
    """Take the hash of the predictions out of `result.json`, as if the run had not recorded it."""
    path = folder / "result.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    del result["predictions_sha256"]
    path.write_text(json.dumps(result), encoding="utf-8")
