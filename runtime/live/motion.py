"""Whether anything moves in a window."""

from __future__ import annotations

import numpy as np

from i3d_edge.core.arrays import UInt8Array

_EVERY_FRAMES, _EVERY_PX = 8, 4
_LEAST_CHANGE = 15
"""Steps of 255; noise of a camera at night stays below it."""


def moving_share(frames: UInt8Array) -> float:
    """Return the largest share of the picture that changes between frames eight apart.

    Args:
        frames: Shape (D, H, W, 3), uint8. Every fourth pixel of the green channel is looked at.

    Returns:
        0 (nothing moves) to 1.
    """
    seen = frames[::_EVERY_FRAMES, ::_EVERY_PX, ::_EVERY_PX, 1].astype(np.int16)
    changes = np.abs(np.diff(seen, axis=0)) >= _LEAST_CHANGE
    return float(changes.mean(axis=(1, 2)).max(initial=0.0))
