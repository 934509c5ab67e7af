"""`i3d quantize`: an IR in INT8, and what it may not lose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import (
    Command,
    fold_option,
    force_option,
    format_size,
    note,
    output_option,
    print_facts,
    quiet_option,
)

if TYPE_CHECKING:
    from i3d_edge.convert.accuracy_control import Promise, Trial
    from i3d_edge.convert.passes import Fold

_CHECKED_CLIPS = 5


@click.command(cls=Command)
@click.argument("model_path", type=click.Path(path_type=Path), metavar="MODEL.xml")
@click.argument("videos", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="VIDEO...")
@output_option("The INT8 IR's .xml; the .bin goes beside it.")
@click.option("--num-clips", type=click.IntRange(min=2), default=24, show_default=True, help="Calibration clips.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the choice of clips.")
@click.option(
    "--min-agreement",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Least fraction of clips, for instance 0.98, with the best class of MODEL.xml in f32. Every second VIDEO "
    f"is used for this check, {_CHECKED_CLIPS} clips each, and not for calibration.",
)
@click.option(
    "--list",
    "list_path",
    type=click.Path(path_type=Path),
    help="List of labelled videos for --max-drop-top1; they are not used for calibration.",
)
@click.option(
    "--max-drop-top1",
    "max_drop_points",
    type=click.FloatRange(0, 100, min_open=True),
    metavar="POINTS",
    help="Largest loss of top-1 accuracy on --list against MODEL.xml in f32, in percentage points.",
)
@fold_option
@force_option
@quiet_option
def quantize(
    model_path: Path,
    videos: tuple[Path, ...],
    output: Path,
    num_clips: int,
    seed: int,
    min_agreement: float | None,
    list_path: Path | None,
    max_drop_points: float | None,
    fold: Fold | None,
    force: bool,
) -> None:
    """Quantize a model to INT8, calibrated on clips of videos.

    Give a dozen videos or more, of what the model will see. With --min-agreement or --max-drop-top1, convolutions are
    returned to full precision, as few as needed, until the limit is met. The exit code is 3 if it cannot be met, and 4
    if there are too few videos to tell.

    \b
    Example:
      i3d quantize rgb_scratch.xml clips/*.mp4 -o rgb_scratch_int8.xml --min-agreement 0.98
    """
    from i3d_edge.convert.accuracy_control import split_videos
    from i3d_edge.convert.quantization import quantize_ir

    if (list_path is None) != (max_drop_points is None):
        raise click.UsageError("--list and --max-drop-top1 go together")
    promises: list[Promise] = []
    calibrating: Sequence[Path] = videos
    if min_agreement is not None:
        calibrating, checking = split_videos(videos, seed=seed)
        promises.append(_agreement(checking, model_path, min_agreement))
    if list_path is not None and max_drop_points is not None:
        promise, listed = _drop(list_path, model_path, max_drop_points)
        promises.append(promise)
        calibrating = [path for path in calibrating if path.resolve() not in listed]
    report = quantize_ir(
        model_path, calibrating, output, num_clips=num_clips, seed=seed, fold=fold, promises=promises, force=force
    )
    for path, reason in report.skipped:
        note(f"skipped {path}: {reason}")
    print_facts(
        [
            ("read", str(model_path)),
            ("model", report.spec.title()),
            ("calibrated", f"on {report.num_clips} clips of {len(calibrating)} videos, seed {seed}"),
            ("passes", ", ".join(report.spec.passes)),
            *(("checked", _trial_line(promises, trial)) for trial in report.trials),
            *(("kept", _unit(name)) for name in (report.trials[-1].kept if report.trials else ())),
            ("runs as", _layers_line(report.layers)),
            ("written", f"{report.path} and .bin: {format_size(report.num_bytes)}"),
        ]
    )


def _agreement(videos: Sequence[Path], model_path: Path, least: float) -> Promise:
    from i3d_edge.convert.accuracy_control import Promise, disagreement, spread_views
    from i3d_edge.runtime import read_ir

    views = spread_views([(path, -1) for path in videos], read_ir(model_path)[1], num_clips=_CHECKED_CLIPS)
    return Promise(f"top-1 agreement of at least {least:.4g}", 1 - least, views, disagreement)


def _drop(list_path: Path, model_path: Path, points: float) -> tuple[Promise, set[Path]]:
    from i3d_edge import accuracy
    from i3d_edge.accuracy.result.metrics import top1_drop
    from i3d_edge.convert.accuracy_control import Promise, spread_views
    from i3d_edge.runtime import read_ir

    spec = read_ir(model_path)[1]
    listed = accuracy.read_list(list_path, spec.labels)
    labelled = [(video.file, spec.labels.index(video.label)) for video in listed if video.label is not None]
    views = spread_views(labelled, spec, num_clips=1)
    title = f"top-1 drop of at most {points:g} points"
    return Promise(title, points / 100, views, top1_drop), {path.resolve() for path, _ in labelled}


def _trial_line(promises: Sequence[Promise], trial: Trial) -> str:
    found = "; ".join(
        f"{promise.title}: {loss:.2%} of {num_views} views lost"
        for promise, loss, num_views in zip(promises, trial.losses, trial.num_views, strict=True)
    )
    return f"{len(trial.kept)} convolutions kept, {trial.view_ms:.0f} ms per view; {found}"


def _unit(name: str) -> str:
    """Return DeepMind's name of a convolution's unit.

    Example:
        "RGB/inception_i3d/Mixed_4d/Branch_2/Conv3d_0b_3x3/conv_3d/convolution" -> "Mixed_4d/Branch_2/Conv3d_0b_3x3".
    """
    return name.partition("inception_i3d/")[2].removesuffix("/conv_3d/convolution") or name


def _layers_line(layers: Mapping[str, str]) -> str:
    counts = Counter(layers.values())
    [(usual, _), *_] = counts.most_common(1)
    others = [f"{_unit(name)} {precision}" for name, precision in layers.items() if precision != usual]
    summary = ", ".join(f"{count} {precision}" for precision, count in counts.most_common())
    return f"{len(layers)} convolutions: {summary}" + (f" ({', '.join(others)})" if others else "")
