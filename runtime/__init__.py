"""Video -> clip -> prediction, on any OpenVINO device. Part of i3d-edge; needs no TensorFlow."""

from i3d_edge.runtime.classifier import VideoClassifier as VideoClassifier
from i3d_edge.runtime.frames.frame_source import FrameSource as FrameSource
from i3d_edge.runtime.frames.prepared import read_prepared as read_prepared
from i3d_edge.runtime.frames.sources import VIDEO_SUFFIXES as VIDEO_SUFFIXES
from i3d_edge.runtime.frames.sources import Source as Source
from i3d_edge.runtime.frames.sources import find_sources as find_sources
from i3d_edge.runtime.frames.sources import open_source as open_source
from i3d_edge.runtime.frames.video import ShortcutError as ShortcutError
from i3d_edge.runtime.inference.engine import Engine as Engine
from i3d_edge.runtime.inference.inputs import graph_inputs as graph_inputs
from i3d_edge.runtime.inference.inputs import model_inputs as model_inputs
from i3d_edge.runtime.inference.ir import read_ir as read_ir
from i3d_edge.runtime.prediction import Classification as Classification
from i3d_edge.runtime.prediction import Prediction as Prediction
from i3d_edge.runtime.views.clip import Clip as Clip
from i3d_edge.runtime.views.clip import read_clips as read_clips
from i3d_edge.runtime.views.clip import require_rgb as require_rgb
from i3d_edge.runtime.views.decoding import DecodePool as DecodePool
from i3d_edge.runtime.views.decoding import Restart as Restart
from i3d_edge.runtime.views.decoding import VideoFeed as VideoFeed
from i3d_edge.runtime.views.flow import FlowCost as FlowCost
from i3d_edge.runtime.views.flow import FlowMethod as FlowMethod
from i3d_edge.runtime.views.flow import flow_method as flow_method
from i3d_edge.runtime.views.options import ViewOptions as ViewOptions
from i3d_edge.runtime.views.plan import ViewPlan as ViewPlan
from i3d_edge.runtime.views.plan import ViewReader as ViewReader
