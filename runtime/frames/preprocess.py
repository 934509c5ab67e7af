"""A decoded frame on its way to the network: orientation, resize, crop. All on uint8."""

import math
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from i3d_edge.core.arrays import Array, UInt8Array

Interpolation = Literal[
    "bilinear; area below one half",
    "bilinear",
    "bilinear, by FFmpeg",
    "bilinear, twice",
    "bilinear, twice, not rounded",
]
"""How frames are resized. Those that say "twice" are for `omz_resize`; FFmpeg squeezes the frames of videos before
`resize`, which is left those of other sources."""

_FLOW_X = slice(3, 4)  # the channel of motion to the right, if there is flow

# A display matrix that leaves the frame as it is: 16.16 fixed point, row vectors.
_IDENTITY = (1, 0, 0, 1)


def orient(frame: UInt8Array, display_matrix: npt.NDArray[np.int32]) -> UInt8Array:
    """Turn and mirror a frame, shape (H, W, C), as its display matrix says, by multiples of 90 degrees.

    Nine numbers (a, b, u, c, d, v, x, y, w) show pixel (p, q) at (a p + c q + x, b p + d q + y).

    Source: ISO/IEC 14496-12, the track header's matrix; FFmpeg `libavutil/display.h`.
    """
    a, b, _, c, d = (int(np.sign(value)) for value in display_matrix[:5])
    if (a, b, c, d) == _IDENTITY:
        return frame
    if a == d == 0:
        frame, a, d = frame.transpose(1, 0, 2), c, b
    if a < 0:
        frame = frame[:, ::-1]
    if d < 0:
        frame = frame[::-1]
    return np.ascontiguousarray(frame)


def resized_size(height: int, width: int, short_side_px: int, *, floors: bool = False) -> tuple[int, int]:
    """Return the height and width after a resize of the short side; the long side is rounded half up, or down.

    Example: 320 x 240 (W x H) to 256 -> 341 x 256: 341.33 rounds to 341.
    """
    short, long = min(height, width), max(height, width)
    # Down in the floating point of GluonCV's `ShortSideRescale`: 61 x 7 to 224 -> 1951.
    long_px = int(long / short * short_side_px) if floors else (2 * long * short_side_px + short) // (2 * short)
    return (short_side_px, long_px) if height <= width else (long_px, short_side_px)


def resize(
    frame: UInt8Array, size: tuple[int, int], interpolation: Interpolation = "bilinear; area below one half"
) -> UInt8Array:
    """Resize a frame, shape (H, W, C), uint8, to a height and width.

    Area-averaged where less than half of the size is left, because bilinear then skips pixels, which FFmpeg's does not.

    Source: bilinear from kinetics-i3d's README; area-averaging is our choice.
    """
    if size == frame.shape[:2]:
        return frame
    averages = interpolation != "bilinear" and 2 * min(size) < min(frame.shape[:2])
    method = cv2.INTER_AREA if averages else cv2.INTER_LINEAR
    return cv2.resize(frame, size[::-1], interpolation=method).astype(np.uint8, copy=False)


def centre_crop(frame: UInt8Array, crop_px: tuple[int, int]) -> UInt8Array:
    """Return the central part of a frame, shape (H, W, C); offset (L - crop) // 2 on each axis."""
    top, left = ((length - crop) // 2 for length, crop in zip(frame.shape[:2], crop_px, strict=True))
    return frame[top : top + crop_px[0], left : left + crop_px[1]]


def three_crops(frame: UInt8Array, crop_px: tuple[int, int], *, equidistant: bool = False) -> list[UInt8Array]:
    """Return three parts of a frame, shape (H, W, C): the first, the middle and the last along its longer side.

    Across it all three are centred, and the middle one is `centre_crop`. A square frame counts as wide. `equidistant`
    crops leave an odd pixel beyond the last, as MMAction2's `ThreeCrop` and GluonCV's `VideoThreeCrop` do.
    """
    height, width = frame.shape[:2]
    rooms = (height - crop_px[0], width - crop_px[1])
    longer = 1 if height <= width else 0
    middle = rooms[longer] // 2
    crops = []
    for offset in (0, middle, 2 * middle if equidistant else rooms[longer]):
        top, left = (offset if axis == longer else rooms[axis] // 2 for axis in (0, 1))
        crops.append(frame[top : top + crop_px[0], left : left + crop_px[1]])
    return crops


CROPS = ("centre", "top left", "top right", "bottom left", "bottom right")
TEN_CROPS = (*CROPS, *(f"{name}, mirrored" for name in CROPS))
"""What `ten_crops` returns. Source: the order of the features that XDVioDet and VadCLIP publish."""
_MIRRORED_FLOW = 254  # what a step of flow to the right and its mirror image come to: 127 is no motion


def ten_crops(frame: UInt8Array, crop_px: tuple[int, int]) -> list[UInt8Array]:
    """Return the parts of a frame, (H, W, C), that `TEN_CROPS` names; in a mirror, flow in x changes its sign."""
    height, width = crop_px
    bottom, right = frame.shape[0] - height, frame.shape[1] - width
    corners = [(top, left) for top in (0, bottom) for left in (0, right)]
    crops = [centre_crop(frame, crop_px), *(frame[y : y + height, x : x + width] for y, x in corners)]
    mirrored = [np.array(crop[:, ::-1]) for crop in crops]
    for crop in mirrored:
        motion = crop[..., _FLOW_X]
        motion[...] = _MIRRORED_FLOW - np.minimum(motion, _MIRRORED_FLOW)
    return [*crops, *mirrored]


def omz_resize(
    frame: UInt8Array,
    long_side_px: int,
    crop_px: tuple[int, int],
    interpolation: Interpolation = "bilinear, twice, not rounded",
) -> Array:
    """Resize a frame as Open Model Zoo's accuracy checker does before its centre crop.

    First the whole frame, shape (H, W, C), uint8, is fitted into a square, so that the LONG side has a given length;
    then, where a side is shorter than the crop, it is enlarged until it is not. Both bilinear. As in the checker, the
    second step works on float32, 0..255; with "bilinear, twice" on uint8, as OpenCV does, up to a level darker.
    Example: Crops of 192 x 192: 454 x 256 (W x H) -> 256 x 144 -> 342 x 192.

    Source: Open Model Zoo, accuracy checker, `preprocessor/resize.py` (fit_to_window) and `crop.py`.
    """
    height, width = frame.shape[:2]
    scale = min(long_side_px / height, long_side_px / width)
    small_width, small_height = max(1, int(scale * width)), max(1, int(scale * height))
    small = cv2.resize(frame, (small_width, small_height), interpolation=cv2.INTER_LINEAR)
    enlarged_width, enlarged_height = float(small_width), float(small_height)
    crop_height, crop_width = crop_px
    if enlarged_width < crop_width:
        enlarged_width, enlarged_height = float(crop_width), enlarged_height * crop_width / enlarged_width
    if enlarged_height < crop_height:
        enlarged_width, enlarged_height = enlarged_width * crop_height / enlarged_height, float(crop_height)
    size = (math.ceil(enlarged_width), math.ceil(enlarged_height))
    enlarged: Array = small if interpolation == "bilinear, twice" else small.astype(np.float32)
    if size == (small_width, small_height):
        return enlarged
    return cv2.resize(enlarged, size, interpolation=cv2.INTER_LINEAR)
