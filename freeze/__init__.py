"""Checkpoint -> frozen graph. Part of i3d-edge; the only room that imports TensorFlow, to make or run a graph."""

from importlib import import_module
from typing import TYPE_CHECKING

from freeze.checkpoint import Checkpoint as Checkpoint
from freeze.checkpoint import open_checkpoint as open_checkpoint

if TYPE_CHECKING:
    from freeze.fetch import fetch_checkpoint as fetch_checkpoint
    from freeze.freezing import FrozenGraphSummary as FrozenGraphSummary
    from freeze.freezing import freeze_checkpoint as freeze_checkpoint
    from freeze.frozen_graph import FrozenGraph as FrozenGraph
    from freeze.frozen_graph import run_frozen_graph as run_frozen_graph

_FILE_OF = {
    "FrozenGraph": "frozen_graph",
    "FrozenGraphSummary": "freezing",
    "fetch_checkpoint": "fetch",
    "freeze_checkpoint": "freezing",
    "run_frozen_graph": "frozen_graph",
}


def __getattr__(name: str) -> object:
    if name in _FILE_OF:
        return getattr(import_module(f"freeze.{_FILE_OF[name]}"), name)
    raise AttributeError(f"module 'freeze' has no attribute {name!r}")
