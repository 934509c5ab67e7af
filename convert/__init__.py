"""Frozen graph -> OpenVINO IR, with a proof of parity. Part of i3d-edge; needs no TensorFlow."""

from i3d_edge.convert.conversion import ConversionReport as ConversionReport
from i3d_edge.convert.conversion import convert_graph as convert_graph
from i3d_edge.convert.parity import ParityReport as ParityReport
