"""Fixtures: an untrained I3D with short clips, quick to freeze, convert and run; and the shared data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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


@pytest.fixture(scope="session")
def checkpoint_prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained checkpoint in DeepMind's format: every variable random."""
    from checkpoints import random_values, save

    from i3d_edge.freeze import inception_i3d

    values = random_values(inception_i3d.variable_shapes(3, 400))
    prefix = tmp_path_factory.mktemp("checkpoint") / "model.ckpt"
    return save(prefix, {f"RGB/inception_i3d/{name}": value for name, value in values.items()})


@pytest.fixture(scope="session")
def graph_path(checkpoint_prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That checkpoint as a frozen graph of short clips."""
    from i3d_edge.freeze import freeze_checkpoint, open_checkpoint

    path = tmp_path_factory.mktemp("graph") / "short.pb"
    freeze_checkpoint(open_checkpoint(checkpoint_prefix), path, num_frames=SHORT_CLIP)
    return path


@pytest.fixture(scope="session")
def ir_path(graph_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That graph as an IR, unchecked."""
    from i3d_edge.convert import convert_graph

    path = tmp_path_factory.mktemp("ir") / "short.xml"
    convert_graph(graph_path, path)
    return path
