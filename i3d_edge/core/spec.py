"""ModelSpec: what a model is, what it takes and where it came from.

Every stage reads or writes this one record. It rides inside the frozen graph (as JSON in a string
constant) and inside the IR (in `rt_info`), so a model file describes itself.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from i3d_edge.core import labels as label_sets
from i3d_edge.core.errors import SpecError
from i3d_edge.core.labels import LabelSet

if TYPE_CHECKING:
    from typing import TypeVar

    import numpy as np
    import numpy.typing as npt

    Scalar = TypeVar("Scalar", bound=np.generic)

Stream = Literal["rgb", "flow"]
Streams = Literal["rgb", "flow", "joint"]
Fusion = Literal["logits", "probabilities"]
ElementType = Literal["u8", "f32"]
Origin = str

UNKNOWN: Origin = "unknown"
SPEC_VERSION = 1
NUMPY_TYPES: Mapping[ElementType, str] = {"u8": "uint8", "f32": "float32"}
"""NumPy's names for OpenVINO's element types."""
NUM_CHANNELS: Mapping[Stream, int] = {"rgb": 3, "flow": 2}
MIN_FRAMES = 9
"""Fewest frames of a clip: three temporal halvings must leave two steps for the last pool to average."""

INPUT_NAME = "Placeholder"
FLOW_INPUT_NAME = "Placeholder_flow"
OUTPUT_NAME = "Softmax"
LOGITS_NAME = "logits"
EMBEDDING_NAME = "embedding"

SPEC_NODE = "i3d_edge/spec"
"""The string constant of a frozen graph that holds the spec as JSON."""

RT_INFO_GROUP = "i3d_edge"
"""The group of an IR's `rt_info` that holds the spec, field by field as JSON."""

SOURCE_GROUP = "i3d_edge_source"
"""The same in an IR that was changed for other software: the spec of the IR that it was made from."""

