"""Many cameras, one model: turns between them, and all that is told of them."""

from i3d_edge.runtime.watch.box import Box as Box
from i3d_edge.runtime.watch.camera import CameraPlan as CameraPlan
from i3d_edge.runtime.watch.config import WatchConfig as WatchConfig
from i3d_edge.runtime.watch.config_file import check_labels as check_labels
from i3d_edge.runtime.watch.config_file import config_schema as config_schema
from i3d_edge.runtime.watch.config_file import read_config as read_config
from i3d_edge.runtime.watch.service import tell_manager as tell_manager
from i3d_edge.runtime.watch.watch import Watch as Watch
