"""Files of weights: what is read, and what is refused."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from weights import Call, Global, mxnet_params, torch_legacy, torch_zip

from i3d_edge.convert.weights import read_weights
from i3d_edge.core.errors import (
    CheckpointDamagedError,
    CheckpointError,
    CheckpointFormError,
    CheckpointMissingError,
    CheckpointVariablesError,
)

BASE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
TENSORS = {
    "float": BASE,
    "double": np.linspace(0, 1, 5),
    "half": np.array([1.5, -2], np.float16),
    "count": np.array(7, np.int64),
    "transposed": BASE.transpose(2, 0, 1),
    "part": BASE[1:, :, 1:3],
    "none": np.zeros((0, 3), np.float32),
}
WRITERS = {
    "zip": (".pth", torch_zip),
    "legacy": (".pth", torch_legacy),
    **{f"params {version}": (".params", lambda data, v=version: mxnet_params(data, v)) for version in (0, 1, 2, 3)},
}


@pytest.mark.parametrize("form", WRITERS)
def test_tensors_are_read(tmp_path: Path, form: str) -> None:
    suffix, write = WRITERS[form]
    path = tmp_path / f"w{suffix}"
    tensors = {name: values for name, values in TENSORS.items() if form != "params 0" or values.ndim}
    path.write_bytes(write(tensors))
    found = read_weights(path).tensors
    assert found.keys() == tensors.keys()
    for name, values in tensors.items():
        expected = values.astype(np.float32) if values.dtype.kind == "f" else values
        assert found[name].dtype == expected.dtype
        np.testing.assert_array_equal(found[name], expected)


def test_bfloat16_is_widened(tmp_path: Path) -> None:
    values = np.array([1, -2.5, 3e38], np.float32)
    (tmp_path / "w.pth").write_bytes(torch_zip({"w": (values.view(np.uint32) >> 16).astype(np.uint16)}))
    np.testing.assert_allclose(read_weights(tmp_path / "w.pth").tensors["w"], values, rtol=0.01)


def test_names_of_exported_arrays(tmp_path: Path) -> None:
    (tmp_path / "w.params").write_bytes(mxnet_params({"arg:a": BASE, "aux:b": BASE}))
    assert read_weights(tmp_path / "w.params").tensors.keys() == {"a", "b"}


def test_notes_beside_the_weights_do_nothing(tmp_path: Path) -> None:
    scalar = Call(Global("numpy.core.multiarray", "scalar"), Call(Global("numpy", "dtype"), "f8"), b"\0" * 8)
    config = Call(Global("mmengine.config.config", "Config"), {"a": 1})
    path = tmp_path / "w.pth"
    path.write_bytes(torch_zip({"w": BASE}, meta={"epoch": scalar, "cfg": config, "seen": {1, 2}}))
    assert read_weights(path).tensors.keys() == {"w"}


@pytest.mark.parametrize("write", [torch_zip, torch_legacy])
@pytest.mark.parametrize(
    ("module", "name"), [("posix", "system"), ("builtins", "eval"), ("subprocess", "Popen"), ("os", "system")]
)
def test_code_is_refused_and_not_run(
    tmp_path: Path, module: str, name: str, write: Callable[[dict[str, object]], bytes]
) -> None:
    path, mark = tmp_path / "w.pth", tmp_path / "mark"
    path.write_bytes(write({"w": Call(Global(module, name), f"touch {mark}")}))
    with pytest.raises(CheckpointFormError) as caught:
        read_weights(path)
    assert f"it asks for {module}.{name}, and nothing but tensors is read from a pickle" in caught.value.message
    assert not mark.exists()


PARAMS, ZIP, LEGACY = mxnet_params(TENSORS), torch_zip(TENSORS), torch_legacy(TENSORS)
BROKEN: dict[str, tuple[str, bytes, type[CheckpointError], str]] = {
    "empty": (".pth", b"", CheckpointFormError, "it starts neither as a ZIP nor as a pickle"),
    "text": (".pth", b"hello", CheckpointFormError, "it starts neither as a ZIP nor as a pickle"),
    "a page": (".pth", b"<!DOCTYPE html><html>", CheckpointFormError, "is a web page"),
    "half a ZIP": (".pth", ZIP[: len(ZIP) // 2], CheckpointDamagedError, "its ZIP has no end: it is cut off"),
    "a changed ZIP": (".pth", ZIP.replace(BASE.tobytes(), bytes(96)), CheckpointDamagedError, "Bad CRC-32"),
    "another ZIP": (
        ".pth",
        torch_zip({}).replace(b"data.pkl", b"data.txt"),
        CheckpointFormError,
        "without one data.pkl",
    ),
    "compressed": (".pth", torch_zip(TENSORS, compressed=True), CheckpointFormError, "a ZIP of compressed files"),
    "half a legacy file": (".pth", LEGACY[:-44], CheckpointDamagedError, "4 numbers instead of 5"),
    "another pickle": (".pth", pickle.dumps({"a": 1}, 2), CheckpointFormError, "a pickle, but not PyTorch's"),
    "a large memo": (".pth", b"\x80\x02K\x01r\xff\xff\xff\xff.", CheckpointFormError, "not PyTorch's"),
    "a step out": (
        ".pth",
        torch_legacy({"w": BASE}).replace(b"K\x0cK\x04K\x01", b"K\x0dK\x04K\x01"),
        CheckpointDamagedError,
        "does not lie in its storage",
    ),
    "not MXNet's": (".params", b"hello", CheckpointFormError, "it does not start as one"),
    "half of MXNet's": (".params", PARAMS[: len(PARAMS) // 2], CheckpointDamagedError, "are damaged"),
    "many axes": (
        ".params",
        struct.pack("<QQQI", 0x112, 0, 1, 0xFFFFFFF0) + bytes(64),
        CheckpointDamagedError,
        "an array of 4294967280 axes",
    ),
    "huge": (
        ".params",
        struct.pack("<QQQIiIqqiii", 0x112, 0, 1, 0xF993FAC9, 0, 2, 2**62, 2**62, 1, 0, 0),
        CheckpointDamagedError,
        "are damaged",
    ),
    "negative": (
        ".params",
        struct.pack("<QQQIiIqiii", 0x112, 0, 1, 0xF993FAC9, 0, 1, -1, 1, 0, 0),
        CheckpointDamagedError,
        "an array of shape (-1,)",
    ),
    "sparse": (".params", struct.pack("<QQQIi", 0x112, 0, 1, 0xF993FAC9, 1), CheckpointFormError, "a sparse array"),
    "another type": (
        ".params",
        struct.pack("<QQQIiIiii", 0x112, 0, 1, 0xF993FAC9, 0, 0, 1, 0, 12),
        CheckpointFormError,
        "the unknown type 12",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_are_refused(tmp_path: Path, case: str) -> None:
    suffix, data, kind, message = BROKEN[case]
    path = tmp_path / f"w{suffix}"
    path.write_bytes(data)
    with pytest.raises(CheckpointError) as caught:
        read_weights(path)
    assert type(caught.value) is kind
    assert message in caught.value.message
    assert str(path) in caught.value.message


@pytest.mark.parametrize(("suffix", "data"), [(".pth", ZIP), (".pth", LEGACY), (".params", PARAMS)])
def test_no_cut_goes_unnoticed(tmp_path: Path, suffix: str, data: bytes) -> None:
    path = tmp_path / f"w{suffix}"
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(CheckpointError):
            read_weights(path)


def test_no_change_is_carried_out(tmp_path: Path) -> None:
    """Bytes of a pickle are changed one by one: what comes of it is tensors or an error of ours."""
    data = torch_legacy({"w": BASE})
    path, end = tmp_path / "w.pth", data.index(BASE.tobytes())
    rng = np.random.default_rng(1)
    for place in range(end):
        changed = bytearray(data)
        changed[place] = rng.integers(256)
        path.write_bytes(changed)
        try:
            read_weights(path)
        except CheckpointError as error:
            assert not isinstance(error, CheckpointVariablesError)  # noqa: PT017


def test_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointMissingError, match="No such file"):
        read_weights(tmp_path / "none.pth")
