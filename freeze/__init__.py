"""Checkpoint -> frozen graph. Part of i3d-edge; the only room that imports TensorFlow, to make or run a graph."""

from i3d_edge.freeze.checkpoint import Checkpoint as Checkpoint
from i3d_edge.freeze.checkpoint import open_checkpoint as open_checkpoint
from i3d_edge.freeze.fetch import fetch_checkpoint as fetch_checkpoint
from i3d_edge.freeze.freezing import freeze_checkpoint as freeze_checkpoint
