"""`i3d clip`: a video in the form in which DeepMind ships its sample."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import (
    Command,
    flow_option,
    force_option,
    format_size,
    frames_fps_option,
    note,
    output_option,
    print_facts,
)
from i3d_edge.core.family import INCEPTION_I3D
from i3d_edge.core.i3d_spec import NUM_FRAMES, i3d_spec

if TYPE_CHECKING:
    from i3d_edge.runtime import FlowMethod


@click.command(cls=Command)
@click.argument("video", type=click.Path(path_type=Path), metavar="VIDEO")
@output_option("Array to write, a .npy file.")
@flow_option
@click.option(
    "--num-frames",
    type=click.IntRange(min=INCEPTION_I3D.min_frames),
    default=NUM_FRAMES,
    show_default=True,
    help="Frames of the clip.",
)
@frames_fps_option
@force_option
def clip(
    video: Path, output: Path, flow: FlowMethod | None, num_frames: int, frames_fps: Fraction | None, force: bool
) -> None:
    """Write the centre clip of a video as a .npy array.

    The array is what I3D sees: shape (1, frames, height, width, 3), float32, RGB in [-1, 1]. With --flow it is the
    optical flow, two channels, x before y. DeepMind's v_CricketShot_g04_c01_rgb.npy and _flow.npy have this form.

    \b
    Example:
      i3d clip cricket.avi -o cricket_rgb.npy
      i3d clip cricket.avi -o cricket_flow.npy --flow tvl1
    """
    import numpy as np

    from i3d_edge.core.files import check_output, staged
    from i3d_edge.core.labels import kinetics_400
    from i3d_edge.runtime import graph_inputs, read_clips

    check_output(output, force=force)
    spec = i3d_spec(labels=kinetics_400(), stream="rgb" if flow is None else "flow", num_frames=num_frames)
    clips = read_clips(video, spec, flow=flow, frames_fps=frames_fps)
    [cut] = clips.clips
    [array] = graph_inputs(cut, spec).values()
    with staged(output, force=force) as temporary, temporary.open("wb") as stream:
        np.save(stream, array)
    for warning in clips.warnings:
        note(f"{video}: {warning}")
    took = [] if clips.flow is None else [("flow took", f"{clips.flow.seconds:.2f} s ({clips.flow.method})")]
    print_facts(
        [
            ("written", f"{output}: {format_size(output.stat().st_size)}"),
            ("shape", f"{array.shape}, {array.dtype}, {array.min():.3f} to {array.max():.3f}"),
            ("shows", f"{cut.start_s:.2f}-{cut.end_s:.2f} s of {clips.timeline.duration_s:.2f} s"),
            *took,
        ]
    )
