"""Protocols: which views of a video are taken and how they become one answer, by name and version.

A number is comparable with another of the same protocol and of no other. A protocol never changes under its name: what
changes gets a higher version.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from i3d_edge.accuracy.result.aggregation import INSIDE_THE_NETWORK, MEAN_OF_PROBABILITIES
from i3d_edge.accuracy.result.schema import Protocol
from i3d_edge.core.errors import ProtocolError
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import FlowMethod, ViewPlan, flow_method

_INTERPOLATIONS = {
    "short side": "bilinear; area below one half",
    "squeeze": "bilinear; area below one half",
    "long side": "bilinear, twice",
}


@dataclass(frozen=True, slots=True)
class Preset:
    """One protocol.

    Attributes:
        name: With the version, by which results cite it.
        views: How views are taken; where `follows_model`, the model's clip length, rate and sizes take their places.
        version: Raised when anything below changes under the same name.
        follows_model: Whether clip length, rate and sizes are the model's own.
        aggregation: How views become a video's probabilities.
        drops_last_video: Whether the last video is left out of the figures per video, as Open Model Zoo's checker does.
        flow: How flow is computed for models that take it; None: as `flow_method` says.
    """

    name: str
    views: ViewPlan
    version: int = 1
    follows_model: bool = False
    aggregation: str = MEAN_OF_PROBABILITIES
    drops_last_video: bool = False
    flow: FlowMethod | None = None

    def plan(self, spec: ModelSpec) -> ViewPlan:
        """Return how views are taken for a model.

        Raises:
            ProtocolError: If the model takes other clips than the protocol states.
            ClipShapeError: If a method of flow is given and the model takes no flow.
            DependencyError: If OpenCV lacks the method of flow.
        """
        flow = flow_method(spec, self.flow)
        if self.follows_model:
            own = ViewPlan.of_spec(spec, flow=flow)
            return replace(own, placement=self.views.placement, num_clips=self.views.num_clips)
        wanted = self.views.num_frames
        if wanted is not None and spec.num_frames != wanted:
            raise ProtocolError(
                f"protocol {self.name!r} shows clips of {wanted} frames; the model takes {spec.num_frames}",
                hint=f"`i3d convert --num-frames {wanted}` makes such an IR of the same frozen graph",
            )
        if spec.crop_px != self.views.crop_px:
            theirs, ours = (" x ".join(map(str, size)) for size in (self.views.crop_px, spec.crop_px))
            raise ProtocolError(f"protocol {self.name!r} shows crops of {theirs} px; the model takes {ours}")
        return replace(self.views, flow=flow, min_frames=spec.kind.min_frames)

    def describe(self, spec: ModelSpec) -> Protocol:
        """Return what a result states of the protocol."""
        views = self.plan(spec)
        height, width = views.crop_px
        rate = views.rate_fps
        stated: Protocol = {
            "name": self.name,
            "version": self.version,
            "num_frames": views.num_frames,
            "frame_stride": views.frame_stride,
            "frame_rate_fps": None if rate is None else int(rate) if rate.denominator == 1 else str(rate),
            "placement": views.placement,
            "num_clips": views.num_clips,
            "num_crops": views.num_crops,
            "short_side_px": views.fit_px if views.fit == "short side" else None,
            "long_side_px": views.fit_px if views.fit == "long side" else None,
            "crop_px": height if height == width else f"{height}x{width}",
            "interpolation": _INTERPOLATIONS[views.fit],
            "aggregation": self.aggregation,
            "drops_last_video": self.drops_last_video,
        }
        if views.flow is not None:
            stated["flow"] = views.flow
        return stated


_DEEPMIND = ViewPlan(num_frames=79, rate_fps=Fraction(25), fit_px=256, crop_px=(224, 224))
# Programs that read with OpenCV or decord show pixels as they are stored.
_STORED = replace(_DEEPMIND, square_pixels=False)
_OMZ = replace(_STORED, rate_fps=None, placement="omz", num_clips=3, fit="long side")
_TEN_OF_32 = replace(_STORED, num_frames=32, frame_stride=2, rate_fps=None, num_clips=10, num_crops=3)

_ALL = (
    Preset("centre", _DEEPMIND, version=2, follows_model=True),
    Preset("sliding-79", replace(_DEEPMIND, placement="cover", num_clips=None), version=2),
    Preset("10x3", replace(_DEEPMIND, num_clips=10, num_crops=3), version=2),
    Preset(
        "deepmind",
        replace(_DEEPMIND, num_frames=None, placement="whole"),
        version=2,
        aggregation=INSIDE_THE_NETWORK,
    ),
    Preset("omz-2022", _OMZ),
    Preset("omz-2022-399", _OMZ, drops_last_video=True),
    Preset("mmaction2-10x3", replace(_TEN_OF_32, placement="mmaction"), version=2),
    Preset("gluoncv-10x3", replace(_TEN_OF_32, placement="segments", fit_px=224)),
)
PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _ALL}

DEFAULT = "centre"


def find_preset(name: str) -> Preset:
    """Return a protocol by its name.

    Raises:
        ProtocolError: If there is none of that name; names the nearest ones.
    """
    if name in PRESETS:
        return PRESETS[name]
    near = difflib.get_close_matches(name, PRESETS, n=2, cutoff=0.4)
    hint = f"did you mean {' or '.join(repr(item) for item in near)}?" if near else None
    raise ProtocolError(f"No protocol {name!r}. Available: {', '.join(PRESETS)}.", hint=hint)


def spread(num_clips: int) -> Preset:
    """Return the protocol of equally spaced clips: "centre" for one, "spread-3" for three."""
    centre = PRESETS[DEFAULT]
    if num_clips == 1:
        return centre
    return replace(centre, name=f"spread-{num_clips}", views=replace(centre.views, num_clips=num_clips))
