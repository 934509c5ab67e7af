"""`i3d verify-sample`: is this DeepMind's network with DeepMind's weights?"""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import Command, note, print_facts
from i3d_edge.cli.freeze import checkpoint_argument, joint_option
from i3d_edge.core.errors import ParityError
from i3d_edge.core.spec import ModelSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from i3d_edge.freeze.sample import SampleResult

_NPY = ".npy"
_GIF = ".gif"
_PROVEN = "verdict: this is DeepMind's network and DeepMind's weights"
_AS_THE_MODULE = (
    "verdict: these are the logits of DeepMind's own graph, the TF-Hub module with these weights in TensorFlow; "
    "DeepMind printed none"
)


@click.command("verify-sample", cls=Command)
@checkpoint_argument
@click.argument("sample", type=click.Path(path_type=Path))
@joint_option
@click.option(
    "--flow-sample", type=click.Path(path_type=Path), help="With --joint: .npy of optical flow, or the video."
)
def verify_sample(checkpoint: Path, sample: Path, joint_path: Path | None, flow_sample: Path | None) -> None:
    """Check a checkpoint against DeepMind's published logits.

    SAMPLE is v_CricketShot_g04_c01_rgb.npy of kinetics-i3d (_flow.npy for a flow checkpoint), its .gif, or the video
    itself. With the .npy, the norm of the logits must be the published one to within 0.01 %, and the same 20 classes
    must lead; otherwise the exit code is 3. DeepMind published no logits for rgb_scratch; with the .gif, it is compared
    with DeepMind's TF-Hub module in the same way. With the video, only the first class is checked.

    \b
    Example:
      i3d verify-sample rgb_imagenet/model.ckpt v_CricketShot_g04_c01_rgb.npy
      i3d verify-sample rgb_scratch/model.ckpt v_CricketShot_g04_c01_rgb.gif
    """
    from i3d_edge import freeze as room
    from i3d_edge.freeze import sample as sample_room

    if (joint_path is None) != (flow_sample is None):
        raise click.UsageError("--joint and --flow-sample go together")
    opened = room.open_checkpoint(checkpoint)
    joint = room.open_checkpoint(joint_path) if joint_path else None
    with TemporaryDirectory() as folder:
        summary = room.freeze_checkpoint(opened, Path(folder) / "sample.pb", joint=joint)
        spec = summary.spec
        samples = dict(zip(spec.inputs, (path for path in (sample, flow_sample) if path), strict=True))
        read = {name: _read_clip(path, spec, name) for name, path in samples.items()}
        feeds = {name: clip for name, (clip, _) in read.items()}
        [[logits]] = room.run_frozen_graph(summary.path, [feeds])
    result = sample_room.summarize(logits, spec.labels)
    published = sample_room.published_results().get(spec.origin)
    expected = published or sample_room.reference_results().get(spec.origin)
    if expected is None:
        _print_sample(result, None, "")
        note(f"no verdict: DeepMind published no values for weights {spec.origin!r}")
        return
    _print_sample(result, expected, "published" if published else "DeepMind's graph")
    _judge(result, expected, is_published=published is not None, forms={form for _, form in read.values()})


def _judge(result: SampleResult, expected: SampleResult, *, is_published: bool, forms: set[str]) -> None:
    """Print the verdict on samples of some forms, as `_read_clip` names them; raise if it is against the checkpoint."""
    from i3d_edge.freeze import sample as room

    verdict = room.judge(result, expected)
    print_facts([("norm deviates by", f"{verdict.norm_deviation:.2e} of the expected one")])
    form = _NPY if is_published else _GIF
    if forms == {form}:
        if not verdict.passed:
            norm = "published norm" if is_published else "norm of DeepMind's graph"
            classes = "the same" if verdict.same_top else "different"
            raise ParityError(
                f"the norm of the logits is {verdict.norm_deviation:.2e} off the {norm} "
                f"(allowed: {room.NORM_TOLERANCE:g}), and the leading classes are {classes}",
                hint=f"check that the sample is DeepMind's own {form}",
            )
        click.echo(_PROVEN if is_published else _AS_THE_MODULE)
    elif result.top[0].label != expected.top[0].label:
        raise ParityError(f"the first class is {result.top[0].label!r} instead of {expected.top[0].label!r}")
    else:
        click.echo(f"verdict: the first class is the expected one; DeepMind's own {form} would prove more")


def _read_clip(path: Path, spec: ModelSpec, name: str) -> tuple[npt.NDArray[np.float32], str]:
    """Read a sample for an input, and say in which form it is DeepMind's: ".npy", ".gif", or "" for footage."""
    import numpy as np

    from i3d_edge.convert.clip_files import read_array
    from i3d_edge.core.normalisation import normalised
    from i3d_edge.runtime import graph_inputs, read_clips, read_prepared

    port = spec.inputs[name]
    own = replace(spec, inputs={name: port}, fusion=None)
    if path.suffix == _NPY:
        return read_array(path, own, port), _NPY
    if own.stream == "rgb" and (frames := read_prepared(path, own)) is not None:
        return normalised(frames[np.newaxis], port), _GIF
    [clip] = read_clips(path, own).clips
    [values] = graph_inputs(clip, own).values()
    return values, ""


def _print_sample(result: SampleResult, expected: SampleResult | None, source: str) -> None:
    from tabulate import tabulate

    norms = [("norm of logits", f"{result.norm:.6f}")]
    if expected is not None:
        norms.append((source, f"{expected.norm:.6f}"))
    print_facts(norms)
    theirs = expected.top if expected else ()
    rows = [
        (f"{mine.prob:.6g}", f"{mine.logit:.6f}", mine.label)
        + ((f"{other.prob:.6g}", f"{other.logit:.6f}", other.label) if other else ())
        for mine, other in zip_longest(result.top, theirs[: len(result.top)])
    ]
    headers = ("prob", "logit", "label", *(("prob", "logit", f"{source} label") if expected else ()))
    click.echo("\n" + tabulate(rows, headers=headers, disable_numparse=True) + "\n")
