"""Frozen graph -> OpenVINO IR, with a proof of parity. Part of i3d-edge; needs no TensorFlow."""

from convert.conversion import ConversionReport as ConversionReport
from convert.conversion import convert_graph as convert_graph
from convert.parity import ParityReport as ParityReport
