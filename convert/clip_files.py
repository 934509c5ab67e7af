"""Clips to compare stages on: cut from videos, or arrays that some other program prepared."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from i3d_edge.convert.parity import Feeds
from i3d_edge.core.arrays import Float32Array, map_array
from i3d_edge.core.errors import ClipShapeError
from i3d_edge.core.files import visible_names
from i3d_edge.core.normalisation import normalised, ordered
from i3d_edge.core.port import Port
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.text import short_reason
from i3d_edge.runtime import read_clips, read_prepared, require_rgb

_ARRAY = ".npy"


def read_clip_files(paths: Sequence[Path], spec: ModelSpec, *, num_clips: int = 1) -> Mapping[str, Feeds]:
    """Read clips, by the file's stem, from videos (the third is "stem#2"), .npy arrays, and folders of either.

    An array is one clip as the network would be given it: axes in any usual order, told apart by their lengths, with or
    without a first one of length 1; uint8 0..255, RGB, or floats, which are taken as they are. A GIF with just the
    frames that the model takes, as DeepMind shows its sample, is one clip too.

    Raises ClipShapeError if the model takes flow, an array is not one clip, or there is no clip; VideoError.
    """
    require_rgb(spec)
    files = [
        file for path in paths for file in ([path / name for name in visible_names(path)] if path.is_dir() else [path])
    ]
    [(input_name, port)] = spec.inputs.items()
    clips: dict[str, Feeds] = {}
    for file in files:
        if file.suffix == _ARRAY:
            clips[file.stem] = {input_name: read_array(file, spec, port)}
            continue
        if (frames := read_prepared(file, spec)) is not None:
            clips[file.stem] = {input_name: normalised(ordered(frames[np.newaxis], port), port)}
            continue
        for number, clip in enumerate(read_clips(file, spec, num_clips=num_clips).clips):
            name = file.stem if num_clips == 1 else f"{file.stem}#{number}"
            clips[name] = {input_name: normalised(ordered(clip.frames[np.newaxis], port), port)}
    if not clips:
        raise ClipShapeError(f"no clip in {', '.join(map(str, paths))}")
    return clips


def match_clips(clips: Mapping[str, Feeds], others: Mapping[str, Feeds]) -> Mapping[str, Feeds]:
    """Return of the second clips those of the first ones' names; raises ClipShapeError if one is absent."""
    if missing := sorted(set(clips) - set(others)):
        raise ClipShapeError(
            f"no second clip named {missing[0]!r}, as one of the first clips is",
            hint=f"there are: {', '.join(sorted(others))}",
        )
    return {name: others[name] for name in clips}


def read_array(path: Path, spec: ModelSpec, port: Port) -> Float32Array:
    """Read a .npy array as what an input of a network takes; see `read_clip_files`."""
    try:
        array = map_array(path)
    except (OSError, ValueError) as error:
        raise ClipShapeError(f"clip {str(path)!r} is no NumPy array: {short_reason(error)}") from error
    height, width = spec.crop_px
    clip = array[0] if array.ndim == 5 and array.shape[0] == 1 else array
    lengths = {"D": spec.num_frames, "C": port.channels, "H": height, "W": width}
    layout = next(
        (order for order in ("DHWC", "DCHW", "CDHW") if clip.shape == tuple(lengths[axis] for axis in order)), None
    )
    if layout is None or not (clip.dtype == np.uint8 or np.issubdtype(clip.dtype, np.floating)):
        raise ClipShapeError(
            f"clip {str(path)!r} is {array.shape} {array.dtype}, not {spec.num_frames} frames of {height} x {width} in "
            f"{port.channels} channels, uint8 or float"
        )
    frames = clip.transpose(tuple(layout.index(axis) for axis in "DHWC"))[np.newaxis]
    is_bytes = clip.dtype == np.uint8
    return normalised(ordered(frames, port), port) if is_bytes else np.ascontiguousarray(frames, np.float32)
