"""`i3d parity`: where do two or more stages of a model part?"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import COUNT, PATH, Command, json_option, note, print_lines, quiet_option, spec_option
from i3d_edge.core.errors import ParityError
from i3d_edge.core.text import one_line, plural, table

if TYPE_CHECKING:
    from i3d_edge.convert.ladder import Step


@click.command(cls=Command)
@click.argument("stages", nargs=-1, required=True, metavar="STAGE STAGE...")
@click.option(
    "--clips",
    type=PATH,
    multiple=True,
    help="Video, .npy, .gif or folder; repeatable.  [default: two generated clips]",
)
@click.option(
    "--clips-b", "other_clips", type=PATH, help="Folder of .npy clips of the same names, for all stages but the first."
)
@click.option("--num-clips", type=COUNT, default=1, help="Clips per video.")
@click.option(
    "--tolerance", type=click.FloatRange(min=0, min_open=True), help="Largest difference.  [default: by precision]"
)
@click.option("--layers", is_flag=True, help="Also print each layer's difference.")
@spec_option
@json_option
@quiet_option
def parity(stages: tuple[str, ...], layers: bool, as_json: bool, **options: Any) -> None:
    """Compare the stages of a model: module, checkpoint, frozen graph, ONNX, IR.

    A STAGE is a TF-Hub module's folder, a checkpoint, a frozen graph (.pb), an ONNX model (.onnx, with --spec) or an
    IR (.xml), which may name a precision or a device: model.xml@bf16, model.xml@GPU. Each stage is compared with the
    one before it, and the last with the first. If two differ by more than their precisions explain, the exit code is
    3. The first layer that differs is named, and the cause if it is a common one: BGR, another value range, swapped
    axes, reversed frames.

    \b
    Example:
      i3d parity model.ckpt model.pb model.xml model.xml@bf16 model_int8.xml --clips cricket.avi
      i3d parity i3d-kinetics-400-1 model.xml --clips v_CricketShot_g04_c01_rgb.gif
    """
    from i3d_edge.api import models as api

    steps = api.compare_stages(stages, all_layers=layers, **options)
    click.echo(_as_json(steps) if as_json else _table(steps))
    for (before, after), step in [] if as_json else zip(_pairs(steps), steps, strict=True):
        print_lines(f"{before} -> {after}: {_remark(step)}")
        for layer in step.layers if layers else ():
            print_lines(f"  {layer.difference:9.2e}  {layer.layer}")
    note(f"{plural(steps[0].num_clips, 'clip')}; differences are fractions of the largest logit")
    if parted := [step for step in steps if not step.agrees]:
        worst = max(parted, key=lambda step: step.relative_difference)
        raise ParityError(
            f"{worst.after} differs from {worst.before} by {worst.relative_difference:.3g} of the largest logit; "
            f"allowed: {worst.tolerance:g}",
            hint=worst.mistake or "see the first layer that differs",
        )


def _as_json(steps: Sequence[Step]) -> str:
    rows = []
    for step in steps:
        first = step.first_divergence
        rows.append(
            {
                **dataclasses.asdict(step),
                "relative_difference": step.relative_difference,
                "agrees": step.agrees,
                "first_divergence": first and dataclasses.asdict(first),
            }
        )
    return json.dumps({"steps": rows}, indent=2)


def _table(steps: Sequence[Step]) -> str:
    headers = ("", "logits max", "mean", "bound", "probs max", "cosine", "top-1", "top-5")
    rows = [
        (
            f"{before} -> {after}",
            f"{step.relative_difference:.1e}",
            f"{step.logit_mean / step.max_logit if step.max_logit else step.logit_mean:.1e}",
            f"{step.tolerance:g}",
            f"{step.prob_max:.1e}",
            f"{step.cosine:.6f}",
            f"{step.top1:.1%}",
            f"{step.top5:.1%}",
        )
        for (before, after), step in zip(_pairs(steps), steps, strict=True)
    ]
    names = [steps[0].before, *(step.after for step in steps[: max(1, len(steps) - 1)])]
    numbered = [f"{number}  {name}" for number, name in enumerate(names, start=1)]
    return "\n".join([*map(one_line, numbered), "", table(rows, headers)])


def _pairs(steps: Sequence[Step]) -> list[tuple[int, int]]:
    """Return the numbers of each step's stages, from 1; after several comes one from the first to the last."""
    last = max(2, len(steps))
    return [*((number, number + 1) for number in range(1, last)), (1, last)][: len(steps)]


def _remark(step: Step) -> str:
    norms = f"; norms of logits {step.norms[0]:.4f} and {step.norms[1]:.4f}" if step.num_clips == 1 else ""
    if step.agrees:
        return f"agree{norms}"
    first = step.first_divergence
    where = f"first layer beyond {step.tolerance:g}: {first.layer} ({first.difference:.2g})" if first else "no layer"
    return f"DIFFER, {where}" + (f"; {step.mistake}" if step.mistake else "") + norms
