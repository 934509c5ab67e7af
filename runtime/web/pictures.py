"""Pictures of cameras as JPEG, made a few times a second however many ask."""

from __future__ import annotations

import threading
import time

import cv2

from i3d_edge.runtime.watch.box import Box

_FRESH_S = 0.3
_QUALITY = 80


class Pictures:
    """The newest picture of each camera. Thread-safe."""

    def __init__(self, box: Box) -> None:
        self._box, self._lock = box, threading.Lock()
        self._made: dict[tuple[str, int], tuple[float, bytes | None]] = {}

    def jpeg(self, camera: str, width_px: int) -> bytes | None:
        """Return a picture of a width, of which there should be few; None if there is none, or no such camera."""
        with self._lock:
            made_s, data = self._made.get((camera, width_px), (-_FRESH_S, None))
            if time.monotonic() - made_s < _FRESH_S:
                return data
            if camera not in self._box.cameras():
                return None
            picture, data = self._box.picture(camera, width_px), None
            if picture is not None:
                bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
                data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
            self._made[camera, width_px] = time.monotonic(), data
            return data
