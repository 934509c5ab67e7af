"""`i3d quantize`: an IR in INT8, and what it may not lose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.api.models import CHECKED_CLIPS
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
    from i3d_edge.convert.accuracy_control import Trial
    from i3d_edge.convert.passes import Fold


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
    f"is used for this check, {CHECKED_CLIPS} clips each, and not for calibration.",
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
    from i3d_edge.api import models as api

    report = api.quantize_ir(
        model_path,
        videos,
        output,
        num_clips=num_clips,
        seed=seed,
        min_agreement=min_agreement,
        labelled=list_path,
        max_drop_points=max_drop_points,
        fold=fold,
        force=force,
    )
    for path, reason in report.skipped:
        note(f"skipped {path}: {reason}")
    unit = report.spec.kind.unit
    print_facts(
        [
            ("read", str(model_path)),
            ("model", report.spec.title()),
            ("calibrated", f"on {report.num_clips} clips of {report.num_videos} videos, seed {seed}"),
            ("passes", ", ".join(report.spec.passes)),
            *(("checked", _trial_line(report.promises, trial)) for trial in report.trials),
            *(("kept", unit(name)) for name in (report.trials[-1].kept if report.trials else ())),
            ("runs as", _layers_line(report.layers, unit)),
            ("written", f"{report.path} and .bin: {format_size(report.num_bytes)}"),
        ]
    )


def _trial_line(titles: Sequence[str], trial: Trial) -> str:
    found = "; ".join(
        f"{title}: {loss:.2%} of {num_views} views lost"
        for title, loss, num_views in zip(titles, trial.losses, trial.num_views, strict=True)
    )
    return f"{len(trial.kept)} convolutions kept, {trial.view_ms:.0f} ms per view; {found}"


def _layers_line(layers: Mapping[str, str], unit: Callable[[str], str]) -> str:
    counts = Counter(layers.values())
    [(usual, _), *_] = counts.most_common(1)
    others = [f"{unit(name)} {precision}" for name, precision in layers.items() if precision != usual]
    summary = ", ".join(f"{count} {precision}" for precision, count in counts.most_common())
    return f"{len(layers)} convolutions: {summary}" + (f" ({', '.join(others)})" if others else "")
