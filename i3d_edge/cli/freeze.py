"""`i3d freeze`, `fetch`, `verify-sample` and `stand-in`: from weights to a frozen graph."""

from __future__ import annotations

import re
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import CONTEXT_SETTINGS, Command, force_option, note, output_option, print_facts, quiet_option
from i3d_edge.errors import ParityError
from i3d_edge.files import check_output
from i3d_edge.labels import read_label_file
from i3d_edge.spec import Fusion, ModelSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from freeze import Checkpoint
    from freeze.sample import SampleResult

_MEBIBYTE = 1 << 20
_UNITS_SHOWN = 6
_NPY = ".npy"


checkpoint_argument = click.argument("checkpoint", type=click.Path(path_type=Path))
joint_option = click.option(
    "--joint", "joint_path", type=click.Path(path_type=Path), help="A flow checkpoint, for a two-stream model."
)
fusion_option = click.option(
    "--fusion",
    type=click.Choice(["logits", "probabilities"]),
    default="logits",
    show_default=True,
    help="With --joint: add logits (DeepMind), or average probabilities (Open Model Zoo).",
)


@click.command(cls=Command)
@checkpoint_argument
@output_option("The frozen graph's .pb.")
@joint_option
@fusion_option
@click.option(
    "--num-frames", type=click.IntRange(9, 512), default=79, show_default=True, help="Frames in a clip; 9 at least."
)
@click.option("--batch", type=click.IntRange(min=1), default=1, show_default=True, help="Clips in one inference.")
@click.option("--embedding", is_flag=True, help="Add an output with the 1024 averaged features.")
@click.option(
    "--labels", "labels_path", type=click.Path(path_type=Path), help="Text file with a class name a line, in order."
)
@force_option
def freeze(
    checkpoint: Path,
    output: Path,
    joint_path: Path | None,
    fusion: Fusion,
    num_frames: int,
    batch: int,
    embedding: bool,
    labels_path: Path | None,
    force: bool,
) -> None:
    """Turn a TensorFlow checkpoint into a frozen graph.

    CHECKPOINT is the prefix, as in .../model.ckpt, the folder that holds it, or the folder of a TF-Hub module
    (i3d-kinetics-400/1 or -600/1). Stream, number of classes and scope are read from it, and it is compared
    with what DeepMind published.

    \b
    Example:
      i3d freeze rgb_imagenet/model.ckpt -o rgb_imagenet.pb
    """
    import freeze as room

    check_output(output, force=force)
    labels = read_label_file(labels_path) if labels_path else None
    opened = room.open_checkpoint(checkpoint, labels=labels)
    joint = room.open_checkpoint(joint_path, labels=labels) if joint_path else None
    summary = room.freeze_checkpoint(
        opened,
        output,
        joint=joint,
        fusion=fusion,
        num_frames=num_frames,
        batch=batch,
        embedding=embedding,
        force=force,
    )
    spec = summary.spec
    facts: list[tuple[str, str]] = []
    for item in (opened, *([joint] if joint else [])):
        facts += checkpoint_facts(item)
        if item.is_hub_module:
            note("the module rescales nothing: its network takes [-1, 1], though tutorials feed it [0, 1]")
    facts.append(("model", spec.title()))
    facts.append(("written", f"{summary.path}: {summary.num_nodes} nodes, {summary.num_bytes / _MEBIBYTE:.1f} MiB"))
    facts += [("input", f"{name} float32 {spec.input_shape(name)}, NDHWC, in [-1, 1]") for name in spec.inputs]
    facts.append(("output", f"Softmax ({spec.batch}, {spec.num_classes}), which reads logits"))
    if spec.has_embedding:
        facts.append(("output", f"embedding ({spec.batch}, {1024 * len(spec.inputs)})"))
    facts.append(("sha256", summary.sha256))
    print_facts(facts)


