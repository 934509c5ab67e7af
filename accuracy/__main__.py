"""`python -m i3d_edge.accuracy`: the same as `i3d accuracy`."""

from i3d_edge.cli.accuracy import accuracy

accuracy(prog_name="python -m i3d_edge.accuracy")
