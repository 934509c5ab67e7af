"""Checkpoint -> frozen graph. Part of i3d-edge; the only room that imports TensorFlow."""

from freeze.checkpoint import Checkpoint as Checkpoint
from freeze.checkpoint import open_checkpoint as open_checkpoint
from freeze.fetch import fetch_checkpoint as fetch_checkpoint
from freeze.freezing import FrozenGraphSummary as FrozenGraphSummary
from freeze.freezing import freeze_checkpoint as freeze_checkpoint
from freeze.frozen_graph import FrozenGraph as FrozenGraph
from freeze.frozen_graph import run_frozen_graph as run_frozen_graph
