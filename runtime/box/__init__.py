"""Many cameras, one model: a box of them, and turns between them."""

from i3d_edge.runtime.box.box import LONGEST_TURN_S as LONGEST_TURN_S
from i3d_edge.runtime.box.box import Box as Box
from i3d_edge.runtime.box.camera import CameraPlan as CameraPlan
