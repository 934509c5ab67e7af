"""A GIF that is one clip already, cut and cropped, as kinetics-i3d shows its sample."""

from pathlib import Path

import numpy as np

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.frames.video import Video

_SUFFIX = ".gif"


def read_prepared(path: Path, spec: ModelSpec) -> UInt8Array | None:
    """Read a GIF's frames as they are, if they are just what a model takes.

    A GIF's delays are whole hundredths of a second, so its clock is not that of the footage it shows: cutting it anew
    would drop or repeat frames, and enlarge what was already cropped.

    Return shape (D, H, W, 3), uint8, RGB 0..255, as `spec` has them, or None; raises VideoError if a GIF is damaged.
    """
    if path.suffix.lower() != _SUFFIX:
        return None
    video = Video.open(path, thorough=True)  # frames by their number, whatever the delays say
    if video.timeline.num_frames != spec.num_frames:
        return None
    frames = [frame for _, frame in video.frames(range(spec.num_frames))]
    if frames[0].shape[:2] != spec.crop_px:
        return None
    return np.stack(frames)
