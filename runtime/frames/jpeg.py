"""Pictures as JPEG."""

import cv2

from i3d_edge.core.arrays import UInt8Array


def jpeg(pixels: UInt8Array, quality: int) -> bytes:
    """Return a picture, shape (H, W, 3), uint8, RGB 0..255, as a JPEG of a quality from 0 to 100."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()
