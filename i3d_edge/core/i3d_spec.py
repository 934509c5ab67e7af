"""What DeepMind's I3D takes and gives, and how ModelSpec described it before it described other networks.

Source of the numbers: google-deepmind/kinetics-i3d, `evaluate_sample.py` (clip length, crop, range) and its README
(frame rate, short side).
"""

import dataclasses
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec

from i3d_edge.core.errors import SpecError
from i3d_edge.core.family import INCEPTION_I3D
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.port import NUM_CHANNELS, Stream
from i3d_edge.core.schema import sentence
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.text import shown

NUM_FRAMES = 79
FRAME_RATE_FPS = Fraction(25)
CLIP_S = float(NUM_FRAMES / FRAME_RATE_FPS)
"""How long a clip is. Unit: seconds."""

INPUT_NAME = "Placeholder"
FLOW_INPUT_NAME = "Placeholder_flow"
OUTPUT_NAME = "Softmax"
LOGITS_NAME = "logits"
EMBEDDING_NAME = "embedding"
NUM_FEATURES = 1024

_INPUTS: Mapping[str, Mapping[str, Stream]] = {
    "rgb": {INPUT_NAME: "rgb"},
    "flow": {INPUT_NAME: "flow"},
    "joint": {INPUT_NAME: "rgb", FLOW_INPUT_NAME: "flow"},
}

_VERSION_1: Mapping[str, Any] = {
    "stream": "rgb",
    "num_frames": NUM_FRAMES,
    "crop_px": 224,
    "short_side_px": 256,
    "frame_rate_fps": FRAME_RATE_FPS,
    "mean": 127.5,
    "scale": 127.5,
    "layout": "NDHWC",
    "input_type": "f32",
    "has_preprocessing": False,
}
"""The fields of version 1 of a ModelSpec that version 2 has not, or not with these defaults: DeepMind's RGB graph."""

_NEW = ("family", "inputs", "head", "frame_stride", "squeezed_px", "stepping")

_REPLACED = ("stream", "crop_px", "mean", "scale", "input_type", "has_preprocessing")


def upgrade(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a ModelSpec of version 1, which knew I3D alone, as those of version 2.

    Raises:
        SpecError: If a field is unknown, or what version 2 spells otherwise is not as it was.
    """
    kept = {item.name for item in dataclasses.fields(ModelSpec)}.difference(_NEW)
    if unknown := sorted(set(fields) - kept - _VERSION_1.keys()):
        raise SpecError(f"version 1 has no field {shown(unknown[0])!r}")
    old = {**_VERSION_1, **fields}
    if str(old["stream"]) not in _INPUTS:
        raise SpecError(f"stream must be one of {', '.join(_INPUTS)}; got {shown(str(old['stream']))!r}")
    inputs: dict[str, dict[str, Any]] = {}
    for name, stream in _INPUTS[old["stream"]].items():
        inputs[name] = {"stream": stream} | {item: [old[item]] * NUM_CHANNELS[stream] for item in ("mean", "scale")}
        if stream == "rgb":
            inputs[name] |= {"element_type": old["input_type"], "takes_pixels": old["has_preprocessing"]}
    return {
        **{name: value for name, value in old.items() if name not in _REPLACED},
        "family": INCEPTION_I3D.name,
        "inputs": inputs,
        "head": {"output": OUTPUT_NAME, "kind": "probabilities"},
        "crop_px": [old["crop_px"], old["crop_px"]],
    }


def i3d_spec(*, labels: LabelSet, **fields: Any) -> ModelSpec:
    """Describe an I3D; raises SpecError if the values do not fit together.

    `fields` are what is not as in DeepMind's RGB graph, by the names of version 1 of a ModelSpec.
    """
    try:
        return msgspec.convert(upgrade({"labels": labels, **fields}), ModelSpec)
    except msgspec.ValidationError as error:
        raise SpecError(sentence(error)) from error