def checkpoint_facts(opened: Checkpoint) -> list[tuple[str, str]]:
    """Say what a checkpoint was found to be."""
    ignored = f", {len(opened.ignored)} others ignored" if opened.ignored else ""
    return [
        ("read", f"{opened.prefix}: {len(opened.entries)} variables, {opened.num_parameters:,} parameters{ignored}"),
        ("identified", _identity(opened)),
        ("fingerprint", opened.fingerprint),
    ]


def _identity(opened: Checkpoint) -> str:
    likeness = opened.likeness
    if likeness is None:
        return f"{opened.origin}: shares no variable with what DeepMind published"
    if not likeness.differing:
        return f"{likeness.name}, as DeepMind published it"
    units = dict.fromkeys(re.sub(r"/(conv_3d|batch_norm)/\w+$", "", name) for name in likeness.differing)
    shown = ", ".join(list(units)[:_UNITS_SHOWN]) + (", ..." if len(units) > _UNITS_SHOWN else "")
    return (
        f"not published; nearest is {likeness.name}, with {len(likeness.differing)} of {len(opened.entries)} tensors "
        f"that differ, in {len(units)} units: {shown}"
    )


@click.command("verify-sample", cls=Command)
@checkpoint_argument
@click.argument("sample", type=click.Path(path_type=Path))
@joint_option
@click.option("--flow-sample", type=click.Path(path_type=Path), help="With --joint: the .npy of optical flow.")
def verify_sample(checkpoint: Path, sample: Path, joint_path: Path | None, flow_sample: Path | None) -> None:
    """Compare a checkpoint's logits on DeepMind's cricket sample with the published ones.

    SAMPLE is kinetics-i3d's v_CricketShot_g04_c01_rgb.npy (or _flow.npy for a flow checkpoint), or the footage
    itself. With the .npy the norm of the logits must be the published one to within 0.01 % and the same 20
    classes must lead, else the exit code is 3. The footage is cut by our own decoder, so only the first class is
    judged.

    \b
    Example:
      i3d verify-sample rgb_imagenet/model.ckpt v_CricketShot_g04_c01_rgb.npy
    """
    import freeze as room
    from freeze import sample as sample_room

    if (joint_path is None) != (flow_sample is None):
        raise click.UsageError("--joint and --flow-sample go together")
    opened = room.open_checkpoint(checkpoint)
    joint = room.open_checkpoint(joint_path) if joint_path else None
    with TemporaryDirectory() as folder:
        summary = room.freeze_checkpoint(opened, Path(folder) / "sample.pb", joint=joint)
        spec = summary.spec
        samples = dict(zip(spec.inputs, (path for path in (sample, flow_sample) if path), strict=True))
        feeds = {name: _read_clip(path, spec, name) for name, path in samples.items()}
        [[logits]] = room.run_frozen_graph(summary.path, [feeds])
    result = sample_room.summarize(logits, spec.labels)
    published = sample_room.published_results().get(spec.origin)
    _print_sample(result, published)
    if published is None:
        note(f"no verdict: DeepMind published no values for weights {spec.origin!r}")
        return
    verdict = sample_room.judge(result, published)
    print_facts([("norm deviates by", f"{verdict.norm_deviation:.2e} of the published norm")])
    if all(path.suffix == _NPY for path in samples.values()):
        if not verdict.passed:
            raise ParityError(
                f"logits must have the published norm to within {sample_room.NORM_TOLERANCE:g} and the same leading "
                f"classes; got {verdict.norm_deviation:.2e}, classes {'the same' if verdict.same_top else 'different'}",
                hint="check that the sample is DeepMind's own .npy",
            )
        click.echo("verdict: this is DeepMind's network and DeepMind's weights")
    elif result.top[0].label != published.top[0].label:
        raise ParityError(f"the footage's first class must be {published.top[0].label!r}; got {result.top[0].label!r}")
    else:
        click.echo("verdict: the first class is the published one; the footage was cut by our decoder, not DeepMind's")


