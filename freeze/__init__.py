"""Checkpoint -> frozen graph. Part of i3d-edge; the only room that imports TensorFlow, to make or run a graph."""

from importlib import import_module
from typing import TYPE_CHECKING

from i3d_edge.freeze.checkpoint import Checkpoint as Checkpoint
from i3d_edge.freeze.checkpoint import open_checkpoint as open_checkpoint

if TYPE_CHECKING:
    from i3d_edge.freeze.fetch import fetch_checkpoint as fetch_checkpoint
    from i3d_edge.freeze.freezing import FrozenGraphSummary as FrozenGraphSummary
    from i3d_edge.freeze.freezing import freeze_checkpoint as freeze_checkpoint
    from i3d_edge.freeze.frozen_graph import FrozenGraph as FrozenGraph
    from i3d_edge.freeze.frozen_graph import run_frozen_graph as run_frozen_graph
    from i3d_edge.freeze.hub_module import HubModule as HubModule

_FILE_OF = {
    "FrozenGraph": "frozen_graph",
    "FrozenGraphSummary": "freezing",
    "HubModule": "hub_module",
    "fetch_checkpoint": "fetch",
    "freeze_checkpoint": "freezing",
    "run_frozen_graph": "frozen_graph",
}


def __getattr__(name: str) -> object:
    if name in _FILE_OF:
        return getattr(import_module(f"i3d_edge.freeze.{_FILE_OF[name]}"), name)
    raise AttributeError(f"module 'i3d_edge.freeze' has no attribute {name!r}")
