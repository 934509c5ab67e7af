"""A box of cameras as a configuration describes it, and all that is told of it."""

from i3d_edge.runtime.watch.service import tell_manager as tell_manager
from i3d_edge.runtime.watch.watch import Watch as Watch
