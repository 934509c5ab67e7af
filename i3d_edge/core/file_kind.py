"""What a file is that another program wrote, or that stands for a file: told by its first bytes, else by its name."""

import os
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.reading import open_input

TENSOR_TABLE_END = bytes.fromhex("57fb808b247547db")
"""The last bytes of LevelDB's tables, and so of both kinds of TensorFlow checkpoints."""

WEIGHT_SUFFIXES = (".pth", ".params")
"""How the names of other frameworks' weights end, which `i3d convert` takes: PyTorch's and MXNet's."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file: what it is, with its article, and what to do about it."""

    title: str
    remedy: str


_ELSEWHERE = "`i3d fetch` gets TensorFlow checkpoints; other networks become IRs by OpenVINO's `ovc`"
_OVC = "OpenVINO's `ovc` makes an IR of it, and `i3d convert MODEL.xml --spec SPEC.json` describes that"
_UNPACK = "unpack it, and give the folder or file inside"
GIT_LFS = FileKind("a git-LFS pointer", "run `git lfs pull` in its repository, or `i3d fetch`")
ONNX = FileKind("an ONNX model", "describe it in a JSON file: i3d convert MODEL.onnx --spec SPEC.json -o MODEL.xml")
WEB_PAGE = FileKind("a web page", "download the file itself, not the page that shows it")
PYTORCH = FileKind("a PyTorch file", f"{_ELSEWHERE}; `i3d convert` takes a .pth of MMAction2 or GluonCV")
_KERAS = FileKind("a Keras file", _ELSEWHERE)
_ZIP = FileKind("a ZIP archive", _UNPACK)
_FIRST_TENSORFLOW = FileKind(
    "a TensorFlow checkpoint in the first format (V1)",
    "load it in TensorFlow and save it with tf.compat.v1.train.Saver, whose default is the second",
)

_HEADS = (
    (0, b"version https://git-lfs", GIT_LFS),
    (0, b"<!doctype html", WEB_PAGE),
    (0, b"<html", WEB_PAGE),
    (0, b"\x89hdf\r\n", _KERAS),
    (4, b"tfl3", FileKind("a TensorFlow Lite model", _OVC)),
    (0, b"\x1f\x8b\x08", FileKind("a gzip archive", _UNPACK)),
    (257, b"ustar", FileKind("a tar archive", _UNPACK)),
)
_NAMES = {
    **dict.fromkeys((".pt", ".pth", ".pkl"), PYTORCH),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), _KERAS),
    ".onnx": ONNX,
    ".safetensors": FileKind("a safetensors file", _ELSEWHERE),
    ".npz": FileKind("an archive of NumPy arrays", _ELSEWHERE),
    ".zip": _ZIP,
}


def foreign_kind(path: Path) -> FileKind | None:
    """Return what a file is that i3d-edge does not take, or None for anything else, or if it cannot be read."""
    try:
        with open_input(path) as stream:
            head = stream.read(512)
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(size - len(TENSOR_TABLE_END), 0))
            tail = stream.read()
    except OSError:
        return None
    lowered = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    found = next((kind for place, start, kind in _HEADS if lowered[place:].startswith(start)), None)
    if found is None and tail == TENSOR_TABLE_END and path.suffix != ".index":
        found = _FIRST_TENSORFLOW
    if found is None and head.startswith(b"PK\3\4") and b"/data.pkl" in head:
        found = PYTORCH
    return found or _NAMES.get(path.suffix.lower())
