"""`i3d classify`: what happens in these videos?"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import (
    COUNT,
    Command,
    cluster_options,
    flow_option,
    frames_fps_option,
    model_option,
    note,
    print_error,
    print_lines,
    quiet_option,
    refuse_swapped,
)
from i3d_edge.cli._engine import EngineOptions, engine_fields, engine_options, note_engine
from i3d_edge.cli._show import Shows, show_options
from i3d_edge.core.errors import ClipShapeError, I3DError, VideoError
from i3d_edge.core.text import plural, probability_text

if TYPE_CHECKING:
    from i3d_edge.core.cluster import Cluster
    from i3d_edge.core.spec import Fusion, ModelSpec
    from i3d_edge.runtime import Classification, FlowMethod, Source, VideoClassifier

_MIB = 1 << 20


@click.command(cls=Command)
@click.argument("videos", nargs=-1, required=True, metavar="VIDEO...")
@model_option
@click.option("-k", type=COUNT, default=5, help="Classes to print.")
@click.option("--num-clips", type=COUNT, help="Clips per video, evenly spaced.  [default: 1, the centre]")
@click.option(
    "--num-crops",
    type=click.Choice(["1", "3"]),
    default="1",
    help="Crops per clip: the centre, or three along the longer side.",
)
@click.option(
    "--hop",
    type=COUNT,
    metavar="FRAMES",
    help="Show the whole video, a clip every FRAMES frames at the model's rate.",
)
@click.option(
    "--fusion",
    type=click.Choice(["probabilities", "logits"]),
    help="What to average over clips and crops.  [default: the model's choice; probabilities for I3D]",
)
@frames_fps_option
@click.option(
    "--max-input-mib",
    type=COUNT,
    default=4096,
    help="Largest standard input, which is kept in a temporary file.",
)
@flow_option
@engine_options(has_mode=True)
@cluster_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--jsonl", "as_jsonl", is_flag=True, help="Print a JSON object per video, as results arrive.")
@show_options
@quiet_option
def classify(
    videos: tuple[str, ...],
    model_path: Path,
    k: int,
    num_clips: int | None,
    num_crops: str,
    hop: int | None,
    fusion: Fusion | None,
    frames_fps: Fraction | None,
    max_input_mib: int,
    flow: FlowMethod | None,
    engine: EngineOptions,
    cluster: Cluster | None,
    as_json: bool,
    as_jsonl: bool,
    **showing: Any,
) -> None:
    """Label the action in videos.

    A VIDEO is a file, an address (http://, https://, s3:// or gs://), a quoted pattern, a folder of videos, a list of
    these in a .txt, a folder of numbered images (with --frames-fps), a .npy clip, or - for standard input. A video that
    cannot be read does not stop the others; the exit code is then 1.

    \b
    Example:
      i3d classify cricket.avi --model rgb_scratch.xml
      i3d classify match.mp4 --model rgb_scratch.xml --hop 25 --html shown.html
    """
    from i3d_edge.api.videos import best_mode, classify_sources
    from i3d_edge.core.progress import track
    from i3d_edge.runtime import VideoClassifier, ViewOptions, find_sources
    from i3d_edge.runtime.inference.ir import read_ir
    from i3d_edge.runtime.inference.placement import end_notes

    if as_json and as_jsonl:
        raise click.UsageError("--json cannot be used with --jsonl")
    engine.require_no_threads(cluster)
    if hop is not None and num_clips is not None:
        raise click.UsageError("--hop cannot be used with --num-clips")
    refuse_swapped(model_path, videos)
    rows: list[dict[str, Any]] = []
    views = ViewOptions(num_clips=num_clips or 1, num_crops=3 if num_crops == "3" else 1, hop=hop, fusion=fusion)
    shows = Shows.wanted(model_path=model_path, views=views, k=k, **showing)
    arguments = engine.arguments(model_path, mode=best_mode(videos, views))
    spec_path = arguments.pop("spec_path")
    _, spec = read_ir(model_path, spec_path=spec_path)
    with find_sources(
        videos,
        spec,
        frames_fps=frames_fps,
        standard_input=sys.stdin.buffer,
        max_input_bytes=max_input_mib * _MIB,
    ) as sources:
        if cluster is None and not (as_json or as_jsonl):  # those have a row for each video, with its error
            _require_a_video(sources)
        shows.place(sources, spec)
        arguments |= {"spec": spec_path, "flow": flow, "extras": shows.extras}
        with VideoClassifier(model_path, **arguments) as classifier:
            by_flow = "" if classifier.flow is None else f"; optical flow by {classifier.flow}"
            note_engine(model_path, classifier.engine, by_flow)
            results = classify_sources(classifier, sources, views, k, cluster, model_path, arguments, note)
            tracked = track(results, total=len(sources), title="classifying", unit="video")
            for number, (source, result) in enumerate(zip(sources, tracked, strict=True)):
                row = _row(source.name, result, classifier.spec)
                rows.append(row)
                if as_jsonl:
                    click.echo(json.dumps(row, ensure_ascii=False))
                elif not as_json and row["status"] == "ok":
                    print_lines(*_format(row, with_views=hop is not None))
                shows.show(number, source, result, classifier)
            shows.finish()
            for text in end_notes(classifier.engine):
                note(text)
            model = _model_fields(classifier)
    if as_json:
        click.echo(json.dumps({"model": model, "videos": rows}, indent=2, ensure_ascii=False))
    failed = [row for row in rows if row["status"] == "error"]
    if failed and len(rows) > 1:
        note(f"{len(failed)} of {len(rows)} videos could not be classified: {', '.join(row['path'] for row in failed)}")
    if failed or shows.num_failed:
        click.get_current_context().exit(I3DError.exit_code)


def _require_a_video(sources: list[Source]) -> None:
    """Open the first video that can be, and fail before a model is compiled for nothing."""
    errors: list[VideoError | ClipShapeError] = []
    for number, source in enumerate(sources):
        try:
            sources[number] = source.opened()
        except (VideoError, ClipShapeError) as error:
            errors.append(error)
        else:
            return
    for failed in errors[:-1]:
        print_error(failed)
    raise errors[-1]


def _row(name: str, result: Classification | VideoError | ClipShapeError, spec: ModelSpec) -> dict[str, Any]:
    if isinstance(result, I3DError):
        print_error(result)
        return {"path": name, "status": "error", "predictions": [], "error": result.message}
    for warning in result.warnings:
        note(f"{name}: {warning}")
    if (cost := result.flow) is not None:
        note(
            f"{name}: optical flow ({cost.method}) took {cost.seconds:.2f} s for {cost.num_pairs} pairs of frames, "
            f"on {plural(cost.num_threads, 'thread')}"
        )
    return {"path": name, "status": "ok", **result.to_fields(spec.labels)}


def _model_fields(classifier: VideoClassifier) -> dict[str, Any]:
    spec = classifier.spec
    return {
        "title": spec.title(),
        "origin": spec.origin,
        "fingerprint": spec.fingerprint,
        **engine_fields(classifier.engine),
        "ran_on": [name.strip("()") for name in classifier.engine.ran_on()],
    }


def _format(row: dict[str, Any], *, with_views: bool) -> list[str]:
    views = row["views"]
    lines = [f"{row['path']}  ({_spans(views)} of {row['duration_s']:.2f} s)"]
    if row.get("none_of_these"):
        lines.append("  none of these: the best is not probable enough")
    lines += [f"  {_answer(item)}" for item in row["predictions"]]
    if with_views and len(views) > 1:
        lines += [f"  {_span(view)}: {_answer(view['top1'])}" for view in views]
    return lines


def _answer(item: dict[str, Any]) -> str:
    return f"{probability_text(item['prob']):>8}  {item['label']}"


def _spans(views: list[dict[str, Any]]) -> str:
    """Say where views are: the spans of a few, the number of many."""
    spans = list(dict.fromkeys(map(_span, views)))
    if len(spans) > 3:
        return f"{len(views)} views, from {views[0]['start_s']:.2f} to {views[-1]['end_s']:.2f} s"
    crops = f", {len(views) // len(spans)} crops each" if len(views) > len(spans) else ""
    return ", ".join(spans) + crops


def _span(view: dict[str, Any]) -> str:
    return f"{view['start_s']:.2f}-{view['end_s']:.2f} s"
