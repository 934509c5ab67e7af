"""Clips: a video cut, resized and cropped to what the network takes."""

from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.errors import ClipShapeError
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.frames.frame_source import FrameSource
from i3d_edge.runtime.frames.sources import Source, as_source, read_whole
from i3d_edge.runtime.frames.timeline import Timeline
from i3d_edge.runtime.views.flow import FlowCost, FlowMethod
from i3d_edge.runtime.views.options import ViewOptions
from i3d_edge.runtime.views.plan import Clip as Clip
from i3d_edge.runtime.views.plan import ViewPlan, ViewReader


@dataclass(frozen=True, slots=True)
class VideoClips:
    """The clips of one video in temporal order, one at least, and what is known of it."""

    clips: tuple[Clip, ...]
    timeline: Timeline
    warnings: tuple[str, ...] = ()
    flow: FlowCost | None = None


def read_clips(
    path: Path | Source, spec: ModelSpec, *, num_clips: int = 1, flow: FlowMethod | None = None
) -> VideoClips:
    """Cut clips from a video file, a folder of images or a source; of several, spread evenly over the video.

    Sample k of the video is the frame on display at the first frame's time + k / `spec.frame_rate_fps`, or frame k
    where the model takes source frames. A clip is `spec.num_frames` samples, `spec.frame_stride` apart; a shorter
    video repeats from its start. For a model of flow frames have five channels; `model_inputs` separates them.

    Raises:
        VideoError: One of its kinds, if the file cannot be used.
        ClipShapeError, DependencyError: As `flow_method`.
    """
    plan = ViewPlan.of_spec(spec, ViewOptions(num_clips=num_clips), flow=flow)

    def collect(frames: FrameSource) -> VideoClips:
        reader = ViewReader(frames, plan)
        return VideoClips(tuple(reader), frames.timeline, reader.warnings, reader.flow_cost)

    return read_whole(as_source(path), collect)


def require_rgb(spec: ModelSpec) -> None:
    """Raise ClipShapeError if a model cannot be shown the pixels of a video alone, because it takes flow."""
    if spec.stream != "rgb":
        raise ClipShapeError(
            f"the model takes {spec.stream}; this works with RGB models only", hint="give an RGB model"
        )
