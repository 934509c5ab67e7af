"""`i3d classify`: what happens in these videos?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import (
    Command,
    device_option,
    model_option,
    note,
    precision_option,
    quiet_option,
    spec_option,
    warn_of_stand_in,
)
from i3d_edge.errors import I3DError

if TYPE_CHECKING:
    from i3d_edge.errors import VideoError
    from runtime import Classification, VideoClassifier


@click.command(cls=Command)
@click.argument("videos", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="VIDEO...")
@model_option
@spec_option
@click.option("-k", type=click.IntRange(min=1), default=5, show_default=True, help="How many classes to print.")
@click.option(
    "--num-clips",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Clips to average over; 1 is the centre.",
)
@device_option
@precision_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--jsonl", "as_jsonl", is_flag=True, help="One JSON object per video, as results arrive.")
@quiet_option
def classify(
    videos: tuple[Path, ...],
    model_path: Path,
    spec_path: Path | None,
    k: int,
    num_clips: int,
    device: str,
    inference_precision: str | None,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Label the action in each VIDEO.

    A file that cannot be used is named on stderr and does not stop the others; the exit code is then 1.

    \b
    Example:
      i3d classify cricket.avi --model rgb_imagenet.xml
    """
    from i3d_edge.progress import track
    from runtime import VideoClassifier

    if as_json and as_jsonl:
        raise click.UsageError("--json cannot be used with --jsonl")
    rows: list[dict[str, Any]] = []
    with VideoClassifier(
        model_path, device=device, inference_precision=inference_precision, spec=spec_path
    ) as classifier:
        warn_of_stand_in(classifier.spec)
        note(f"model {model_path}: {classifier.spec.title()}; runs in {classifier.precision} on {device}")
        results = classifier.classify_all(videos, k=k, num_clips=num_clips)
        for path, result in zip(
            videos, track(results, total=len(videos), title="classifying", unit="video"), strict=True
        ):
            row = _row(path, result, is_stand_in=classifier.spec.is_stand_in)
            rows.append(row)
            if as_jsonl:
                click.echo(json.dumps(row, ensure_ascii=False))
            elif not as_json:
                click.echo(_format(row))
    if as_json:
        click.echo(json.dumps({"model": _model_fields(classifier), "videos": rows}, indent=2, ensure_ascii=False))
    failed = [row for row in rows if row["status"] == "error"]
    if failed:
        note(f"{len(failed)} of {len(rows)} videos could not be classified: {', '.join(row['path'] for row in failed)}")
        click.get_current_context().exit(I3DError.exit_code)


def _row(path: Path, result: Classification | VideoError, *, is_stand_in: bool) -> dict[str, Any]:
    if isinstance(result, I3DError):
        note(f"{type(result).__name__}: {result}")
        return {"path": str(path), "status": "error", "predictions": [], "error": result.message}
    for warning in result.warnings:
        note(f"{path}: {warning}")
    row = {"path": str(path), "status": "ok", **result.to_fields()}
    return {**row, "stand_in": True} if is_stand_in else row


def _model_fields(classifier: VideoClassifier) -> dict[str, Any]:
    spec = classifier.spec
    return {
        "title": spec.title(),
        "origin": spec.origin,
        "fingerprint": spec.fingerprint,
        "device": classifier.device,
        "executed_precision": classifier.precision,
    }


def _format(row: dict[str, Any]) -> str:
    if row["status"] == "error":
        return f"{row['path']}\n  no result"
    spans = ", ".join(f"{view['start_s']:.2f}-{view['end_s']:.2f} s" for view in row["views"])
    lines = [f"{row['path']}  ({spans} of {row['duration_s']:.2f} s)"]
    lines += [f"  {100 * item['prob']:5.1f} %  {item['label']}" for item in row["predictions"]]
    return "\n".join(lines)
