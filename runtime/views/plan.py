"""Views: which clips and crops of a video the network is shown, cut while the video is decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Literal

import numpy as np

from i3d_edge.core.arrays import Array, UInt8Array
from i3d_edge.core.errors import VideoDecodeError
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.frames.frame_source import FrameSource
from i3d_edge.runtime.frames.preprocess import (
    TEN_CROPS,
    Interpolation,
    centre_crop,
    omz_resize,
    resize,
    resized_size,
    ten_crops,
    three_crops,
)
from i3d_edge.runtime.views import sampling
from i3d_edge.runtime.views.flow import FlowCost, FlowFrames, FlowMethod, flow_method
from i3d_edge.runtime.views.options import ViewOptions

Placement = Literal[
    "spread", "mmaction", "mmaction-dense", "segments", "gluoncv", "gluoncv-torch", "cover", "hop", "omz", "whole"
]
Fit = Literal["short side", "long side", "squeeze"]
_STARTS = {
    "mmaction": sampling.mmaction_starts,
    "mmaction-dense": sampling.dense_starts,
    "segments": sampling.segment_starts,
}
MAX_WHOLE_FRAMES = 512  # longest video, in samples, that is shown to the network whole
_STILL_S = 1.0


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip, one crop of it."""

    # Shape (D, H, W, 3), uint8, RGB 0..255; float32 where the plan does not round; (D, H, W, 5), uint8, with flow, see
    # `FlowFrames`.
    frames: UInt8Array
    start_s: float  # time of its first sample, from the video's first frame
    end_s: float  # where its last sample's time ends; beyond the video's end when the clip repeats it
    clip: int = 0  # which temporal position, from 0
    crop: int = 0  # which spatial position, from 0
    sample: int = 0  # its first one, from 0
    num_clips: int = 1  # temporal positions in the video


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewPlan:
    """How views are taken of a video."""

    num_frames: int | None  # of a clip; None where the whole video is one clip
    frame_stride: int = 1  # step between the frames of a clip, in samples
    rate_fps: Fraction | None  # samples a second; None samples every source frame
    # "spread": equally spaced, one clip in the centre, of several the first begins with the video and the last ends
    # with it. "mmaction", "mmaction-dense", "gluoncv-torch": the same, as these count it. "segments": in the middle of
    # equal segments. "gluoncv": the same, as GluonCV counts it. Both of GluonCV fill short clips in its way. "cover":
    # as few as show everything. "hop": every `hop` samples, to the end. "omz": as Open Model Zoo's checker. "whole":
    # one clip as long as the video.
    placement: Placement = "spread"
    num_clips: int | None = 1  # temporal positions; None where the placement decides
    hop: int | None = None  # samples from one clip's start to the next one's, where they are placed by "hop"
    covers_end: bool = True  # whether the last of these ends with the video, nearer perhaps to the one before
    # "short side": that side becomes `fit_px` long. "long side": that one does, and what is then smaller than the crop
    # is enlarged again. "squeeze": the whole frame becomes `fit_px`, or as large as the crop.
    fit: Fit = "short side"
    fit_px: int | tuple[int, int] | None  # see `fit`; height and width, or None, where frames are squeezed
    # Whether the long side after a resize of the short one is rounded down, not to the nearest.
    floors_long_side: bool = False
    interpolation: Interpolation = "bilinear; area below one half"  # how frames are resized
    square_pixels: bool = True  # whether pixels of another shape are made square first, as players show them
    crop_px: tuple[int, int]  # height and width of a crop
    num_crops: int = 1  # 1: the centre. 3: along the longer side. 10: see `TEN_CROPS`
    equidistant_crops: bool = False  # whether the last of three crops is as far from the middle one as the first
    # How the flow between samples is computed, for models that take it; None for pixels alone.
    flow: FlowMethod | None = None
    min_frames: int = 1  # fewest samples that a video is shown with where it is shown whole: a shorter one repeats
    fewest_samples: int = 1  # a video with fewer is left out

    @classmethod
    def of_spec(cls, spec: ModelSpec, views: ViewOptions | None = None, *, flow: FlowMethod | None = None) -> ViewPlan:
        """Return the plan by which a model's clips are cut without a protocol; for `flow` see `flow_method`."""
        views = views or ViewOptions()
        return cls(
            num_frames=spec.num_frames,
            frame_stride=spec.frame_stride,
            rate_fps=spec.frame_rate_fps,
            placement="spread" if views.hop is None else "hop",
            num_clips=views.num_clips if views.hop is None else None,
            hop=views.hop,
            covers_end=views.covers_end,
            fit="squeeze" if spec.short_side_px is None else "short side",
            fit_px=spec.short_side_px or spec.squeezed_px,
            interpolation="bilinear, by FFmpeg" if spec.squeezed_px else "bilinear; area below one half",
            crop_px=spec.crop_px,
            num_crops=views.num_crops,
            flow=flow_method(spec, flow),
        )

    @property
    def span(self) -> int:
        """How many samples a clip needs; of a video that is shown whole, as many as the network needs."""
        if self.num_frames is None:
            return self.min_frames
        if self.placement == "mmaction":
            return (self.num_frames - 1) * self.frame_stride + 1
        return self.num_frames * self.frame_stride

    def clips(self, num_samples: int) -> Sequence[Sequence[int]]:
        """Return the samples of each clip of a video, in temporal order."""
        if self.placement == "whole":
            return [sampling.clip_samples(0, num_samples, max(self.min_frames, num_samples))]
        assert self.num_frames is not None
        span = self.span
        if self.placement == "omz":
            return sampling.omz_clips(num_samples, self.num_frames, self.num_clips or 1)
        if self.placement in ("gluoncv", "gluoncv-torch"):
            cut = sampling.gluoncv_clips if self.placement == "gluoncv" else sampling.strided_clips
            return cut(num_samples, self.num_frames, self.num_clips or 1, self.frame_stride)
        if self.placement == "hop":
            starts = sampling.window_starts(num_samples, span, self.hop or 1)
            if not self.covers_end and starts[-1] % (self.hop or 1):
                starts.pop()
            if num_samples >= span:  # a long video has many windows: they take no memory each
                return [range(start, start + span, self.frame_stride) for start in starts]
        elif self.placement == "cover":
            starts = sampling.covering_starts(num_samples, span)
        else:
            starts = _STARTS.get(self.placement, sampling.clip_starts)(num_samples, span, self.num_clips or 1)
        return [sampling.clip_samples(start, num_samples, self.num_frames, self.frame_stride) for start in starts]

    def fitted(self, frame: UInt8Array) -> Array:
        """Resize a frame, shape (H, W, 3), uint8; float32, 0..255, where the plan does not round."""
        if not isinstance(self.fit_px, int):
            return resize(frame, self.fit_px or self.crop_px, self.interpolation)
        if self.fit == "long side":
            return omz_resize(frame, self.fit_px, self.crop_px, self.interpolation)
        height, width = frame.shape[:2]
        size = resized_size(height, width, self.fit_px, floors=self.floors_long_side)
        return resize(frame, size, self.interpolation)

    def crops(self, fitted: UInt8Array) -> list[UInt8Array]:
        """Cut the crops of a resized frame, shape (*crop_px, 3)."""
        if self.num_crops == 1:
            return [centre_crop(fitted, self.crop_px)]
        if self.num_crops == len(TEN_CROPS):
            return ten_crops(fitted, self.crop_px)
        return three_crops(fitted, self.crop_px, equidistant=self.equidistant_crops)


