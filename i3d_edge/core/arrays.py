"""Types of arrays, for annotations; and arrays in files."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from i3d_edge.core.reading import require_file

Array = npt.NDArray[Any]
UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.floating[Any]]


def map_array(path: Path) -> Array:
    """Return the array in an .npy file, read as it is needed; raises OSError for no file, ValueError for no array."""
    require_file(path)
    try:
        array: Array = np.lib.format.open_memmap(path, mode="r")
    except OSError:
        raise
    except Exception as error:  # NumPy believes a header, and fails of it in a dozen ways
        raise ValueError(str(error) or type(error).__name__) from error
    return array
