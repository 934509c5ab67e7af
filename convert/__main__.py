"""`python -m i3d_edge.convert`: the same as `i3d convert`."""

from i3d_edge.cli.convert import convert

convert(prog_name="python -m i3d_edge.convert")