def _read_clip(path: Path, spec: ModelSpec, name: str) -> npt.NDArray[np.float32]:
    """Read a sample for an input: DeepMind's .npy, or footage for an RGB input."""
    from freeze.sample import read_sample

    if path.suffix == _NPY:
        return read_sample(path, spec.input_shape(name))
    from dataclasses import replace

    from runtime import read_clips

    [clip] = read_clips(path, replace(spec, stream=spec.inputs[name], fusion=None)).clips
    pixels: npt.NDArray[np.float32] = clip.to_layout("NDHWC").astype("float32")
    return (pixels - spec.mean) / spec.scale


def _print_sample(result: SampleResult, published: SampleResult | None) -> None:
    from tabulate import tabulate

    norms = [("norm of logits", f"{result.norm:.6f}")]
    if published is not None:
        norms.append(("published", f"{published.norm:.6f}"))
    print_facts(norms)
    theirs = published.top if published else ()
    rows = [
        (f"{mine.prob:.6g}", f"{mine.logit:.6f}", mine.label)
        + ((f"{other.prob:.6g}", f"{other.logit:.6f}", other.label) if other else ())
        for mine, other in zip_longest(result.top, theirs[: len(result.top)])
    ]
    headers = ("prob", "logit", "label", *(("prob", "logit", "published label") if published else ()))
    click.echo("\n" + tabulate(rows, headers=headers, disable_numparse=True) + "\n")


@click.command(cls=Command)
@click.argument("name")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("checkpoints"),
    show_default=True,
    help="Folder; the files go to a folder of the checkpoint's name in it.",
)
@click.option("--base-url", envvar="I3D_CHECKPOINT_URL", help="Mirror to download from.", show_envvar=True)
@quiet_option
def fetch(name: str, folder: Path, base_url: str | None) -> None:
    """Download one of DeepMind's checkpoints and verify it.

    NAME is rgb_imagenet, rgb_scratch, flow_imagenet, flow_scratch or rgb_scratch_kin600. A download that
    broke off goes on where it stopped.

    \b
    Example:
      i3d fetch rgb_imagenet
    """
    import freeze as room
    from freeze import published

    opened = room.fetch_checkpoint(name, folder, base_url=base_url or published.BASE_URL)
    print_facts(
        [
            ("checkpoint", str(opened.prefix)),
            ("identified", f"{opened.origin}, {opened.stream}, {len(opened.labels)} classes"),
            ("verified", f"git blob SHA-1 of both files, CRC32C of {len(opened.entries)} variables"),
        ]
    )


@click.group("stand-in", context_settings=CONTEXT_SETTINGS)
def stand_in() -> None:
    """Make weights and videos to try everything with, without a download."""


@stand_in.command("checkpoint", cls=Command)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Make it again.")
@quiet_option
def stand_in_checkpoint(folder: Path, force: bool) -> None:
    """Make a checkpoint in DeepMind's format that tells generated motions apart.

    It takes a few minutes, once: what is there already is kept. It is not a trained I3D, and is called a
    stand-in wherever a number of it is printed.

    \b
    Example:
      i3d stand-in checkpoint demo/checkpoint
    """
    from freeze import stand_in as room

    opened = room.make_stand_in(folder, force=force)
    print_facts([("checkpoint", str(opened.prefix)), ("classes", ", ".join(room.LABELS))])


@stand_in.command("videos", cls=Command)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--per-class", type=click.IntRange(min=1), default=14, show_default=True, help="Videos of each class.")
@click.option("--force", is_flag=True, help="Make them again.")
@quiet_option
def stand_in_videos(folder: Path, per_class: int, force: bool) -> None:
    """Render videos that the stand-in was not fitted on, with a list of what they show.

    \b
    Example:
      i3d stand-in videos demo/videos
    """
    from freeze import stand_in as room

    list_path = room.write_videos(folder, per_class, force=force)
    print_facts([("list", str(list_path)), ("videos", str(per_class * len(room.LABELS)))])
