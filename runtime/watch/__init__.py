"""Many cameras, one model: turns between them, and all that is told of them."""

from i3d_edge.runtime.watch.box import Box as Box
from i3d_edge.runtime.watch.camera import CameraPlan as CameraPlan
from i3d_edge.runtime.watch.service import tell_manager as tell_manager
from i3d_edge.runtime.watch.watch import Watch as Watch
