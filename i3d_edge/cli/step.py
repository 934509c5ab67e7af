"""`i3d step`: a model that is shown only the newest frames."""

from pathlib import Path

import click

from i3d_edge.cli._base import COUNT, PATH, Command, force_option, format_size, output_option, print_facts, quiet_option
from i3d_edge.core.spec import StepMode


@click.command(cls=Command)
@click.argument("model_path", type=PATH, metavar="MODEL.xml")
@output_option("The step model's .xml, a suffix that may be left out; the .bin goes beside it.")
@click.option(
    "--mode",
    type=click.Choice(["exact", "continuous"]),
    default="exact",
    help="exact: the answers of MODEL.xml. continuous: faster; it sees what came before a clip, so answers differ.",
)
@click.option("--hop", type=COUNT, default=8, help="Frames from one answer to the next.")
@force_option
@quiet_option
def step(model_path: Path, output: Path, mode: StepMode, hop: int, force: bool) -> None:
    """Make a model that answers every few frames of a stream, for part of the work of a clip.

    The step model takes only the newest frames, and remembers what clips that overlap have in common. It is then
    compared with MODEL.xml on two generated clips in float32; if they differ, the exit code is 3 and nothing is
    written.

    \b
    Example:
      i3d step rgb_scratch.xml --hop 8 -o rgb_scratch_step8.xml
    """
    from i3d_edge.convert.step_model import make_step_ir

    report = make_step_ir(model_path, output, hop=hop, mode=mode, force=force)
    spec, stepping = report.spec, report.spec.stepping
    assert stepping is not None  # a step model has it
    worst = max(clip.relative_difference for clip in report.clips)
    print_facts(
        [
            ("read", str(model_path)),
            ("model", spec.title()),
            *(("input", f"{name}, {spec.layout} {spec.input_shape(name)}") for name in spec.inputs),
            ("answers", f"every {hop} frames, from step {stepping.warm_up} on"),
            ("memory", f"{format_size(report.memory_bytes)} a stream"),
            ("checked", f"logits within {worst:.2g} of the largest, on {len(report.clips)} clips"),
            ("written", f"{report.path} and .bin: {format_size(report.num_bytes)}"),
        ]
    )
