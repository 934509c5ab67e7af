"""Draws on pictures where a network saw a class: orange speaks for it, blue against it."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.runtime.activation import Explanation
from i3d_edge.runtime.show.palette import ON_DARK, OTHER
from i3d_edge.runtime.views.plan import ViewPlan

_AGAINST, _FOR = (np.array(colour, np.uint8) for colour in ON_DARK[:2])
_STRONGEST = 0.75
"""Share of the colour in a picture where a map has its largest value; one scale holds for a whole video."""


def heated(picture: UInt8Array, time_s: float, explanation: Explanation) -> UInt8Array:
    """Return a picture of a video with its heat, and thin frames round what the network was shown.

    Where several views show a place at that moment, their mean counts. A picture that none shows is returned as it is.
    Pictures have the shape (H, W, 3), uint8, RGB 0..255, and are upright, of any size.
    """
    total, count = np.zeros((2, *picture.shape[:2]), np.float32)
    boxes = []
    for crop, own in explanation.at(time_s):
        *box, step = crop_boxes(explanation.plan, *picture.shape[:2])[crop]
        count[*box] += 1
        total[*box] += cv2.resize(own[:, ::step].copy(), count[*box].shape[::-1])
        boxes.append(box)
    if not boxes:
        return picture
    mean = total / np.maximum(count, 1)
    share = np.abs(mean) * np.float32(_STRONGEST / (explanation.peak or 1.0))
    colour = np.where(mean[..., np.newaxis] > 0, _FOR, _AGAINST)
    drawn = np.asarray(cv2.blendLinear(picture, colour, 1 - share, share), np.uint8)
    for rows, columns in boxes:
        corners = (columns.start, rows.start), (columns.stop - 1, rows.stop - 1)
        cv2.rectangle(drawn, *corners, OTHER, max(1, len(picture) // 360))
    return drawn


@lru_cache(maxsize=16)
def crop_boxes(plan: ViewPlan, height: int, width: int) -> list[tuple[slice, slice, int]]:
    """Return which rows and columns of upright pictures of a size each crop shows, and -1 if it mirrors them, or 1.

    Example:
        The centre of 680 x 512 (W x H), 224 x 224 after a resize to 256: rows 32 to 479, columns 116 to 563.
    """
    fitted = plan.fitted(np.zeros((height, width, 3), np.uint8)).shape[:2]
    places: Any = np.indices(fitted).transpose(1, 2, 0)  # each pixel's row and column, cropped as pictures are
    boxes = []
    for crop in plan.crops(places):
        ends = np.add(np.sort(crop[[0, -1], [0, -1]], axis=0), [[0], [1]])
        (top, left), (bottom, right) = ends / fitted * (height, width)
        step = 1 if crop[0, 0, 1] <= crop[0, -1, 1] else -1
        boxes.append((slice(round(top), round(bottom)), slice(round(left), round(right)), step))
    return boxes