class ViewReader:
    """Iterates over the views of a source: clip by clip, and the crops of each.

    Only the frames that clips still to come need are kept, so a long video takes no more memory than a short one.
    """

    def __init__(self, source: FrameSource, plan: ViewPlan, *, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Find out which frames are needed; `is_stopped` is asked, where the next view may be minutes away.

        Raises VideoDecodeError if the source breaks off before half of its stated length and before one clip is full,
        has fewer samples than the plan takes, or is longer than what the network can be shown whole.
        """
        self.source = source
        self.plan = plan
        source.has_square_pixels = plan.square_pixels
        source.squeezed_px = plan.fit_px if isinstance(plan.fit_px, tuple) else None
        timeline = source.timeline
        self.num_samples = timeline.num_frames if plan.rate_fps is None else timeline.num_samples(plan.rate_fps)
        self._require_enough()
        self._clips = plan.clips(self.num_samples)
        rate = plan.rate_fps
        self._frame_at = cache(lambda sample: sample if rate is None else timeline.frame_at(sample, rate))
        self._flow: FlowFrames | None = None
        if plan.flow is not None:
            self._flow = FlowFrames(
                source,
                method=plan.flow,
                num_samples=self.num_samples,
                frame_at=self._frame_at,
                fit=self._fitted,
                crop_px=plan.crop_px if plan.num_crops == 1 else None,
                is_stopped=is_stopped,
            )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know; complete once the views have been read."""
        needed = self.plan.span
        short: tuple[str, ...] = ()
        if self.num_samples < needed:
            fills = "holds a late frame" if self.plan.placement.startswith("gluoncv") else "repeats from its start"
            short = (f"shorter than a clip ({self.num_samples} of {needed} samples): it {fills}",)
        return (*short, *self._still_warnings(), *self.source.warnings)

    def _still_warnings(self) -> Iterator[str]:
        """Say how many clips show one frame that is on display for seconds, and little else."""
        timeline, num_clips, longest_s = self.source.timeline, 0, 0.0
        for clip in self._clips:
            [(frame, count)] = Counter(map(self._frame_at, clip)).most_common(1)
            if 2 * count > len(clip) and (shown_s := timeline.shown_s(frame)) >= _STILL_S:
                num_clips, longest_s = num_clips + 1, max(longest_s, shown_s)
        if num_clips:
            which = "the clip shows" if len(self._clips) == 1 else f"{num_clips} of {len(self._clips)} clips show"
            yield f"{which} mostly a single frame: it is on display for {longest_s:.2f} s"

    @property
    def flow_cost(self) -> FlowCost | None:
        """What the flow took; complete once the views have been read."""
        return None if self._flow is None else self._flow.cost

    def __iter__(self) -> Iterator[Clip]:
        last_clip_of: dict[int, int] = {}
        complete_at = []
        for number in range(len(self._clips)):
            frames = self._frames_of(number)
            last_clip_of.update(dict.fromkeys(frames, number))
            complete_at.append(max(frames))
        complete_at = np.maximum.accumulate(complete_at).tolist()
        kept: dict[int, list[UInt8Array]] = {}
        number = 0
        for index, picture in self._pictures(sorted(last_clip_of)):
            kept[index] = self.plan.crops(picture)
            while number < len(complete_at) and complete_at[number] <= index:
                yield from self._views(number, self._frames_of(number), kept)
                for frame in [frame for frame in kept if last_clip_of[frame] <= number]:
                    del kept[frame]
                number += 1

    def _pictures(self, wanted: Sequence[int]) -> Iterator[tuple[int, UInt8Array]]:
        """Yield resized frames by what `_frames_of` names them by."""
        if self._flow is not None:
            return self._flow.frames(wanted)
        return ((index, self._fitted(picture)) for index, picture in self.source.frames(wanted))

    def _fitted(self, picture: UInt8Array) -> Array:
        if self.source.is_cropped:
            return picture
        fitted = self.plan.fitted(picture)
        return fitted if self._flow is None else np.rint(fitted).astype(np.uint8, copy=False)  # flow is of bytes

    def _views(self, number: int, frames: list[int], kept: dict[int, list[UInt8Array]]) -> Iterator[Clip]:
        start_s, end_s = self._times(self._clips[number])
        for crop, first in enumerate(kept[frames[0]]):
            # A clip lies in memory as the IR wants it, DCHW, so that handing it over costs no copy.
            array = np.empty((len(frames), first.shape[2], *first.shape[:2]), first.dtype).transpose(0, 2, 3, 1)
            for position, frame in enumerate(frames):
                array[position] = kept[frame][crop]
            yield Clip(array, start_s, end_s, number, crop, self._clips[number][0], len(self._clips))

    def _frames_of(self, number: int) -> list[int]:
        """Return the source frames of a clip; with flow, which is between samples, its samples."""
        if self._flow is not None:
            return list(self._clips[number])
        return [self._frame_at(sample) for sample in self._clips[number]]

    def _times(self, samples: Sequence[int]) -> tuple[float, float]:
        length = len(samples) * self.plan.frame_stride
        if self.plan.rate_fps is not None:
            rate = self.plan.rate_fps
            return float(samples[0] / rate), float((samples[0] + length) / rate)
        timeline = self.source.timeline
        start_s = float((timeline.ticks[samples[0]] - timeline.ticks[0]) * timeline.time_base)
        return start_s, start_s + length / timeline.mean_fps

    def _require_enough(self) -> None:
        plan, timeline, stated = self.plan, self.source.timeline, self.source.stated_duration_s
        name = repr(str(self.source.path))
        if self.num_samples < plan.fewest_samples:
            raise VideoDecodeError(
                f"video {name} is too short: {self.num_samples} of the {plan.fewest_samples} frames that it needs"
            )
        is_short = plan.num_frames is None or self.num_samples < plan.num_frames * plan.frame_stride
        if stated and is_short and timeline.duration_s < stated / 2:
            raise VideoDecodeError(
                f"only {timeline.duration_s:.2f} s of the {stated:.2f} s of video {name} can be read, "
                f"{self.num_samples} samples",
                hint="the file is incomplete: copy or download it again",
            )
        if plan.placement == "whole" and self.num_samples > MAX_WHOLE_FRAMES:
            raise VideoDecodeError(
                f"video {name} is too long to be shown whole: {self.num_samples} samples; at most {MAX_WHOLE_FRAMES}",
                hint="use sliding windows",
            )
