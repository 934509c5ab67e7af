"""ModelSpec: what a model is, what it takes and gives, and where it came from.

Every stage reads or writes this one record. It rides inside the frozen graph and inside the IR, so a model file
describes itself; `spec_file` says how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from i3d_edge.core.errors import SpecError
from i3d_edge.core.family import OTHER, UNKNOWN, Family, find_family
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.port import Port, require_range
from i3d_edge.core.schema import Line

if TYPE_CHECKING:
    from typing import TypeVar

    import numpy as np
    import numpy.typing as npt

    Scalar = TypeVar("Scalar", bound=np.generic)

_MAX_FRAMES, _MAX_BATCH, _MAX_SIDE = 100_000, 1024, 8192
_MIN_FPS, _MAX_FPS = 0.001, 1000
"""What a clip may be; more is a slip, and would fill the memory or never end."""

Streams = Literal["rgb", "flow", "joint"]
Fusion = Literal["logits", "probabilities"]
StepMode = Literal["exact", "continuous"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a model gives.

    Attributes:
        output: Name of the output, shape (N, num_classes).
        kind: What it holds. Logits are turned into probabilities by the runtime.
        view_fusion: How several views of a video become one answer, unless a user says otherwise: the mean of their
            "probabilities" or of their "logits".
    """

    output: Line
    kind: Fusion
    view_fusion: Fusion = "probabilities"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepping:
    """How a step model is fed: it takes the newest frames of a stream and remembers what it needs of the others.

    Attributes:
        mode: "exact" answers what the window network answers of the last `num_frames`; "continuous" sees the true past
            where the window network sees padding.
        hop: Frames in a step, and from one answer to the next.
        warm_up: Steps until the first answer that counts, that step included.
        delay: Frames that an answer is late: 0 where it is about the newest ones.
        window_sha256: Of the .xml of the window network's IR and of its .bin, one after the other.
    """

    mode: StepMode
    hop: int
    warm_up: int
    delay: int = 0
    window_sha256: tuple[Line, Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model's contract and provenance.

    Attributes:
        family: Name of the kind of network, see `core.family`; "other" for one that is not known here.
        inputs: What the model takes, by the name of each input: RGB, flow, or one of both (a joint model).
        head: What it gives.
        labels: Class names in index order.
        num_frames: Frames in a clip, D.
        frame_rate_fps: Samples that are taken of a second of video; None takes every source frame.
        frame_stride: Step between the frames of a clip, in samples.
        short_side_px: Frames are resized so that their short side has this length, then cropped; None squeezes whole
            frames.
        squeezed_px: Height and width to which whole frames are squeezed before the crop; None squeezes them to
            `crop_px`.
        crop_px: Height and width of the network's input.
        batch: Clips in one inference, N.
        layout: The axes of every input: N, D (frames), H, W and C in any order, for instance "NDCHW". Without N for
            an IR that takes the frames of one clip as they are.
        fusion: How a joint model's two networks become one answer: "logits" adds their logits, "probabilities"
            averages their softmaxes; None for a single network.
        has_embedding: Whether there is an output `embedding`, the features before the classifier.
        origin: Name of the published weights, or "unknown".
        fingerprint: Digest of the weights' tensors, or None when it is not known.
        frozen_graph_sha256: Of the .pb that an IR was made from, or None.
        precision: How an IR stores its weights: "FP32", "FP16" or "INT8"; None in a graph.
        passes: Graph passes that were applied to an IR, in order.
        made_with: Versions of what wrote an IR, by name.
        stepping: How a step model is fed; None for one that takes whole clips.
        none_below: Where the best class has a lower probability, the answer is "none of these"; None for never.
    """

    family: Line = OTHER.name
    inputs: Mapping[Line, Port]
    head: Head
    labels: LabelSet
    num_frames: int
    frame_rate_fps: Fraction | None = None
    frame_stride: int = 1
    short_side_px: int | None
    squeezed_px: tuple[int, int] | None = None
    crop_px: tuple[int, int]
    batch: int = 1
    layout: Line
    fusion: Fusion | None = None
    has_embedding: bool = False
    origin: Line = UNKNOWN
    fingerprint: Line | None = None
    frozen_graph_sha256: Line | None = None
    precision: Line | None = None
    passes: tuple[Line, ...] = ()
    made_with: Mapping[Line, Line] = field(default_factory=dict)
    stepping: Stepping | None = None
    none_below: float | None = None

    def __post_init__(self) -> None:
        least = find_family(self.family).min_frames
        streams = sorted(port.stream for port in self.inputs.values())
        if not streams or len(set(streams)) < len(streams):
            raise SpecError(f"a model takes RGB, flow, or one of both; got {', '.join(streams) or 'no input'}")
        if (self.fusion is not None) != (self.stream == "joint"):
            raise SpecError(f"fusion is needed for a joint model, and for no other; got {self.fusion!r}")
        for name, value, lowest, highest in (
            ("num_frames", self.num_frames, least, _MAX_FRAMES),
            ("frame_stride", self.frame_stride, 1, _MAX_FRAMES),
            ("batch", self.batch, 1, _MAX_BATCH),
            *(("crop_px", side, 1, _MAX_SIDE) for side in self.crop_px),
            ("short_side_px", self.short_side_px, max(self.crop_px), _MAX_SIDE),
            *(("squeezed_px", *sides, _MAX_SIDE) for sides in zip(self.squeezed_px or (), self.crop_px, strict=False)),
            ("frame_rate_fps", self.frame_rate_fps, _MIN_FPS, _MAX_FPS),
            ("none_below", self.none_below, 0, 1),
        ):
            if value is not None:
                require_range(name, value, lowest, highest)
        if self.squeezed_px and self.short_side_px:
            raise SpecError("frames are resized to short_side_px or squeezed to squeezed_px, not both")
        if self.stepping:
            require_range("stepping.hop", self.stepping.hop, 1, self.num_frames - 1)
            require_range(
                "stepping.warm_up", self.stepping.warm_up, -(-self.num_frames // self.stepping.hop), _MAX_FRAMES
            )
        if sorted(self.layout) not in (sorted("NDHWC"), sorted("DHWC")):
            raise SpecError(f"layout must order the letters N, D, H, W and C, or all but N; got {self.layout!r}")
        if "N" not in self.layout and self.batch != 1:
            raise SpecError(f"layout must have an N where batch is not 1; got {self.layout!r} and {self.batch}")

    @property
    def kind(self) -> Family:
        """The family itself."""
        return find_family(self.family)

    @property
    def stream(self) -> Streams:
        """What the model looks at: "rgb", "flow", or "joint" for both."""
        ports = list(self.inputs.values())
        return ports[0].stream if len(ports) == 1 else "joint"

    @property
    def num_classes(self) -> int:
        """Length of the answer."""
        return len(self.labels)

    @property
    def span(self) -> int:
        """Samples from the start of a clip to where the next one could follow."""
        return self.num_frames * self.frame_stride

    @property
    def first_answer(self) -> int:
        """Samples of a stream until the first answer: a clip's, or as many as a step model needs."""
        if self.stepping is None:
            return self.span
        # Steps end where clips do, so the first one may have fewer frames.
        first = self.num_frames % self.stepping.hop or self.stepping.hop
        return ((self.stepping.warm_up - 1) * self.stepping.hop + first) * self.frame_stride

    @property
    def clip_form(self) -> tuple[object, ...]:
        """All that decides which pixels of a video the model is shown; models of one form share decoded clips."""
        sampling = (self.num_frames, self.frame_rate_fps, self.frame_stride)
        return (self.stream, *sampling, self.short_side_px, self.squeezed_px, self.crop_px)

    @property
    def batch_axis(self) -> int:
        """Axis of `layout` along which the clips of a batch lie; 0 where there is no N."""
        return max(0, self.layout.find("N"))

    @property
    def time_axes(self) -> dict[str, int]:
        """Axis of frames of each input."""
        return dict.fromkeys(self.inputs, self.layout.index("D"))

    def input_shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an input, in the order of `layout`."""
        height, width = self.crop_px
        num_frames = self.stepping.hop if self.stepping else self.num_frames
        sizes = {"N": self.batch, "D": num_frames, "H": height, "W": width, "C": self.inputs[name].channels}
        return tuple(sizes[axis] for axis in self.layout)

    @property
    def clip_shape(self) -> tuple[int, ...]:
        """Shape of the first input, in the order of `layout`."""
        return self.input_shape(next(iter(self.inputs)))

    def lay_out(self, clips: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Return clips, (N, D, H, W, C), with their axes in the order of `layout`; of one without N, the first clip."""
        source = "NDHWC"
        if "N" not in self.layout:
            clips, source = clips[0], "DHWC"
        return clips.transpose([source.index(axis) for axis in self.layout])

    def with_ports(self, **changes: Any) -> ModelSpec:
        """Return the spec with other values of the fields of its RGB input; flow inputs stay as they are."""
        return replace(
            self,
            inputs={
                name: replace(port, **changes) if port.stream == "rgb" else port for name, port in self.inputs.items()
            },
        )

    def bare(self) -> ModelSpec:
        """Return what the network itself takes of one clip: NDHWC, float32, normalised."""
        return replace(self, layout="NDHWC", batch=1).with_ports(element_type="f32", takes_pixels=False)

    def title(self) -> str:
        """Return one line for people: family, stream, classes, clip length, origin."""
        name = f"{self.kind.title} {self.stream}"
        parts = [name, f"{self.num_classes} classes ({self.labels.name})", f"{self.num_frames} frames"]
        if self.batch > 1:
            parts.append(f"batch {self.batch}")
        if self.fusion:
            parts.append(f"{self.fusion} fused")
        if self.precision:
            parts.append(self.precision)
        if self.stepping:
            parts.append(f"{self.stepping.mode} steps of {self.stepping.hop}")
        return ", ".join((*parts, f"weights {self.origin}"))

    def sampling(self) -> str:
        """Say how frames are taken: "25 fps", "every source frame", "every 2nd source frame"."""
        ordinal = f" {self.frame_stride}{_ORDINALS.get(self.frame_stride, 'th')}"
        step = "every" if self.frame_stride == 1 else f"every{ordinal}"
        if self.frame_rate_fps is None:
            return f"{step} source frame"
        return f"{self.frame_rate_fps} fps" + ("" if self.frame_stride == 1 else f", {step} of these")

    def framing(self) -> str:
        """Say which part of a frame is seen: "short side 256, centre crop 192 x 192"."""
        size = f"{self.crop_px[0]} x {self.crop_px[1]}"
        if self.squeezed_px:
            return "whole frames squeezed to {} x {}, ".format(*self.squeezed_px) + f"centre crop {size}"
        if self.short_side_px is None:
            return f"whole frames squeezed to {size}"
        return f"short side {self.short_side_px}, centre crop {size}"


_ORDINALS: Mapping[int, str] = {2: "nd", 3: "rd"}
