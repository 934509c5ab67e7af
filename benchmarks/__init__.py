"""Speed beside what a user would pick instead, measured in one run. Part of i3d-edge; not in its wheel."""
