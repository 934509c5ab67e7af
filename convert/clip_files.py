"""Clips to compare stages on: generated ones, cut from videos, or arrays that some other program prepared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from i3d_edge.convert.parity import moving_clip, noise_clip, normalise
from i3d_edge.convert.stage import Feeds
from i3d_edge.core.errors import ClipShapeError
from i3d_edge.core.spec import INPUT_NAME, NUM_CHANNELS, ModelSpec
from i3d_edge.runtime import read_clips, read_prepared, require_rgb

Float32Array = npt.NDArray[np.float32]

_ARRAY = ".npy"


def generated_clips(spec: ModelSpec) -> Mapping[str, Feeds]:
    """Return one clip that moves and one of noise, for every input of a model."""
    makers = {"moving": moving_clip, "noise": noise_clip}
    return {title: {name: normalise(make(spec, name), spec) for name in spec.inputs} for title, make in makers.items()}


def read_clip_files(paths: Sequence[Path], spec: ModelSpec, *, num_clips: int = 1) -> Mapping[str, Feeds]:
    """Read clips from videos, from .npy arrays, and from folders of either.

    An array is one clip as the network would be given it: axes in any usual order, told apart by their lengths, with or
    without a first one of length 1; uint8 0..255, or floats, which are taken as they are: in [-1, 1] if they are right.
    A GIF with just the frames that the model takes, as kinetics-i3d shows its sample, is one clip too.

    Args:
        paths: Files and folders.
        spec: The model's, of one RGB input.
        num_clips: Clips of each video, spread over it.

    Returns:
        By name, the file's stem; "stem#2" for a video's third clip.

    Raises:
        ClipShapeError: If the model takes flow, an array is not one clip, or there is no clip.
        VideoError: If a video cannot be used.
    """
    require_rgb(spec)
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    clips: dict[str, Feeds] = {}
    for file in files:
        if file.suffix == _ARRAY:
            clips[file.stem] = {INPUT_NAME: _read_array(file, spec)}
            continue
        if (frames := read_prepared(file, spec)) is not None:
            clips[file.stem] = {INPUT_NAME: normalise(frames[np.newaxis], spec)}
            continue
        for number, clip in enumerate(read_clips(file, spec, num_clips=num_clips).clips):
            name = file.stem if num_clips == 1 else f"{file.stem}#{number}"
            clips[name] = {INPUT_NAME: normalise(clip.frames[np.newaxis], spec)}
    if not clips:
        raise ClipShapeError(f"clips must be at least one file; got none in {', '.join(map(str, paths))}")
    return clips


def match_clips(clips: Mapping[str, Feeds], others: Mapping[str, Feeds]) -> Mapping[str, Feeds]:
    """Return of the second clips those of the first ones' names.

    Raises:
        ClipShapeError: If one is absent.
    """
    if missing := sorted(set(clips) - set(others)):
        raise ClipShapeError(
            f"second clips must have the first ones' names; there is no {missing[0]!r}",
            hint=f"there are: {', '.join(sorted(others))}",
        )
    return {name: others[name] for name in clips}


def _read_array(path: Path, spec: ModelSpec) -> Float32Array:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ClipShapeError(f"clip {str(path)!r} must be a NumPy array; got {error}") from error
    expected = f"{spec.num_frames} frames of {spec.crop_px} x {spec.crop_px} in {NUM_CHANNELS['rgb']} channels"
    clip = array[0] if array.ndim == 5 and array.shape[0] == 1 else array
    lengths = {"D": spec.num_frames, "C": NUM_CHANNELS["rgb"], "H": spec.crop_px, "W": spec.crop_px}
    layout = next(
        (order for order in ("DHWC", "DCHW", "CDHW") if clip.shape == tuple(lengths[axis] for axis in order)), None
    )
    if layout is None or not (clip.dtype == np.uint8 or np.issubdtype(clip.dtype, np.floating)):
        raise ClipShapeError(f"clip {str(path)!r} must be {expected}, uint8 or float; got {array.shape} {array.dtype}")
    ordered = clip.transpose(tuple(layout.index(axis) for axis in "DHWC"))[np.newaxis]
    return normalise(ordered, spec) if clip.dtype == np.uint8 else np.ascontiguousarray(ordered, np.float32)
