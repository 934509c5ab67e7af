"""A picture of a clip."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import cv2

from i3d_edge.core.errors import EmptyVideoError, NoVideoStreamError, VideoOpenError
from i3d_edge.runtime.frames.container import open_file, picture_stream, pixel_aspect
from i3d_edge.runtime.frames.rgb import RgbConverter

_QUALITY = 85
_MOST_DECODED = 300
"""Frames after a keyframe: some cameras send one a minute, and the decoder must not take the CPU for so long."""


def snapshot(clip: Path, at_s: float) -> bytes:
    """Return the frame on display at a time of a clip, upright, as a JPEG.

    Raises:
        I3DError: If no frame can be decoded.
        OSError: If the file cannot be opened, or is damaged.
    """
    with open_file(clip) as container:
        stream = picture_stream(container, "clip", absent=NoVideoStreamError, unreadable=VideoOpenError)
        assert stream.time_base is not None
        container.seek(int(at_s / stream.time_base), stream=stream, backward=True)
        shown = None
        for frame in islice(container.decode(stream), _MOST_DECODED):
            if shown is not None and frame.time is not None and frame.time > at_s:
                break
            shown = frame
        if shown is None:
            raise EmptyVideoError("no frame of the clip can be decoded")
        picture = cv2.cvtColor(RgbConverter(pixel_aspect(stream))(shown), cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes()
