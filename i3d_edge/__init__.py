"""i3d-edge: DeepMind's I3D video-action model on Intel hardware with OpenVINO.

Import from here. Everything is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from i3d_edge.core import _telemetry

if TYPE_CHECKING:
    from i3d_edge.api.accuracy import compare_run as compare_run
    from i3d_edge.api.accuracy import run_accuracy as run_accuracy
    from i3d_edge.api.accuracy import write_report as write_report
    from i3d_edge.api.models import bench_models as bench_models
    from i3d_edge.api.models import compare_stages as compare_stages
    from i3d_edge.api.models import convert_graph as convert_graph
    from i3d_edge.api.videos import classify_videos as classify_videos
    from i3d_edge.api.videos import open_stream as open_stream
    from i3d_edge.convert.checkpoints import convert_weights as convert_weights
    from i3d_edge.convert.quantization import quantize_ir as quantize_ir
    from i3d_edge.core.errors import I3DError as I3DError
    from i3d_edge.core.labels import LabelSet as LabelSet
    from i3d_edge.core.spec import ModelSpec as ModelSpec
    from i3d_edge.freeze import freeze_checkpoint as freeze_checkpoint
    from i3d_edge.runtime import Classification as Classification
    from i3d_edge.runtime import Prediction as Prediction
    from i3d_edge.runtime import VideoClassifier as VideoClassifier
    from i3d_edge.runtime import ViewOptions as ViewOptions
    from i3d_edge.runtime.live import Event as Event
    from i3d_edge.runtime.live import LiveStream as LiveStream
    from i3d_edge.runtime.live import StreamOptions as StreamOptions
    from i3d_edge.runtime.live import WindowAnswer as WindowAnswer
    from i3d_edge.runtime.show.annotate import annotate_video as annotate_video
    from i3d_edge.runtime.show.page import write_page as write_page

__all__ = [
    "Classification",
    "Event",
    "I3DError",
    "LabelSet",
    "LiveStream",
    "ModelSpec",
    "Prediction",
    "StreamOptions",
    "VideoClassifier",
    "ViewOptions",
    "WindowAnswer",
    "annotate_video",
    "bench_models",
    "classify_videos",
    "compare_run",
    "compare_stages",
    "convert_graph",
    "convert_weights",
    "freeze_checkpoint",
    "open_stream",
    "quantize_ir",
    "run_accuracy",
    "write_page",
    "write_report",
]

_ROOM_OF = {
    "bench_models": "i3d_edge.api.models",
    "classify_videos": "i3d_edge.api.videos",
    "compare_run": "i3d_edge.api.accuracy",
    "compare_stages": "i3d_edge.api.models",
    "open_stream": "i3d_edge.api.videos",
    "quantize_ir": "i3d_edge.convert.quantization",
    "run_accuracy": "i3d_edge.api.accuracy",
    "write_report": "i3d_edge.api.accuracy",
    "Classification": "i3d_edge.runtime",
    "Event": "i3d_edge.runtime.live",
    "I3DError": "i3d_edge.core.errors",
    "LabelSet": "i3d_edge.core.labels",
    "LiveStream": "i3d_edge.runtime.live",
    "ModelSpec": "i3d_edge.core.spec",
    "Prediction": "i3d_edge.runtime",
    "StreamOptions": "i3d_edge.runtime.live",
    "VideoClassifier": "i3d_edge.runtime",
    "ViewOptions": "i3d_edge.runtime",
    "WindowAnswer": "i3d_edge.runtime.live",
    "annotate_video": "i3d_edge.runtime.show.annotate",
    "convert_graph": "i3d_edge.api.models",
    "convert_weights": "i3d_edge.convert.checkpoints",
    "freeze_checkpoint": "i3d_edge.freeze",
    "write_page": "i3d_edge.runtime.show.page",
}

_telemetry.switch_off()


def __getattr__(name: str) -> object:
    if name in _ROOM_OF:
        return getattr(import_module(_ROOM_OF[name]), name)
    raise AttributeError(f"module 'i3d_edge' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
