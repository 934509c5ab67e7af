"""Draw docs/images/output.png: two frames of a video as `i3d classify --hop 25 --annotate` writes them.

Run it as `python docs/output.py demo.mp4 rgb_scratch_int8.xml`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from i3d_edge import VideoClassifier, ViewOptions, annotate_video
from i3d_edge.runtime.frames.video import Video

PICTURE = Path(__file__).parent / "images" / "output.png"

HOP = 25
SHOWN_AT_S = (1.0, 6.7)
WIDTH_PX = 620
GAP_PX = 12
_STEPS = 24

UInt8Array = npt.NDArray[np.uint8]


def compact(frame: UInt8Array) -> UInt8Array:
    """Return a frame smaller and in fewer colours, which makes a smaller PNG."""
    height, width = frame.shape[:2]
    picture = cv2.resize(frame, (WIDTH_PX, round(height * WIDTH_PX / width)), interpolation=cv2.INTER_AREA)
    return (picture // _STEPS * _STEPS + _STEPS // 2).clip(0, 255).astype(np.uint8)


def main(video: Path, model: Path) -> None:
    """Classify, annotate, and put frames one above the other."""
    with tempfile.TemporaryDirectory() as folder, VideoClassifier(model) as classifier:
        answer = classifier.classify(video, ViewOptions(hop=HOP))
        shown = Path(folder, "shown.mp4")
        annotate_video(video, answer, classifier.spec.labels, shown, k=3)
        annotated = Video.open(shown)
        wanted = [round(annotated.timeline.mean_fps * time_s) for time_s in SHOWN_AT_S]
        frames = [compact(frame) for _, frame in annotated.frames(wanted)]
    gap = np.full((GAP_PX, WIDTH_PX, 3), 255, np.uint8)
    picture = np.concatenate([frames[0], gap, frames[1]])
    cv2.imwrite(str(PICTURE), picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
