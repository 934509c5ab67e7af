"""i3d-edge: DeepMind's I3D video-action model on Intel hardware with OpenVINO.

Import from here. What is heavy is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from i3d_edge import _telemetry
from i3d_edge.errors import I3DError as I3DError
from i3d_edge.labels import LabelSet as LabelSet
from i3d_edge.spec import ModelSpec as ModelSpec

if TYPE_CHECKING:
    from convert import convert_graph as convert_graph
    from freeze import freeze_checkpoint as freeze_checkpoint
    from runtime import Classification as Classification
    from runtime import Prediction as Prediction
    from runtime import VideoClassifier as VideoClassifier
    from runtime.live import Event as Event
    from runtime.live import LiveStream as LiveStream
    from runtime.live import StreamOptions as StreamOptions
    from runtime.live import WindowAnswer as WindowAnswer
    from runtime.show import annotate_video as annotate_video
    from runtime.show import write_page as write_page
    from runtime.show import write_table as write_table

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
    "WindowAnswer",
    "annotate_video",
    "convert_graph",
    "freeze_checkpoint",
    "write_page",
    "write_table",
]

_ROOM_OF = {
    "Classification": "runtime",
    "Event": "runtime.live",
    "LiveStream": "runtime.live",
    "Prediction": "runtime",
    "StreamOptions": "runtime.live",
    "VideoClassifier": "runtime",
    "WindowAnswer": "runtime.live",
    "annotate_video": "runtime.show",
    "convert_graph": "convert",
    "freeze_checkpoint": "freeze",
    "write_page": "runtime.show",
    "write_table": "runtime.show",
}

_telemetry.switch_off()


def __getattr__(name: str) -> object:
    if name in _ROOM_OF:
        return getattr(import_module(_ROOM_OF[name]), name)
    raise AttributeError(f"module 'i3d_edge' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
