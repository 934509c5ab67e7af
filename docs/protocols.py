"""Draws docs/protocols.png: what the network sees of a generated video under each protocol, by the code that runs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from accuracy import PRESETS
from runtime import ViewPlan

PICTURE = Path(__file__).with_suffix(".png")

WIDTH, MARGIN, GAP = 1000, 16, 12
SOURCE_FPS, DURATION_S = 30, 10
TEXT, FAINT, INK = (40, 40, 40), (215, 215, 215), (168, 92, 32)
COLOURS = ((168, 92, 32), (40, 120, 40), (40, 40, 190))
FRAME_HEIGHT, FRAME_WIDTH = 256, 454

UInt8Array = npt.NDArray[np.uint8]


def generated_frame() -> UInt8Array:
    """Return a 16:9 frame, RGB, with detail of every size, so that what a resize loses can be seen."""
    rows, columns = np.mgrid[:FRAME_HEIGHT, :FRAME_WIDTH].astype(np.float64)
    frame = np.stack([90 + columns // 30 * 5, 120 + rows // 32 * 8, 200 - columns // 30 * 8], axis=-1)
    from_centre = np.hypot(rows - 128, columns - 227)
    frame[from_centre < 100] = (250, 245, 235)
    rings = (from_centre < 100) & (np.cos(from_centre**2 / 60) > 0)
    frame[rings] = (60, 60, 60)
    for left in (20, 364):
        stripes = (columns >= left) & (columns < left + 70) & (rows >= 60) & (rows < 200) & (columns % 4 < 2)
        frame[stripes] = (20, 20, 60)
    return frame.clip(0, 255).astype(np.uint8)


def write(canvas: UInt8Array, text: str, x: int, y: int, colour: tuple[int, int, int] = TEXT) -> None:
    """Put one line of text on the canvas; `y` is its base line."""
    cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)


def paste(canvas: UInt8Array, picture: UInt8Array, x: int, y: int, title: str) -> None:
    """Put an RGB picture on the canvas, with a title above it."""
    height, width = picture.shape[:2]
    canvas[y : y + height, x : x + width] = picture[..., ::-1]
    write(canvas, title, x, y - 7)


def draw_space(canvas: UInt8Array, top: int) -> int:
    """Draw a frame, where crops lie in it, and the crops; return where the next part begins."""
    frame = generated_frame()
    marked = frame[..., ::-1].copy()
    for left, colour in zip((0, 115, 230), COLOURS, strict=True):
        cv2.rectangle(marked, (left + 1, 17), (left + 222, 238), colour, 2)
    paste(canvas, marked[..., ::-1], MARGIN, top, "source 454 x 256, and three crops of 224 along its longer side")
    plan, omz_plan = ViewPlan(num_frames=79, num_crops=3), PRESETS["omz-2022"].views
    left, middle, right = plan.crops(plan.fitted(frame))
    [omz] = omz_plan.crops(omz_plan.fitted(frame))
    x = MARGIN + FRAME_WIDTH + 2 * GAP
    paste(canvas, middle, x, top, "short side 256, centre crop")
    paste(canvas, omz, x + 224 + 2 * GAP, top, "omz-2022: long side 256, enlarged")
    below = top + FRAME_HEIGHT + 2 * MARGIN
    for number, (crop, name) in enumerate(((left, "left crop"), (right, "right crop"))):
        paste(canvas, crop, MARGIN + number * (224 + GAP), below, f"{name} (10x3)")
    for number, (crop, name) in enumerate(((middle, "the same, enlarged twice"), (omz, "the same, enlarged twice"))):
        detail = cv2.resize(crop[56:168, 56:168], (224, 224), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
        paste(canvas, detail, x + number * (224 + 2 * GAP), below, name)
    return below + 224 + 2 * MARGIN


def draw_time(canvas: UInt8Array, top: int) -> int:
    """Draw which part of a 10 s video each clip shows; return where it ends."""
    left, right = 150, WIDTH - MARGIN
    scale = (right - left) / DURATION_S
    write(canvas, f"clips of a video of {DURATION_S} s at {SOURCE_FPS} fps, one line each", MARGIN, top)
    y = top + GAP
    for name, preset in PRESETS.items():
        if name == "omz-2022-399":
            continue
        plan = preset.views
        rate = plan.rate_fps or SOURCE_FPS
        clips = plan.clips(DURATION_S * rate)
        cv2.rectangle(canvas, (left, y), (right, y + 5 * len(clips) + 6), (246, 246, 246), -1)
        write(canvas, name, MARGIN, y + 12 if len(clips) < 3 else y + 5 * len(clips) // 2 + 7)
        for number, samples in enumerate(clips):
            start, end = samples[0] / rate, (samples[-1] + 1) / rate
            line = y + 5 + 5 * number
            cv2.rectangle(canvas, (left + round(start * scale), line), (left + round(end * scale), line + 2), INK, -1)
        y += max(5 * len(clips), 10) + 12
    for second in range(DURATION_S + 1):
        x = left + round(second * scale)
        cv2.line(canvas, (x, top + GAP), (x, y - 4), FAINT, 1)
        write(canvas, f"{second} s", x - 8 if second < DURATION_S else x - 22, y + 10)
    return y + MARGIN + 4


def main() -> None:
    """Write the picture."""
    canvas = np.full((1200, WIDTH, 3), 255, np.uint8)
    bottom = draw_time(canvas, draw_space(canvas, 2 * MARGIN))
    cv2.imwrite(str(PICTURE), canvas[:bottom], [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
