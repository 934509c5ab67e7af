"""What `cameras.yaml` says, and how it is read."""

from i3d_edge.runtime.settings.cameras import CameraConfig as CameraConfig
from i3d_edge.runtime.settings.cameras import ClipsConfig as ClipsConfig
from i3d_edge.runtime.settings.cameras import MqttConfig as MqttConfig
from i3d_edge.runtime.settings.cameras import RegionConfig as RegionConfig
from i3d_edge.runtime.settings.cameras import TlsConfig as TlsConfig
from i3d_edge.runtime.settings.cameras import WatchConfig as WatchConfig
from i3d_edge.runtime.settings.cameras import WebConfig as WebConfig
from i3d_edge.runtime.settings.cameras import stream_options as stream_options
from i3d_edge.runtime.settings.reading import check_labels as check_labels
from i3d_edge.runtime.settings.reading import config_schema as config_schema
from i3d_edge.runtime.settings.reading import read_config as read_config
