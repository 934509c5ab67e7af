"""`python -m i3d_edge.freeze`: the same as `i3d freeze`."""

from i3d_edge.cli.freeze import freeze

freeze(prog_name="python -m i3d_edge.freeze")
