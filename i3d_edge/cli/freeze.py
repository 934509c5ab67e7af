"""`i3d freeze`: from weights to a frozen graph."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import (
    COUNT,
    PATH,
    Command,
    force_option,
    format_size,
    note,
    output_option,
    print_facts,
    quiet_option,
)
from i3d_edge.core.family import INCEPTION_I3D
from i3d_edge.core.files import check_output
from i3d_edge.core.i3d_spec import EMBEDDING_NAME, LOGITS_NAME, NUM_FEATURES, NUM_FRAMES
from i3d_edge.core.labels import SHIPPED, find_labels
from i3d_edge.core.spec import Fusion
from i3d_edge.core.text import plural, some

if TYPE_CHECKING:
    from i3d_edge.freeze import Checkpoint

_UNITS_SHOWN = 6

checkpoint_argument = click.argument("checkpoint", type=PATH)
joint_option = click.option("--joint", "joint_path", type=PATH, help="Flow checkpoint, for a two-stream model.")
fusion_option = click.option(
    "--fusion",
    type=click.Choice(["logits", "probabilities"]),
    default="logits",
    help="With --joint: add logits, or average probabilities.",
)


@click.command(cls=Command)
@checkpoint_argument
@output_option("Frozen graph to write, a .pb file.")
@joint_option
@fusion_option
@click.option(
    "--num-frames", type=click.IntRange(INCEPTION_I3D.min_frames, 512), default=NUM_FRAMES, help="Frames per clip."
)
@click.option("--batch", type=COUNT, default=1, help="Clips per inference.")
@click.option("--embedding", is_flag=True, help=f"Add an output for the {NUM_FEATURES} averaged features.")
@click.option(
    "--labels",
    "labels_text",
    metavar="NAME|FILE",
    help=f"Classes: {', '.join(SHIPPED)} or a text file of names, one per line, with or without numbers.",
)
@click.option("--ignore-unknown", is_flag=True, help="Leave out tensors that are no part of an I3D.")
@force_option
@quiet_option
def freeze(
    checkpoint: Path,
    output: Path,
    joint_path: Path | None,
    fusion: Fusion,
    labels_text: str | None,
    force: bool,
    **options: Any,
) -> None:
    """Turn a TensorFlow checkpoint into a frozen graph.

    CHECKPOINT is a prefix, for instance rgb_scratch/model.ckpt, its folder, or the folder of a TF-Hub module
    (i3d-kinetics-400/1 or -600/1). Stream, classes and scope are read from it, and its weights are compared with those
    that DeepMind published.

    \b
    Example:
      i3d freeze checkpoints/rgb_scratch/model.ckpt -o rgb_scratch.pb
    """
    from i3d_edge import freeze as room

    if joint_path is None and fusion != "logits":
        raise click.UsageError("--fusion goes with --joint")
    check_output(output, force=force)
    labels = find_labels(labels_text) if labels_text else None
    opened = room.open_checkpoint(checkpoint, labels=labels)
    joint = room.open_checkpoint(joint_path, labels=labels) if joint_path else None
    summary = room.freeze_checkpoint(opened, output, joint=joint, fusion=fusion, force=force, **options)
    spec = summary.spec
    facts: list[tuple[str, str]] = []
    for item in (opened, *([joint] if joint else [])):
        facts += checkpoint_facts(item)
        if item.is_hub_module:
            note("the module rescales nothing: its network takes [-1, 1], though tutorials feed it [0, 1]")
    facts.append(("model", spec.title()))
    facts.append(("written", f"{summary.path}: {summary.num_nodes} nodes, {format_size(summary.num_bytes)}"))
    facts += [("input", f"{name} float32 {spec.input_shape(name)}, NDHWC, in [-1, 1]") for name in spec.inputs]
    facts.append(("output", f"{spec.head.output} ({spec.batch}, {spec.num_classes}), which reads {LOGITS_NAME}"))
    if spec.has_embedding:
        facts.append(("output", f"{EMBEDDING_NAME} ({spec.batch}, {NUM_FEATURES * len(spec.inputs)})"))
    facts.append(("sha256", summary.sha256))
    print_facts(facts)


def checkpoint_facts(opened: Checkpoint) -> list[tuple[str, str]]:
    """Say what a checkpoint was found to be."""
    facts = [("read", f"{opened.prefix}: {len(opened.entries)} variables, {opened.num_parameters:,} parameters")]
    if opened.passed_over:
        facts.append(("chosen", f"the last, by TensorFlow's file 'checkpoint'; not {some(opened.passed_over, 6)}"))
    if dtypes := sorted({entry.dtype for entry in opened.entries.values()} - {"float32"}):
        facts.append(("stored as", f"{', '.join(dtypes)}; frozen as float32"))
    for kind, names in opened.ignored.items():
        facts.append(
            ("ignored", plural(len(names), kind) + (f": {some(names, 6)}" if kind == "unknown tensor" else ""))
        )
    return [*facts, ("identified", _identity(opened)), ("fingerprint", opened.fingerprint)]


def _identity(opened: Checkpoint) -> str:
    likeness = opened.likeness
    if likeness is None:
        return f"{opened.origin}: shares no variable with what DeepMind published"
    if opened.unknown:
        same = len(opened.entries) - len(likeness.differing)
        return f"not published: {same} variables of {likeness.name}, and tensors that are no part of an I3D"
    if not likeness.differing:
        if not opened.is_verified:
            return f"{likeness.name}, says its index; google-crc32c, which would check the weights, is not installed"
        return f"{likeness.name}, as DeepMind published it, by the checksum of every tensor"
    units = dict.fromkeys(re.sub(r"/(conv_3d|batch_norm)/\w+$", "", name) for name in likeness.differing)
    shown = ", ".join(list(units)[:_UNITS_SHOWN]) + (", ..." if len(units) > _UNITS_SHOWN else "")
    return (
        f"not published; nearest is {likeness.name}, with {len(likeness.differing)} of {len(opened.entries)} tensors "
        f"that differ, in {plural(len(units), 'unit')}: {shown}"
    )
