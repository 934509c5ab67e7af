"""`python -m i3d_edge.runtime`: the same as `i3d classify`."""

from i3d_edge.cli.classify import classify

classify(prog_name="python -m i3d_edge.runtime")
