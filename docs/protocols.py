"""Draw docs/images/protocols.png: what the network sees of a video under each protocol, by the code that runs.

Run it as `python docs/protocols.py demo.mp4`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from i3d_edge.accuracy import PRESETS
from i3d_edge.runtime.frames.video import Video

PICTURE = Path(__file__).parent / "images" / "protocols.png"

WIDTH, MARGIN, GAP = 1000, 16, 12
TEXT, FAINT, INK = (40, 40, 40), (215, 215, 215), (168, 92, 32)
COLOURS = ((168, 92, 32), (40, 120, 40), (40, 40, 190))
SHORT_SIDE_PX, CROP_PX = 256, 224
_STEPS = 16
LIKE_ANOTHER = ("omz-2022-399", "mmaction2-dense-10x3", "gluoncv-torch-10x3")
"""Protocols whose clips lie where another one's do, or a frame beside."""

UInt8Array = npt.NDArray[np.uint8]


def compact(picture: UInt8Array) -> UInt8Array:
    """Return a picture in fewer colours, which makes a smaller PNG."""
    return (picture // _STEPS * _STEPS + _STEPS // 2).astype(np.uint8)


def write(canvas: UInt8Array, text: str, x: int, y: int, colour: tuple[int, int, int] = TEXT) -> None:
    """Put one line of text on the canvas; `y` is its base line."""
    cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)


def paste(canvas: UInt8Array, picture: UInt8Array, x: int, y: int, title: str) -> None:
    """Put an RGB picture on the canvas, with a title above it."""
    height, width = picture.shape[:2]
    canvas[y : y + height, x : x + width] = compact(picture)[..., ::-1]
    write(canvas, title, x, y - 7)


def draw_space(canvas: UInt8Array, frame: UInt8Array, top: int) -> int:
    """Draw a frame, where crops lie in it, and the crops; return where the next part begins."""
    plan, omz_plan = PRESETS["10x3"].views, PRESETS["omz-2022"].views
    [omz] = omz_plan.crops(omz_plan.fitted(frame))
    fitted = plan.fitted(frame)
    _, middle, _ = plan.crops(fitted)
    height, width = fitted.shape[:2]
    paste(
        canvas,
        fitted,
        MARGIN,
        top,
        f"short side {SHORT_SIDE_PX}: {width} x {height}, and three crops of it",
    )
    upper = top + (height - CROP_PX) // 2
    for left, colour in zip((0, (width - CROP_PX) // 2, width - CROP_PX), COLOURS, strict=True):
        x = MARGIN + left
        cv2.rectangle(canvas, (x + 1, upper + 1), (x + CROP_PX - 2, upper + CROP_PX - 2), colour, 2)
    x = MARGIN + width + 2 * GAP
    for crop, title in ((middle, "its centre crop"), (omz, "omz-2022: long side 256, enlarged")):
        paste(canvas, crop, x, top, title)
        x += CROP_PX + 2 * GAP
    return top + height + 2 * MARGIN


def draw_time(canvas: UInt8Array, video: Video, top: int) -> int:
    """Draw which part of a video each clip shows; return where it ends."""
    left, right = 150, WIDTH - MARGIN
    timeline = video.timeline
    scale = (right - left) / timeline.duration_s
    about = f"{timeline.duration_s:.1f} s, {timeline.num_frames} frames at {timeline.mean_fps:g} fps"
    write(canvas, f"its clips, one line each: {about}", MARGIN, top)
    y = top + GAP
    for name, preset in PRESETS.items():
        if name in LIKE_ANOTHER:
            continue
        plan = preset.views
        rate = plan.rate_fps or timeline.mean_fps
        clips = plan.clips(timeline.num_frames if plan.rate_fps is None else timeline.num_samples(plan.rate_fps))
        cv2.rectangle(canvas, (left, y), (right, y + 5 * len(clips) + 6), (246, 246, 246), -1)
        write(canvas, name, MARGIN, y + 12 if len(clips) < 3 else y + 5 * len(clips) // 2 + 7)
        for number, samples in enumerate(clips):
            start, end = samples[0] / rate, (samples[-1] + 1) / rate
            line = y + 5 + 5 * number
            cv2.rectangle(canvas, (left + round(start * scale), line), (left + round(end * scale), line + 2), INK, -1)
        y += max(5 * len(clips), 10) + 12
    for second in range(int(timeline.duration_s) + 1):
        x = left + round(second * scale)
        cv2.line(canvas, (x, top + GAP), (x, y - 4), FAINT, 1)
        write(canvas, f"{second} s", x - 8, y + 10)
    return y + MARGIN + 4


def main(path: Path) -> None:
    """Write the picture."""
    video = Video.open(path)
    [(_, frame)] = video.frames([video.timeline.num_frames // 2])
    canvas = np.full((1200, WIDTH, 3), 255, np.uint8)
    bottom = draw_time(canvas, video, draw_space(canvas, frame, 2 * MARGIN))
    cv2.imwrite(str(PICTURE), canvas[:bottom], [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
