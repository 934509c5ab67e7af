"""`i3d quantize`: an IR in INT8."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from i3d_edge.cli._base import PATH, Command, force_option, format_size, note, output_option, print_facts, quiet_option
from i3d_edge.cli._fold import choose_fold, fold_option
from i3d_edge.core.text import plural

_ENOUGH = 12


@click.command(cls=Command)
@click.argument("model_path", type=PATH, metavar="MODEL.xml")
@click.argument("videos", type=PATH, nargs=-1, required=True, metavar="VIDEO...")
@output_option("The INT8 IR's .xml, a suffix that may be left out; the .bin goes beside it.")
@click.option("--num-clips", type=click.IntRange(min=2), default=24, help="Calibration clips.")
@click.option("--seed", type=int, default=0, help="Seed of the choice of clips.")
@fold_option
@force_option
@quiet_option
def quantize(model_path: Path, videos: tuple[Path, ...], output: Path, fold: str, seed: int, **options: Any) -> None:
    """Quantize a model to INT8, calibrated on clips of videos.

    A VIDEO is a file, an address, a quoted pattern, a folder of videos, or a list of these in a .txt. Give a dozen or
    more, of what the model will see. `i3d accuracy compare` tells what INT8 costs in accuracy.

    \b
    Example:
      i3d quantize rgb_scratch.xml clips/*.mp4 -o rgb_scratch_int8.xml
    """
    from i3d_edge.convert.quantization import quantize_ir

    axes, choice = choose_fold(fold, is_int8=True)
    report = quantize_ir(model_path, videos, output, seed=seed, fold=axes, **options)
    for path, reason in report.skipped:
        note(f"skipped {path}: {reason}")
    given = f"{plural(report.num_clips, 'clip')} of {plural(report.num_videos, 'video')}"
    if min(report.num_clips, report.num_videos) < _ENOUGH:
        note(f"WARNING: calibrated on only {given}; INT8 may lose accuracy, so give a dozen videos or more")
    if report.source_fold:
        choice = f"{report.source_fold}, as {model_path} has it"
    elif report.unfolded:
        choice = f"none: {report.unfolded}"
    unit = report.spec.kind.unit
    print_facts(
        [
            ("read", str(model_path)),
            ("model", report.spec.title()),
            ("calibrated", f"on {given}, seed {seed}"),
            ("fold", choice),
            ("passes", ", ".join(report.spec.passes)),
            ("runs as", _layers_line(report.layers, unit)),
            ("written", f"{report.path} and .bin: {format_size(report.num_bytes)}"),
        ]
    )


def _layers_line(layers: Mapping[str, str], unit: Callable[[str], str]) -> str:
    counts = Counter(layers.values())
    [(usual, _), *_] = counts.most_common(1)
    others = [f"{unit(name)} {precision}" for name, precision in layers.items() if precision != usual]
    summary = ", ".join(f"{count} {precision}" for precision, count in counts.most_common())
    return f"{len(layers)} convolutions: {summary}" + (f" ({', '.join(others)})" if others else "")
