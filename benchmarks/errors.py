"""What can go wrong with a measurement."""

from __future__ import annotations

from i3d_edge.core.errors import I3DError


class BenchmarkError(I3DError):
    """A rival broke off or computes another network, or a result or a page cannot be read."""
