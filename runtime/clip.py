"""Clips: a video cut, resized and cropped to what the network takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from i3d_edge.errors import ClipShapeError, VideoDecodeError
from i3d_edge.spec import ModelSpec
from runtime.preprocess import centre_crop, resize_short_side
from runtime.sampling import clip_samples, clip_starts
from runtime.video import ShortcutError, Video

UInt8Array = npt.NDArray[np.uint8]

# A clip lies in memory as the IR wants it, so that handing it over costs no copy.
_MEMORY_LAYOUT = "DCHW"


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip.

    Attributes:
        frames: Shape (D, H, W, 3), uint8, RGB 0..255.
        start_s: Time of its first sample, from the video's first frame.
        end_s: Where its last sample's time ends; beyond the video's end when the clip repeats it.
    """

    frames: UInt8Array
    start_s: float
    end_s: float

    def to_layout(self, layout: str) -> UInt8Array:
        """Return the clip with its axes in a given order, for instance "NDCHW": a batch of one where there is an N."""
        order = tuple("DHWC".index(axis) for axis in layout if axis != "N")
        frames = self.frames.transpose(order)
        return np.expand_dims(frames, layout.index("N")) if "N" in layout else frames


@dataclass(frozen=True, slots=True)
class VideoClips:
    """The clips of one video, and what is known of it.

    Attributes:
        clips: In temporal order, one at least.
        duration_s: Of the video.
        num_frames: Source frames of the video.
        mean_fps: Source frames per second, on average.
        warnings: What a user should know, for instance that frames were damaged.
    """

    clips: tuple[Clip, ...]
    duration_s: float
    num_frames: int
    mean_fps: float
    warnings: tuple[str, ...] = ()


def read_clips(path: Path, spec: ModelSpec, *, num_clips: int = 1) -> VideoClips:
    """Cut clips from a video file.

    Sample k of the video is the frame on display at the first frame's time + k / `spec.frame_rate_fps`. A clip
    is `spec.num_frames` consecutive samples; a shorter video repeats from its start. Each frame is resized
    to a short side of `spec.short_side_px` and cropped to the central `spec.crop_px` square.

    Args:
        path: Any file that FFmpeg decodes.
        spec: The model's, for an RGB network.
        num_clips: 1 for the centre clip, more for clips spread evenly over the video.

    Raises:
        VideoError: One of its kinds, if the file cannot be used.

    Source: rate, size and crop from kinetics-i3d's README; the clock, the choice of clips and the repetition
    are our choice.
    """
    _require_rgb(spec)
    try:
        return _read_clips(Video.open(path), spec, num_clips)
    except ShortcutError:
        return _read_clips(Video.open(path, thorough=True), spec, num_clips)


def clips_of_frames(frames: UInt8Array, spec: ModelSpec, *, num_clips: int = 1) -> VideoClips:
    """Cut clips from frames that are already decoded and sampled at `spec.frame_rate_fps`.

    Args:
        frames: Shape (F, H, W, 3), uint8, RGB 0..255; any height and width.
        spec: The model's, for an RGB network.
        num_clips: As for `read_clips`.

    Raises:
        ClipShapeError: If the array has another shape or dtype, or no frame.
    """
    _require_rgb(spec)
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not frames.size:
        raise ClipShapeError(f"frames must have shape (F, H, W, 3), uint8; got {frames.shape} {frames.dtype}")
    rate, num_samples = spec.frame_rate_fps, len(frames)
    starts = clip_starts(num_samples, spec.num_frames, num_clips)
    pictures = {sample: frames[sample] for sample in _samples(starts, num_samples, spec)}
    clips = _assemble(starts, num_samples, pictures.items(), {sample: [sample] for sample in pictures}, spec)
    return VideoClips(clips, num_samples / rate, num_samples, float(rate), _short_warning(num_samples, spec))


def _read_clips(video: Video, spec: ModelSpec, num_clips: int) -> VideoClips:
    timeline, rate = video.timeline, spec.frame_rate_fps
    num_samples = timeline.num_samples(rate)
    _require_enough(video, num_samples, spec)
    starts = clip_starts(num_samples, spec.num_frames, num_clips)
    samples_by_frame: dict[int, list[int]] = {}
    for sample in _samples(starts, num_samples, spec):
        samples_by_frame.setdefault(timeline.frame_at(sample, rate), []).append(sample)
    clips = _assemble(starts, num_samples, video.frames(sorted(samples_by_frame)), samples_by_frame, spec)
    return VideoClips(
        clips=clips,
        duration_s=timeline.duration_s,
        num_frames=timeline.num_frames,
        mean_fps=timeline.mean_fps,
        warnings=(*_short_warning(num_samples, spec), *video.warnings),
    )


def _samples(starts: list[int], num_samples: int, spec: ModelSpec) -> list[int]:
    """Return the distinct samples that the clips need, in order."""
    return sorted({sample for start in starts for sample in clip_samples(start, num_samples, spec.num_frames)})


def _assemble(
    starts: list[int],
    num_samples: int,
    pictures: Iterable[tuple[int, UInt8Array]],
    samples_by_picture: dict[int, list[int]],
    spec: ModelSpec,
) -> tuple[Clip, ...]:
    """Resize and crop each picture once and put it wherever a clip shows it."""
    places: dict[int, list[tuple[int, int]]] = {}
    for clip, start in enumerate(starts):
        for position, sample in enumerate(clip_samples(start, num_samples, spec.num_frames)):
            places.setdefault(sample, []).append((clip, position))

    sizes = {"D": spec.num_frames, "C": 3, "H": spec.crop_px, "W": spec.crop_px}
    to_dhwc = tuple(_MEMORY_LAYOUT.index(axis) for axis in "DHWC")
    arrays = [np.empty([sizes[axis] for axis in _MEMORY_LAYOUT], np.uint8).transpose(to_dhwc) for _ in starts]
    for index, picture in pictures:
        cropped = centre_crop(resize_short_side(picture, spec.short_side_px), spec.crop_px)
        for sample in samples_by_picture[index]:
            for clip, position in places[sample]:
                arrays[clip][position] = cropped
    rate = spec.frame_rate_fps
    return tuple(
        Clip(frames, start / rate, (start + spec.num_frames) / rate)
        for start, frames in zip(starts, arrays, strict=True)
    )


def _require_rgb(spec: ModelSpec) -> None:
    if spec.stream != "rgb":
        raise ClipShapeError(
            f"model must take RGB frames to be given a video; it takes {spec.stream}",
            hint="convert one of the rgb checkpoints",
        )
    if spec.frame_px is not None:
        raise ClipShapeError(
            f"model must take cropped frames to be given a video; it takes whole ones of {spec.frame_px[0]} x "
            f"{spec.frame_px[1]}",
            hint="convert it without --decode-size: the runtime resizes and crops",
        )


def _require_enough(video: Video, num_samples: int, spec: ModelSpec) -> None:
    """Refuse a video that breaks off before half of its stated length and before one clip is full."""
    stated = video.stated_duration_s
    if stated and num_samples < spec.num_frames and video.timeline.duration_s < stated / 2:
        raise VideoDecodeError(
            f"video {str(video.path)!r} must be readable for at least half of the {stated:.2f} s it states, or for one "
            f"clip of {spec.num_frames} samples; got {video.timeline.duration_s:.2f} s, {num_samples} samples",
            hint="the file is incomplete: copy or download it again",
        )


def _short_warning(num_samples: int, spec: ModelSpec) -> tuple[str, ...]:
    if num_samples >= spec.num_frames:
        return ()
    return (f"shorter than a clip ({num_samples} of {spec.num_frames} samples): it repeats from its start",)
