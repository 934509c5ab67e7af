"""`i3d parity`: where do two or more stages of a model part?"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import Command, note, quiet_option, spec_option
from i3d_edge.core.errors import ParityError

if TYPE_CHECKING:
    from i3d_edge.convert.ladder import Step
    from i3d_edge.convert.stage import Stage

_PRECISIONS = ("f32", "bf16", "f16")
_NUM_FRAMES = 79
"""Frames of a clip where no stage has a length of its own."""


@click.command(cls=Command)
@click.argument("stages", nargs=-1, required=True, metavar="STAGE STAGE...")
@click.option(
    "--clips",
    "clip_paths",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A video, a .npy or .gif clip, or a folder of them; can be repeated. Two generated clips if not given.",
)
@click.option(
    "--clips-b",
    "other_path",
    type=click.Path(path_type=Path),
    help="A folder of .npy clips of the same names, as another program prepares them, for all stages but the first.",
)
@click.option("--num-clips", type=click.IntRange(min=1), default=1, show_default=True, help="Clips of each video.")
@click.option("--tolerance", type=click.FloatRange(min=0, min_open=True), help="Instead of that of the precisions.")
@click.option("--layers", is_flag=True, help="Also print how far each layer's output differs.")
@spec_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@quiet_option
def parity(
    stages: tuple[str, ...],
    clip_paths: tuple[Path, ...],
    other_path: Path | None,
    num_clips: int,
    tolerance: float | None,
    layers: bool,
    spec_path: Path | None,
    as_json: bool,
) -> None:
    """Compare each STAGE of a model with the one before it, and the last with the first.

    A STAGE is the folder of a TF-Hub module, whose own graph TensorFlow runs; a checkpoint; a frozen graph (.pb); or
    an IR (.xml) with a precision or a device after an @, as in model.xml@bf16 or model.xml@GPU; an FP32 or FP16 IR
    runs in f32 on the CPU otherwise. Where two differ by more than their precisions explain, the first layer that
    does is named, and the mistake if it is a classic one: BGR, another range, NCDHW fed as NDCHW, frames reversed,
    another resize. The exit code is then 3.

    \b
    Example:
      i3d parity model.ckpt model.pb model.xml model.xml@bf16 model_int8.xml --clips cricket.avi
      i3d parity i3d-kinetics-400-1 model.xml --clips v_CricketShot_g04_c01_rgb.gif
    """
    from i3d_edge.convert.clip_files import generated_clips, match_clips, read_clip_files
    from i3d_edge.convert.ladder import climb

    if len(stages) < 2:
        raise click.UsageError("there must be two stages at least")
    if other_path is not None and not clip_paths:
        raise click.UsageError("--clips-b needs --clips to compare with")
    with ExitStack() as stack:
        opened = _open_stages(stages, spec_path, stack)
        spec = opened[0].spec
        clips = read_clip_files(clip_paths, spec, num_clips=num_clips) if clip_paths else generated_clips(spec)
        others = match_clips(clips, read_clip_files([other_path], spec)) if other_path is not None else None
        steps = climb(opened, clips, others=others, tolerance=tolerance, all_layers=layers)
    click.echo(_as_json(steps) if as_json else _table(steps))
    for step in [] if as_json else steps:
        click.echo(_remark(step))
        for layer in step.layers if layers else ():
            click.echo(f"  {layer.difference:9.2e}  {layer.layer}")
    num_clips = steps[0].num_clips
    note(f"{num_clips} clip{'s' if num_clips > 1 else ''}; differences of logits are fractions of the largest logit")
    if parted := [step for step in steps if not step.agrees]:
        worst = max(parted, key=lambda step: step.relative_difference)
        raise ParityError(
            f"{worst.after} must give the logits of {worst.before} to within {worst.tolerance:g} of the largest; "
            f"got {worst.relative_difference:.3g}",
            hint=worst.mistake or "see the first layer that differs",
        )


def _open_stages(texts: tuple[str, ...], spec_path: Path | None, stack: ExitStack) -> list[Stage]:
    """Open all stages; a checkpoint or a TF-Hub module takes clips as long as the first file among them does."""
    files = [_open_file(text, spec_path, stack) for text in texts]
    num_frames = next((stage.spec.num_frames for stage in files if stage), _NUM_FRAMES)
    return [stage or _open_weights(Path(text), num_frames, stack) for text, stage in zip(texts, files, strict=True)]


def _open_file(text: str, spec_path: Path | None, stack: ExitStack) -> Stage | None:
    """Open an IR or a frozen graph; None if it is neither."""
    path_text, *options = text.split("@") if not Path(text).exists() else [text]
    path = Path(path_text)
    precision = next((option for option in options if option in _PRECISIONS), None)
    device = next((option for option in options if option not in _PRECISIONS), "CPU")
    if path.suffix == ".xml":
        from i3d_edge.convert.stage import ir_stage
        from i3d_edge.runtime.inference.ir import describes_itself

        own = None if spec_path is None or describes_itself(path) else spec_path
        return ir_stage(path, device=device, precision=precision, spec_path=own)
    if options:
        raise click.UsageError(f"only an IR has a precision or a device; got {text!r}")
    return _graph_stage(path, path.name, stack) if path.suffix == ".pb" else None


def _open_weights(path: Path, num_frames: int, stack: ExitStack) -> Stage:
    """Open a TF-Hub module, to run its own graph, or a checkpoint, to run ours."""
    from i3d_edge.freeze import freeze_checkpoint, open_checkpoint
    from i3d_edge.freeze.checkpoint import SAVED_MODEL_NAME

    if (path / SAVED_MODEL_NAME).is_file():
        return _hub_stage(path, num_frames)
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    frozen = freeze_checkpoint(open_checkpoint(path), Path(folder) / "graph.pb", num_frames=num_frames)
    return _graph_stage(frozen.path, path.name, stack)


def _hub_stage(path: Path, num_frames: int) -> Stage:
    from i3d_edge.convert.stage import Stage
    from i3d_edge.freeze import HubModule

    module = HubModule(path, num_frames=num_frames)
    return Stage(
        name=f"{path.absolute().name} (DeepMind's graph, TensorFlow f32)",
        precision="f32",
        stored="FP32",
        spec=module.spec,
        logits=lambda feeds: module.logits(feeds)[0],
        layers=module.layers,
    )


def _graph_stage(path: Path, name: str, stack: ExitStack) -> Stage:
    from i3d_edge.convert.conversion import describe_graph
    from i3d_edge.convert.stage import Stage
    from i3d_edge.freeze import FrozenGraph

    graph = stack.enter_context(FrozenGraph(path))
    spec = graph.spec or describe_graph(path)
    return Stage(
        name=f"{name} (TensorFlow f32)",
        precision="f32",
        stored="FP32",
        spec=spec,
        logits=lambda feeds: graph.logits(feeds)[0],
        layers=graph.layers,
    )


def _as_json(steps: list[Step]) -> str:
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


def _table(steps: list[Step]) -> str:
    from tabulate import tabulate

    headers = ("from", "to", "logits max", "mean", "bound", "probs max", "mean", "cosine", "top-1", "top-5")
    rows = [
        (
            step.before,
            step.after,
            f"{step.relative_difference:.1e}",
            f"{step.logit_mean / step.max_logit if step.max_logit else step.logit_mean:.1e}",
            f"{step.tolerance:g}",
            f"{step.prob_max:.1e}",
            f"{step.prob_mean:.1e}",
            f"{step.cosine:.6f}",
            f"{step.top1:.1%}",
            f"{step.top5:.1%}",
        )
        for step in steps
    ]
    return tabulate(rows, headers=headers, disable_numparse=True)


def _remark(step: Step) -> str:
    title = f"{step.before} -> {step.after}"
    norms = f"; norms of logits {step.norms[0]:.4f} and {step.norms[1]:.4f}" if step.num_clips == 1 else ""
    if step.agrees:
        return f"{title}: agree{norms}"
    first = step.first_divergence
    where = f"first layer beyond {step.tolerance:g}: {first.layer} ({first.difference:.2g})" if first else "no layer"
    return f"{title}: DIFFER, {where}" + (f"; {step.mistake}" if step.mistake else "") + norms
