"""What can go wrong with a measurement.

I3DError
├── RivalError      a rival that breaks off, or does not compute the same network
└── ResultError     a result file, or a page to write it into, that cannot be read
"""

from __future__ import annotations

from i3d_edge.core.errors import I3DError


class RivalError(I3DError):
    """A rival broke off, or does not compute the same network."""


class ResultError(I3DError):
    """A result file, or a page that its table goes into, cannot be read."""
