"""Small lossless videos whose frame number can be read back, so that frame order is provable."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 12
"""Frames are numbered by twelve vertical stripes, black for 0 and white for 1, lowest bit on the left."""


def numbered_frame(number: int, height: int = 240, width: int = 320) -> np.ndarray:
    """Return a frame, shape (H, W, 3), uint8, that encodes its number."""
    edges = np.linspace(0, width, BITS + 1).astype(int)
    row = np.zeros(width, np.uint8)
    for bit in range(BITS):
        row[edges[bit] : edges[bit + 1]] = 255 * (number >> bit & 1)
    return np.repeat(np.tile(row, (height, 1))[..., np.newaxis], 3, axis=-1)


def read_number(frame: np.ndarray) -> int:
    """Read the number from a whole frame."""
    centres = (np.arange(BITS) + 0.5) / BITS * frame.shape[1]
    return sum(int(frame[frame.shape[0] // 2, int(x), 1] > 127) << bit for bit, x in enumerate(centres))


def read_cropped_number(frame: np.ndarray, resized_width: int = 341) -> int:
    """Read the number from the central crop of a 320 x 240 frame resized to 341 x 256.

    The crop shows columns 58 to 281 of 341, so the outer stripes are cut off: bits 2 to 9 are read.
    """
    left = (resized_width - frame.shape[1]) // 2
    centres = (np.arange(BITS) + 0.5) / BITS * resized_width - left
    return sum(int(frame[frame.shape[0] // 2, int(centres[bit]), 1] > 127) << bit for bit in range(2, 10))


def write_video(
    path: Path,
    frames: list[np.ndarray],
    *,
    ticks: list[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    rate: int | Fraction = 25,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    rotation: int | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Encode frames, lossless unless `options` say otherwise, with the given presentation times."""
    if options is None:
        options = {"qp": "0", "preset": "ultrafast", "g": "10"} if codec == "libx264" else {}
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv444p" if codec == "libx264" else "yuv420p"
        stream.codec_context.time_base = time_base
        if rotation is not None:
            stream.set_display_rotation(rotation)
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.pts, frame.time_base = (index if ticks is None else ticks[index]), time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_numbered(path: Path, num_frames: int, **options: object) -> Path:
    """Write a video of numbered frames; options as for `write_video`."""
    return write_video(path, [numbered_frame(number) for number in range(num_frames)], **options)


def write_gif(path: Path, num_frames: int, size_px: int = 224) -> Path:
    """Write a GIF whose frame n is of one colour, `gif_colour(n)`, 40 ms each."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("gif", rate=25)
        stream.height = stream.width = size_px
        stream.pix_fmt = "rgb8"  # three bits of red, three of green, two of blue
        for number in range(num_frames):
            pixels = np.full((size_px, size_px, 3), gif_colour(number), np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def gif_colour(number: int) -> tuple[int, int, int]:
    """Return a colour that the palette of `write_gif` has, another one for each of 128 frames."""
    return 36 * (number % 8), 36 * (number // 8 % 4), 85 * (number // 32)
