"""`python -m i3d_edge`: the same as `i3d`."""

from i3d_edge.cli import main

main(prog_name="i3d")
