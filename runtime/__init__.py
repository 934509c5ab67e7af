"""Video -> clip -> prediction, on any OpenVINO device. Part of i3d-edge; needs no TensorFlow."""

from runtime.classifier import VideoClassifier as VideoClassifier
from runtime.clip import Clip as Clip
from runtime.clip import VideoClips as VideoClips
from runtime.clip import read_clips as read_clips
from runtime.clip import require_rgb as require_rgb
from runtime.decoding import DecodePool as DecodePool
from runtime.decoding import Restart as Restart
from runtime.decoding import VideoFeed as VideoFeed
from runtime.engine import Engine as Engine
from runtime.ir import read_ir as read_ir
from runtime.prediction import Classification as Classification
from runtime.prediction import Prediction as Prediction
from runtime.prediction import View as View
from runtime.sources import VIDEO_SUFFIXES as VIDEO_SUFFIXES
from runtime.sources import Source as Source
from runtime.sources import find_sources as find_sources
from runtime.sources import open_source as open_source
from runtime.video import ShortcutError as ShortcutError
from runtime.views import FrameSource as FrameSource
from runtime.views import ViewPlan as ViewPlan
from runtime.views import ViewReader as ViewReader
