"""Frames in an array, or in an .npy file, as a source of views; and what is wrong with an array that is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from i3d_edge.core.arrays import Array, UInt8Array, map_array
from i3d_edge.core.errors import ClipShapeError, VideoOpenError
from i3d_edge.core.normalisation import bounds, denormalised
from i3d_edge.core.port import Port
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.text import short_reason
from i3d_edge.runtime.frames.frame_source import FrameSource
from i3d_edge.runtime.frames.timeline import Timeline

# How far from a whole grey level a float may lie without a word, in grey levels: what float16 costs.
_TOLERANCE = 0.07
# Mean and standard deviation that networks trained on ImageNet take give values up to this.
_LARGEST_STANDARDISED = 3.0
_PIXELS_HINT = 'these look like pixels, 0..255: save them with .astype("uint8")'


@dataclass(kw_only=True)
class ClipArray(FrameSource):
    """Frames that are decoded, and sampled at the rate that the model takes; one a second if it takes source frames."""

    frames_array: Array  # shape (F, H, W, 3), RGB; uint8, 0..255, or floats, normalised as the model's input is
    port: Port  # the model's RGB input

    @classmethod
    def of(cls, frames: Array, spec: ModelSpec, *, path: Path | None = None) -> ClipArray:
        """Take an array of shape (F, H, W, 3) or (1, F, H, W, 3), RGB, for frames.

        Either uint8, 0..255, of any height and width; or floats, normalised as the model's input is: in [-1, 1] for
        I3D. Frames of the network's own size are taken as they are. `path` is for messages.
        Raises ClipShapeError if it has another shape, dtype or range; says which it looks like.
        """
        subject = "frames" if path is None else f"clip {str(path)!r}"
        frames = frames[0] if frames.ndim == 5 and len(frames) == 1 else frames
        port = _rgb_port(spec)
        least, most = bounds(port)
        interval = f"[{least:.4g}, {most:.4g}]"
        is_numeric = frames.dtype == np.uint8 or np.issubdtype(frames.dtype, np.floating)
        if frames.ndim != 4 or frames.shape[-1] != 3 or not frames.size or not is_numeric:
            raise ClipShapeError(
                f"{subject} must be pixels, uint8, or floats in {interval}, of shape (F, H, W, 3); "
                f"got {frames.shape} {frames.dtype}",
                hint=_layout_hint(frames),
            )
        if frames.dtype != np.uint8:
            lowest, highest = float(frames.min()), float(frames.max())
            looks_unsigned = least < 0 and 0 <= lowest < highest
            if not (lowest >= least and highest <= most) or looks_unsigned:
                raise ClipShapeError(
                    f"the floats of {subject} must be in {interval}; got {lowest:.4g} to {highest:.4g}",
                    hint=_range_hint(lowest, highest),
                )
        timeline = Timeline(tuple(range(len(frames))), len(frames), 1 / (spec.frame_rate_fps or Fraction(1)))
        is_cropped = frames.shape[1:3] == spec.crop_px
        return cls(path or Path("frames"), timeline, is_cropped=is_cropped, frames_array=frames, port=port)

    @classmethod
    def open(cls, path: Path, spec: ModelSpec) -> ClipArray:
        """Open an .npy file; its frames are read as they are needed.

        Raises:
            VideoOpenError: If it is absent or no array.
            ClipShapeError: As `of` raises it.
        """
        try:
            frames = map_array(path)
        except (OSError, ValueError) as error:
            raise VideoOpenError(f"cannot read clip {str(path)!r} as a NumPy array: {short_reason(error)}") from error
        return cls.of(frames, spec, path=path)

    def frames(self, wanted: Sequence[int]) -> Iterator[tuple[int, UInt8Array]]:
        """Yield frames, see `FrameSource.frames`; floats become the nearest grey level, with a warning if it is far."""
        distance = 0.0
        for index in wanted:
            frame = np.asarray(self.frames_array[index])
            if frame.dtype != np.uint8:
                pixels = denormalised(frame.astype(np.float32), self.port)
                frame = np.rint(pixels)
                distance = max(distance, float(np.abs(pixels - frame).max()))
            yield index, frame.astype(np.uint8, copy=False)
        if distance > _TOLERANCE:
            self.warnings.append(f"floats lie up to {distance:.2f} beside whole grey levels: they are rounded")


def _rgb_port(spec: ModelSpec) -> Port:
    """Return a model's RGB input; of a model of flow alone, one that takes pixels as its flow input takes steps."""
    port = min(spec.inputs.values(), key=lambda port: port.stream == "flow")
    return port if port.stream == "rgb" else Port(stream="rgb", mean=port.mean[:1] * 3, scale=port.scale[:1] * 3)


def _layout_hint(frames: Array) -> str | None:
    if not frames.size:
        return "it holds no frame"
    if frames.ndim == 5:
        return f"this looks like {len(frames)} clips: give one at a time"
    if frames.ndim == 4 and frames.shape[-1] != 3:
        if frames.shape[1] == 3:
            return "this looks like FCHW: transpose it by (0, 2, 3, 1)"
        return "this looks like CFHW: transpose it by (1, 2, 3, 0)" if frames.shape[0] == 3 else None
    is_bytes = (
        frames.ndim == 4 and np.issubdtype(frames.dtype, np.integer) and frames.min() >= 0 and frames.max() <= 255
    )
    return _PIXELS_HINT if is_bytes else None


def _range_hint(lowest: float, highest: float) -> str | None:
    if not np.isfinite([lowest, highest]).all():
        return "some are not finite numbers"
    if lowest >= 0 and highest <= 1:
        return 'these look like [0, 1]: make pixels of them with (255 * x).round().astype("uint8")'
    if lowest >= 0 and highest <= 255:
        return _PIXELS_HINT
    if -_LARGEST_STANDARDISED < lowest < 0 and highest < _LARGEST_STANDARDISED:
        return "these look normalised by another mean and scale: undo that"
    return None
