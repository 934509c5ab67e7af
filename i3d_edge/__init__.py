"""i3d-edge: DeepMind's I3D video-action model on Intel hardware with OpenVINO.

Import from here. Everything is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from i3d_edge.core import _telemetry

if TYPE_CHECKING:
    from i3d_edge.accuracy.learn.learning import learn_ir as learn_ir
    from i3d_edge.api.accuracy import compare_run as compare_run
    from i3d_edge.api.accuracy import merge_runs as merge_runs
    from i3d_edge.api.accuracy import run_accuracy as run_accuracy
    from i3d_edge.api.accuracy import write_report as write_report
    from i3d_edge.api.events import replay_events as replay_events
    from i3d_edge.api.events import score_events as score_events
    from i3d_edge.api.events import score_reviews as score_reviews
    from i3d_edge.api.features import FeatureExtractor as FeatureExtractor
    from i3d_edge.api.features import FeatureOptions as FeatureOptions
    from i3d_edge.api.models import bench_models as bench_models
    from i3d_edge.api.models import compare_stages as compare_stages
    from i3d_edge.api.models import convert_graph as convert_graph
    from i3d_edge.api.videos import classify_videos as classify_videos
    from i3d_edge.api.videos import open_stream as open_stream
    from i3d_edge.convert.checkpoints import convert_weights as convert_weights
    from i3d_edge.convert.quantization import quantize_ir as quantize_ir
    from i3d_edge.core.cluster import Cluster as Cluster
    from i3d_edge.core.errors import I3DError as I3DError
    from i3d_edge.core.labels import LabelSet as LabelSet
    from i3d_edge.core.spec import ModelSpec as ModelSpec
    from i3d_edge.freeze import freeze_checkpoint as freeze_checkpoint
    from i3d_edge.runtime import Classification as Classification
    from i3d_edge.runtime import Prediction as Prediction
    from i3d_edge.runtime import VideoClassifier as VideoClassifier
    from i3d_edge.runtime import ViewOptions as ViewOptions
    from i3d_edge.runtime.activation import explain as explain
    from i3d_edge.runtime.live import Event as Event
    from i3d_edge.runtime.live import EventRules as EventRules
    from i3d_edge.runtime.live import LabelRules as LabelRules
    from i3d_edge.runtime.live import LiveStream as LiveStream
    from i3d_edge.runtime.live import StreamOptions as StreamOptions
    from i3d_edge.runtime.live import WindowAnswer as WindowAnswer
    from i3d_edge.runtime.show.annotate import annotate_video as annotate_video
    from i3d_edge.runtime.show.page import write_page as write_page

_NAMES_OF = {
    "i3d_edge.accuracy.learn.learning": ("learn_ir",),
    "i3d_edge.api.accuracy": ("compare_run", "merge_runs", "run_accuracy", "write_report"),
    "i3d_edge.api.events": ("replay_events", "score_events", "score_reviews"),
    "i3d_edge.api.features": ("FeatureExtractor", "FeatureOptions"),
    "i3d_edge.api.models": ("bench_models", "compare_stages", "convert_graph"),
    "i3d_edge.api.videos": ("classify_videos", "open_stream"),
    "i3d_edge.convert.checkpoints": ("convert_weights",),
    "i3d_edge.convert.quantization": ("quantize_ir",),
    "i3d_edge.core.cluster": ("Cluster",),
    "i3d_edge.core.errors": ("I3DError",),
    "i3d_edge.core.labels": ("LabelSet",),
    "i3d_edge.core.spec": ("ModelSpec",),
    "i3d_edge.freeze": ("freeze_checkpoint",),
    "i3d_edge.runtime": ("Classification", "Prediction", "VideoClassifier", "ViewOptions"),
    "i3d_edge.runtime.activation": ("explain",),
    "i3d_edge.runtime.live": ("Event", "EventRules", "LabelRules", "LiveStream", "StreamOptions", "WindowAnswer"),
    "i3d_edge.runtime.show.annotate": ("annotate_video",),
    "i3d_edge.runtime.show.page": ("write_page",),
}
_ROOM_OF = {name: room for room, names in _NAMES_OF.items() for name in names}
__all__ = sorted(_ROOM_OF)

_telemetry.switch_off()


def __getattr__(name: str) -> object:
    if name in _ROOM_OF:
        return getattr(import_module(_ROOM_OF[name]), name)
    raise AttributeError(f"module 'i3d_edge' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
