"""Fixtures: an untrained I3D with short clips, quick to freeze, convert and run; and the shared data."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[1]
SHORT_CLIP = 9
"""Frames of a clip in tests that need the whole network but not its whole length."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip `shared` tests, saying why, where the shared data is absent."""
    folder = shared_folder()
    if folder.is_dir():
        return
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(pytest.mark.skip(reason=f"no test data at {folder} (set I3D_TEST_DATA)"))


def shared_folder() -> Path:
    return Path(os.environ.get("I3D_TEST_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real videos and checkpoints; tests that use it carry the marker `shared`."""
    return shared_folder()


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make a file in a folder of its own, by the first of the processes that share the tests to ask for it."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, write: Callable[[Path], object]) -> Path:
        folder, is_made = root / f"once-{name}", root / f"once-{name}.made"
        with FileLock(root / f"once-{name}.lock"):
            if not is_made.exists():
                folder.mkdir(exist_ok=True)
                write(folder / name)
                is_made.touch()
        return folder / name

    return make


@pytest.fixture(scope="session")
def checkpoint_prefix(once: Once) -> Path:
    """An untrained checkpoint in DeepMind's format: every variable random."""
    from checkpoints import random_values, save

    from i3d_edge.freeze import inception_i3d

    def write(prefix: Path) -> None:
        values = random_values(inception_i3d.variable_shapes(3, 400))
        save(prefix, {f"RGB/inception_i3d/{name}": value for name, value in values.items()})

    return once("model.ckpt", write)


@pytest.fixture(scope="session")
def graph_path(checkpoint_prefix: Path, once: Once) -> Path:
    """That checkpoint as a frozen graph of short clips."""
    from i3d_edge.freeze import freeze_checkpoint, open_checkpoint

    return once(
        "short.pb", lambda path: freeze_checkpoint(open_checkpoint(checkpoint_prefix), path, num_frames=SHORT_CLIP)
    )


@pytest.fixture(scope="session")
def ir_path(graph_path: Path, once: Once) -> Path:
    """That graph as an IR, unchecked."""
    from i3d_edge.convert import convert_graph

    return once("short.xml", lambda path: convert_graph(graph_path, path))


@pytest.fixture(scope="session")
def plain_ir(graph_path: Path, once: Once) -> Path:
    """That graph as an IR whose first convolution is not folded."""
    from i3d_edge.convert import convert_graph

    return once("plain.xml", lambda path: convert_graph(graph_path, path, fold=None))
