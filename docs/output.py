"""Draws docs/output.png: frames of a generated video as `i3d classify --annotate` writes them.

Run it as `python docs/output.py stand-in.xml`, with an IR of the stand-in (`i3d stand-in checkpoint`, freeze, convert).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from freeze.stand_in.motion import LABELS, render_motion
from freeze.stand_in.videos import write_video

from i3d_edge import VideoClassifier, annotate_video
from runtime.video import Video

PICTURE = Path(__file__).with_suffix(".png")

MOTIONS = ("warm zoom in", "cool pan left", "warm turn right")
SECONDS_EACH = 4
HEIGHT_PX, WIDTH_PX = 108, 176
SHOWN_AT_S = (2.52, 7.0)
NUM_CLIPS = 7
GAP_PX = 12
_STEPS = 20

UInt8Array = npt.NDArray[np.uint8]


def generated_frames() -> UInt8Array:
    """Return a video of several motions one after the other, shape (F, H, W, 3), uint8, RGB, at 25 fps."""
    size = {"num_frames": 25 * SECONDS_EACH, "height": HEIGHT_PX, "width": WIDTH_PX}
    return np.concatenate([render_motion(LABELS.index(label), (3, 0), **size) for label in MOTIONS])


def compact(picture: UInt8Array) -> UInt8Array:
    """Return a picture in fewer colours, which makes a smaller PNG."""
    return (picture // _STEPS * _STEPS + _STEPS // 2).astype(np.uint8)


def main(model: Path) -> None:
    """Classify, annotate, and put frames side by side."""
    with tempfile.TemporaryDirectory() as folder, VideoClassifier(model) as classifier:
        video, shown = Path(folder, "motions.mp4"), Path(folder, "shown.mp4")
        write_video(video, generated_frames())
        spec = classifier.spec
        answer = classifier.classify(video, num_clips=NUM_CLIPS)
        annotate_video(video, answer, spec.labels, shown, k=3, is_stand_in=spec.is_stand_in)
        wanted = [round(25 * time_s) for time_s in SHOWN_AT_S]
        frames = [frame for _, frame in Video.open(shown).frames(wanted)]
    gap = np.full((frames[0].shape[0], GAP_PX, 3), 255, np.uint8)
    picture = np.concatenate([frames[0], gap, frames[1]], axis=1)
    cv2.imwrite(str(PICTURE), compact(picture)[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
