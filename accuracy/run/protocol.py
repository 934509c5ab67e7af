"""Protocols: which views of a video are taken and how they become one answer, by name and version.

A number is comparable with another of the same protocol and of no other. A protocol never changes under its name: what
changes gets a higher version, and "NAME@VERSION" still runs the earlier ones.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from i3d_edge.accuracy.result.recorded_video import INSIDE_THE_NETWORK, MEAN_OF_LOGITS, MEAN_OF_PROBABILITIES
from i3d_edge.accuracy.result.schema import LeftOut, Protocol
from i3d_edge.core.errors import ProtocolError
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import FlowMethod, ViewPlan, flow_method


@dataclass(frozen=True, slots=True)
class Preset:
    """One protocol.

    Attributes:
        name: With the version, by which results cite it.
        views: How views are taken; where `follows_model`, the model's clip length, rate and sizes take their places.
        version: Raised when anything below changes under the same name.
        follows_model: Whether clip length, rate and sizes are the model's own.
        aggregation: How views become a video's probabilities.
        drops_last_video: Whether a video is left out of the figures per video, see `result.scoring.place_left_out`.
        flow: How flow is computed for models that take it; None: as `flow_method` says.
    """

    name: str
    views: ViewPlan
    version: int = 1
    follows_model: bool = False
    aggregation: str = MEAN_OF_PROBABILITIES
    drops_last_video: LeftOut = False
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
            mine = {name: getattr(self.views, name) for name in ("placement", "num_clips", "square_pixels")}
            return replace(own, **mine)
        if spec.crop_px != self.views.crop_px:
            theirs, ours = (" x ".join(map(str, size)) for size in (self.views.crop_px, spec.crop_px))
            fitting = [item.name for item in _NEWEST if item.follows_model or item.views.crop_px == spec.crop_px]
            raise ProtocolError(
                f"protocol {self.name!r} shows crops of {theirs} px; the model takes {ours}",
                hint=f"protocols for crops of {ours} px: {', '.join(fitting)}",
            )
        wanted = self.views.num_frames
        if wanted is not None and spec.num_frames != wanted:
            raise ProtocolError(
                f"protocol {self.name!r} shows clips of {wanted} frames; the model takes {spec.num_frames}",
                hint=f"`i3d convert --num-frames {wanted}` makes such an IR of the same frozen graph",
            )
        return replace(self.views, flow=flow, min_frames=spec.kind.min_frames)

    def describe(self, spec: ModelSpec) -> Protocol:
        """Return what a result states of the protocol."""
        views = self.plan(spec)
        height, width = views.crop_px
        rate, side_px = views.rate_fps, views.fit_px if isinstance(views.fit_px, int) else None
        stated: Protocol = {
            "name": self.name,
            "version": self.version,
            "num_frames": views.num_frames,
            "frame_stride": views.frame_stride,
            "frame_rate_fps": None if rate is None else int(rate) if rate.denominator == 1 else str(rate),
            "placement": views.placement,
            "num_clips": views.num_clips,
            "num_crops": views.num_crops,
            "short_side_px": side_px if views.fit == "short side" else None,
            "long_side_px": side_px if views.fit == "long side" else None,
            "crop_px": height if height == width else f"{height}x{width}",
            "interpolation": views.interpolation,
            "aggregation": self.aggregation,
            "drops_last_video": self.drops_last_video,
        }
        if isinstance(views.fit_px, tuple):
            stated["squeezed_px"] = "{}x{}".format(*views.fit_px)
        if views.flow is not None:
            stated["flow"] = views.flow
        return stated


_DEEPMIND = ViewPlan(num_frames=79, rate_fps=Fraction(25), fit_px=256, crop_px=(224, 224))
# Programs that read with OpenCV or decord show pixels as they are stored.
_STORED = replace(_DEEPMIND, square_pixels=False)
_OMZ_1 = replace(_STORED, rate_fps=None, placement="omz", num_clips=3, fit="long side", interpolation="bilinear, twice")
_OMZ = replace(_OMZ_1, interpolation="bilinear, twice, not rounded", fewest_samples=3)
_TEN_OF_32 = replace(_STORED, num_frames=32, frame_stride=2, rate_fps=None, num_clips=10, num_crops=3)
_PEERS = replace(_TEN_OF_32, interpolation="bilinear", equidistant_crops=True)
_MMACTION = replace(_PEERS, placement="mmaction", crop_px=(256, 256))

_OURS = (
    Preset("centre", _DEEPMIND, version=2, follows_model=True),
    Preset("sliding-79", replace(_DEEPMIND, placement="cover", num_clips=None), version=2),
    Preset("10x3", replace(_DEEPMIND, num_clips=10, num_crops=3), version=2),
    Preset(
        "deepmind",
        replace(_DEEPMIND, num_frames=None, placement="whole"),
        version=2,
        aggregation=INSIDE_THE_NETWORK,
    ),
)
_NEWEST = (
    *_OURS,
    Preset("omz-2022", _OMZ, version=2),
    Preset("omz-2022-399", _OMZ, version=2, drops_last_video="by name"),
    Preset("mmaction2-10x3", _MMACTION, version=3),
    Preset("mmaction2-dense-10x3", replace(_MMACTION, placement="mmaction-dense")),
    Preset("mmaction2-1x1", replace(_MMACTION, num_clips=1, num_crops=1, crop_px=(224, 224))),
    Preset(
        "gluoncv-10x3",
        replace(_PEERS, placement="gluoncv", fit_px=224, floors_long_side=True),
        version=2,
        aggregation=MEAN_OF_LOGITS,
    ),
    Preset(
        "gluoncv-torch-10x3",
        replace(
            _MMACTION,
            placement="gluoncv-torch",
            fit="squeeze",
            fit_px=(256, 340),
            interpolation="bilinear, by FFmpeg",
        ),
        aggregation=MEAN_OF_LOGITS,
    ),
)
_EARLIER = (
    *(replace(preset, version=1, views=replace(preset.views, square_pixels=False)) for preset in _OURS),
    Preset("omz-2022", _OMZ_1),
    Preset("omz-2022-399", _OMZ_1, drops_last_video=True),
    Preset("mmaction2-10x3", _TEN_OF_32),
    Preset("mmaction2-10x3", replace(_TEN_OF_32, placement="mmaction"), version=2),
    Preset("gluoncv-10x3", replace(_TEN_OF_32, placement="segments", fit_px=224)),
)
PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _NEWEST}
"""The newest version of each."""

_VERSIONS = {f"{preset.name}@{preset.version}": preset for preset in (*_NEWEST, *_EARLIER)}

DEFAULT = "centre"


def find_preset(name: str) -> Preset:
    """Return a protocol by its name: the newest version, or one by number.

    Example:
        "10x3" -> version 2; "10x3@1" -> version 1; "spread-3" -> three equally spaced clips.

    Raises:
        ProtocolError: If there is none of that name or version; names the nearest ones.
    """
    if spread_of := re.fullmatch(r"spread-([1-9]\d{0,5})(@\d+)?", name):
        return spread(int(spread_of[1]), find_preset(DEFAULT + (spread_of[2] or "")))
    if found := PRESETS.get(name) or _VERSIONS.get(name):
        return found
    base, _, version = name.partition("@")
    if base in PRESETS:
        versions = sorted(preset.version for preset in _VERSIONS.values() if preset.name == base)
        known = ", ".join(f"{base}@{number}" for number in versions)
        raise ProtocolError(f"protocol {base!r} has no version {version!r}; available: {known}")
    near = difflib.get_close_matches(name, PRESETS, n=2, cutoff=0.4)
    hint = f"did you mean {' or '.join(repr(item) for item in near)}?" if near else None
    raise ProtocolError(f"no protocol {name!r}; available: {', '.join(PRESETS)}", hint=hint)


def spread(num_clips: int, centre: Preset = PRESETS[DEFAULT]) -> Preset:
    """Return the protocol of equally spaced clips: "centre" for one, "spread-3" for three."""
    if num_clips == 1:
        return centre
    return replace(centre, name=f"spread-{num_clips}", views=replace(centre.views, num_clips=num_clips))