_STREAMS = ("flow", "joint", "rgb")
_FUSIONS = ("logits", "probabilities")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model's contract and provenance.

    Attributes:
        stream: "rgb" (3 channels), "flow" (2), or "joint": two networks, an input each.
        labels: Class names in index order; their number is the length of the logits.
        num_frames: Frames in a clip, D; 9 at least. Source: kinetics-i3d `evaluate_sample.py` (79).
        batch: Clips in one inference, N.
        fusion: How a joint model's two networks become one answer: "logits" adds their logits (DeepMind),
            "probabilities" averages their softmaxes (Open Model Zoo); None for a single network.
        has_embedding: Whether there is an output `embedding`, the average-pooled features, (N, 1024) per network.
        crop_px: Height and width of the network's input. Source: the same file (224).
        frame_px: Height and width of whole frames, for an IR that itself resizes and crops them; None if it takes
            them cropped.
        short_side_px: Frames are resized so that their short side has this length. Source: its README (256).
        frame_rate_fps: Rate at which a clip samples its video. Source: its README (25).
        mean, scale: Normalised value = (pixel - mean) / scale, which takes 0..255 to [-1, 1].
        layout: The input's axes: "NDHWC" for a frozen graph, "NDCHW" for our IR; D = frames. Without N, for instance
            "DCHW", for an IR that takes the frames of one clip as they are.
        input_type: Element type of the RGB input, "u8" or "f32"; flow is always "f32".
        has_preprocessing: Whether RGB inputs take raw pixels, 0..255, which the model normalises itself, as our IR
            does; else they take [-1, 1], as the frozen graph and flow inputs do.
        origin: Name of the published checkpoint, or "unknown".
        fingerprint: Digest of the checkpoint's tensors, or None when it is not known.
        frozen_graph_sha256: Of the .pb that an IR was made from; None in the graph itself.
        precision: How an IR stores its weights: "FP32", "FP16" or "INT8"; None in a graph.
        passes: Graph passes that were applied to an IR, in order.
        made_with: Versions of what wrote an IR, by name.
    """

    labels: LabelSet
    stream: Streams = "rgb"
    num_frames: int = 79
    batch: int = 1
    fusion: Fusion | None = None
    has_embedding: bool = False
    crop_px: int = 224
    frame_px: tuple[int, int] | None = None
    short_side_px: int = 256
    frame_rate_fps: int = 25
    mean: float = 127.5
    scale: float = 127.5
    layout: str = "NDHWC"
    input_type: ElementType = "f32"
    has_preprocessing: bool = False
    origin: Origin = UNKNOWN
    fingerprint: str | None = None
    frozen_graph_sha256: str | None = None
    precision: str | None = None
    passes: tuple[str, ...] = ()
    made_with: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.stream not in _STREAMS:
            raise SpecError(f"stream must be one of {', '.join(_STREAMS)}; got {self.stream!r}")
        if self.fusion not in (_FUSIONS if self.stream == "joint" else (None,)):
            raise SpecError(f"fusion must be one of {', '.join(_FUSIONS)}, for a joint model only; got {self.fusion!r}")
        if self.num_frames < MIN_FRAMES:
            raise SpecError(f"num_frames must be at least {MIN_FRAMES}; got {self.num_frames}")
        if self.batch < 1:
            raise SpecError(f"batch must be at least 1; got {self.batch}")
        if self.frame_px is not None and (self.stream != "rgb" or len(self.frame_px) != 2 or min(self.frame_px) < 1):
            raise SpecError(f"frame_px must be a height and a width, for an RGB model only; got {self.frame_px!r}")
        if sorted(self.layout) not in (sorted("NDHWC"), sorted("DHWC")):
            raise SpecError(f"layout must order the letters N, D, H, W and C, or all but N; got {self.layout!r}")
        if "N" not in self.layout and self.batch != 1:
            raise SpecError(f"layout must have an N where batch is not 1; got {self.layout!r} and {self.batch}")

    @property
    def num_classes(self) -> int:
        """Length of the logits."""
        return len(self.labels)

    @property
    def inputs(self) -> Mapping[str, Stream]:
        """Name and stream of each input, in order."""
        if self.stream == "joint":
            return {INPUT_NAME: "rgb", FLOW_INPUT_NAME: "flow"}
        return {INPUT_NAME: self.stream}

    def input_shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an input, in the order of `layout`."""
        height, width = self.frame_px or (self.crop_px, self.crop_px)
        sizes = {
            "N": self.batch,
            "D": self.num_frames,
            "H": height,
            "W": width,
            "C": NUM_CHANNELS[self.inputs[name]],
        }
        return tuple(sizes[axis] for axis in self.layout)

    def lay_out(self, clips: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Return clips, (N, D, H, W, C), with their axes in the order of `layout`; of one without N, the first clip."""
        source = "NDHWC"
        if "N" not in self.layout:
            clips, source = clips[0], "DHWC"
        return clips.transpose([source.index(axis) for axis in self.layout])

    def takes_pixels(self, name: str) -> bool:
        """Whether an input takes raw pixels, 0..255, which the model itself normalises."""
        return self.inputs[name] == "rgb" and self.has_preprocessing

    def element_type(self, name: str) -> ElementType:
        """Return the element type of an input, in OpenVINO's spelling."""
        return self.input_type if self.inputs[name] == "rgb" else "f32"

    @property
    def clip_shape(self) -> tuple[int, ...]:
        """Shape of the first input, in the order of `layout`."""
        return self.input_shape(INPUT_NAME)

    def title(self) -> str:
        """Return one line for people: stream, classes, clip length, origin."""
        parts = [f"I3D {self.stream}", f"{self.num_classes} classes ({self.labels.name})", f"{self.num_frames} frames"]
        if self.batch > 1:
            parts.append(f"batch {self.batch}")
        if self.frame_px:
            parts.append(f"whole frames of {self.frame_px[0]} x {self.frame_px[1]}")
        if self.fusion:
            parts.append(f"{self.fusion} fused")
        if self.precision:
            parts.append(self.precision)
        return ", ".join((*parts, f"weights {self.origin}"))

    def to_fields(self) -> dict[str, Any]:
        """Return the record as plain JSON values; a shipped label set is given by its name alone."""
        fields = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        fields["labels"] = {"name": self.labels.name}
        if label_sets.shipped(self.labels.name) != self.labels:
            fields["labels"]["names"] = list(self.labels.names)
        fields["passes"] = list(self.passes)
        fields["frame_px"] = self.frame_px and list(self.frame_px)
        fields["made_with"] = dict(self.made_with)
        return {"spec_version": SPEC_VERSION, **fields}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> ModelSpec:
        """Read what `to_fields` returns.

        Raises:
            SpecError: If a field is missing, unknown or malformed.
        """
        known = {item.name for item in dataclasses.fields(cls)}
        fields = dict(fields)
        version = fields.pop("spec_version", None)
        if version != SPEC_VERSION:
            raise SpecError(
                f"spec_version must be {SPEC_VERSION}; got {version!r}",
                hint="the model was written by another version of i3d-edge: make it again",
            )
        if unknown := sorted(set(fields) - known):
            raise SpecError(f"spec must have only the fields of ModelSpec; got {unknown[0]!r}")
        try:
            fields["labels"] = _read_labels(fields["labels"])
            fields["passes"] = tuple(fields.get("passes", ()))
            if fields.get("frame_px") is not None:
                fields["frame_px"] = tuple(fields["frame_px"])
            return cls(**fields)
        except (KeyError, TypeError, ValueError) as error:
            raise SpecError(f"spec must have the fields of ModelSpec; got {error!r}") from error

    def to_json(self) -> str:
        """Return the record as one line of JSON, the same text for the same record."""
        return json.dumps(self.to_fields(), sort_keys=True, ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> ModelSpec:
        """Read what `to_json` returns.

        Raises:
            SpecError: If it is not JSON, or not a spec.
        """
        try:
            fields = json.loads(text)
        except ValueError as error:
            raise SpecError(f"spec must be JSON; got {error}") from error
        if not isinstance(fields, dict):
            raise SpecError(f"spec must be a JSON object; got {type(fields).__name__}")
        return cls.from_fields(fields)


def _read_labels(value: Mapping[str, Any]) -> LabelSet:
    name = value["name"]
    if "names" in value:
        return LabelSet(name, tuple(value["names"]))
    if (labels := label_sets.shipped(name)) is None:
        raise SpecError(f"label set must be shipped or spelled out; got {name!r} without names")
    return labels
