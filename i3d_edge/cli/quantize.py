"""`i3d quantize`: an IR in INT8."""

from __future__ import annotations

from pathlib import Path

import click

from i3d_edge.cli._base import Command, force_option, format_size, note, output_option, print_facts, quiet_option


@click.command(cls=Command)
@click.argument("model_path", type=click.Path(path_type=Path), metavar="MODEL.xml")
@click.argument("videos", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="VIDEO...")
@output_option("The INT8 IR's .xml; its .bin is written beside it.")
@click.option("--num-clips", type=click.IntRange(min=2), default=24, show_default=True, help="Clips to calibrate on.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides which videos give which part.")
@click.option("--no-fold", is_flag=True, help="Leave the stem as it is.")
@force_option
@quiet_option
def quantize(
    model_path: Path,
    videos: tuple[Path, ...],
    output: Path,
    num_clips: int,
    seed: int,
    no_fold: bool,
    force: bool,
) -> None:
    """Quantize MODEL.xml to INT8, calibrated on clips of each VIDEO.

    The videos should be of what the model will see, a dozen or more. How often the result still agrees with
    MODEL.xml is for `i3d accuracy run` to say, on other videos.

    \b
    Example:
      i3d quantize rgb_imagenet.xml clips/*.mp4 -o rgb_imagenet_int8.xml
    """
    from convert.quantization import quantize_ir

    report = quantize_ir(model_path, videos, output, num_clips=num_clips, seed=seed, fold=not no_fold, force=force)
    for path, reason in report.skipped:
        note(f"skipped {path}: {reason}")
    print_facts(
        [
            ("read", str(model_path)),
            ("model", report.spec.title()),
            ("calibrated", f"on {report.num_clips} clips, seed {seed}"),
            ("passes", ", ".join(report.spec.passes)),
            ("written", f"{report.path} and .bin: {format_size(report.num_bytes)}"),
        ]
    )
