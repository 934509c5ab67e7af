"""Where crops lie in a picture."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from i3d_edge.runtime.views.plan import ViewPlan


@lru_cache(maxsize=16)
def crop_boxes(plan: ViewPlan, height: int, width: int) -> list[tuple[slice, slice]]:
    """Return which rows and columns of upright pictures of a size each crop of a plan shows.

    Example:
        The centre of 680 x 512 (W x H), 224 x 224 after a resize to 256: rows 32 to 479, columns 116 to 563.
    """
    fitted = plan.fitted(np.zeros((height, width, 3), np.uint8)).shape[:2]
    places: Any = np.indices(fitted).transpose(1, 2, 0)  # each pixel's row and column, cropped as pictures are
    boxes = []
    for crop in plan.crops(places):
        edges = np.rint(np.array([crop[0, 0], crop[-1, -1] + 1]) / fitted * (height, width)).astype(int).tolist()
        boxes.append((slice(edges[0][0], edges[1][0]), slice(edges[0][1], edges[1][1])))
    return boxes
