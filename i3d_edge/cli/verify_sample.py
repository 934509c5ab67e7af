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


@click.command("verify-sample", cls=Command)
@checkpoint_argument
@click.argument("sample", type=click.Path(path_type=Path))
@joint_option
@click.option(
    "--flow-sample", type=click.Path(path_type=Path), help="With --joint: the .npy of optical flow, or the footage."
)
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
    """Read a sample for an input: DeepMind's .npy, or footage."""
    from i3d_edge.freeze.sample import read_sample

    if path.suffix == _NPY:
        return read_sample(path, spec.input_shape(name))
    from i3d_edge.runtime import graph_inputs, read_clips

    own = replace(spec, stream=spec.inputs[name], fusion=None)
    [clip] = read_clips(path, own).clips
    [values] = graph_inputs(clip, own).values()
    return values


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
