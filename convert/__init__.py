"""Frozen graph -> OpenVINO IR. Part of i3d-edge."""

from i3d_edge import _telemetry

_telemetry.switch_off()

from convert.conversion import ConversionReport as ConversionReport  # noqa: E402
from convert.conversion import convert_graph as convert_graph  # noqa: E402
from convert.graph_def import read_graph_def as read_graph_def  # noqa: E402
from convert.parity import ParityReport as ParityReport  # noqa: E402
