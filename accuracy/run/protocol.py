"""Protocols: which views of a video are taken and how they become one answer, by name and version.

A number is comparable with another of the same protocol and of no other. A protocol never changes under its name: what
changes gets a higher version.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from i3d_edge.accuracy.result.aggregation import INSIDE_THE_NETWORK, MEAN_OF_PROBABILITIES
from i3d_edge.accuracy.result.schema import Protocol
from i3d_edge.core.errors import ProtocolError
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import FlowMethod, ViewPlan, flow_method, require_crops

_INTERPOLATIONS = {"short side": "bilinear; area below one half", "long side": "bilinear, twice"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One protocol.

    Attributes:
        name, version: By which results cite it.
        summary: One line for people.
        views: How views are taken; where `follows_model`, the model's clip length, rate and sizes take their places.
        follows_model: Whether clip length, rate and sizes are the model's own.
        aggregation: How views become a video's probabilities.
        drops_last_video: Whether the last video is left out of the figures per video, as Open Model Zoo's checker does.
        flow: How flow is computed for models that take it; None: as `flow_method` says.
    """

    name: str
    version: int
    summary: str
    views: ViewPlan
    follows_model: bool = False
    aggregation: str = MEAN_OF_PROBABILITIES
    drops_last_video: bool = False
    flow: FlowMethod | None = None

    def plan(self, spec: ModelSpec) -> ViewPlan:
        """Return how views are taken for a model.

        Raises:
            ProtocolError: If the model takes other clips than the protocol states.
            ClipShapeError: If it takes whole frames, or no flow and its method is given.
            DependencyError: If OpenCV lacks the method of flow.
        """
        require_crops(spec)
        flow = flow_method(spec, self.flow)
        if self.follows_model:
            own = ViewPlan.of_spec(spec, flow=flow)
            return replace(own, placement=self.views.placement, num_clips=self.views.num_clips)
        wanted = self.views.num_frames
        if wanted is not None and spec.num_frames != wanted:
            raise ProtocolError(
                f"model must take clips of {wanted} frames for the protocol {self.name!r}; it takes {spec.num_frames}",
                hint=f"`i3d convert --num-frames {wanted}` makes such an IR of the same frozen graph",
            )
        if spec.crop_px != self.views.crop_px:
            raise ProtocolError(
                f"model must take {self.views.crop_px} px for the protocol {self.name!r}; it takes {spec.crop_px}"
            )
        return replace(self.views, flow=flow)

    def describe(self, spec: ModelSpec) -> Protocol:
        """Return what a result states of the protocol."""
        views = self.plan(spec)
        is_short = views.fit == "short side"
        stated: Protocol = {
            "name": self.name,
            "version": self.version,
            "num_frames": views.num_frames,
            "frame_stride": views.frame_stride,
            "frame_rate_fps": views.rate_fps,
            "placement": views.placement,
            "num_clips": views.num_clips,
            "num_crops": views.num_crops,
            "short_side_px": views.fit_px if is_short else None,
            "long_side_px": None if is_short else views.fit_px,
            "crop_px": views.crop_px,
            "interpolation": _INTERPOLATIONS[views.fit],
            "aggregation": self.aggregation,
            "drops_last_video": self.drops_last_video,
        }
        if views.flow is not None:
            stated["flow"] = views.flow
        return stated


_OMZ = ViewPlan(num_frames=79, rate_fps=None, placement="omz", num_clips=3, fit="long side")

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="centre",
            version=1,
            summary="one clip from the middle, as long as the model's",
            views=ViewPlan(num_frames=79),
            follows_model=True,
        ),
        Preset(
            name="sliding-79",
            version=1,
            summary="as few clips of 79 frames as show the whole video",
            views=ViewPlan(num_frames=79, placement="cover", num_clips=None),
        ),
        Preset(
            name="10x3",
            version=1,
            summary="10 clips of 79 frames x 3 crops",
            views=ViewPlan(num_frames=79, num_clips=10, num_crops=3),
        ),
        Preset(
            name="deepmind",
            version=1,
            summary="the whole video as one clip, fully convolutional",
            views=ViewPlan(num_frames=None, placement="whole"),
            aggregation=INSIDE_THE_NETWORK,
        ),
        Preset(
            name="omz-2022",
            version=1,
            summary="Open Model Zoo's: 3 clips of 79 source frames, long side 256, scored per clip",
            views=_OMZ,
        ),
        Preset(
            name="omz-2022-399",
            version=1,
            summary="the same, and its last video is not counted per video",
            views=_OMZ,
            drops_last_video=True,
        ),
        Preset(
            name="mmaction2-10x3",
            version=2,
            summary="10 clips of 32 frames, every second source frame, x 3 crops",
            views=ViewPlan(
                num_frames=32, frame_stride=2, rate_fps=None, placement="mmaction", num_clips=10, num_crops=3
            ),
        ),
        Preset(
            name="gluoncv-10x3",
            version=1,
            summary="the same, but in the middle of 10 segments, short side 224",
            views=ViewPlan(
                num_frames=32,
                frame_stride=2,
                rate_fps=None,
                placement="segments",
                num_clips=10,
                num_crops=3,
                fit_px=224,
            ),
        ),
    )
}

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
    raise ProtocolError(f"protocol must be one of {', '.join(PRESETS)}; got {name!r}", hint=hint)


def is_current(how: Protocol) -> bool:
    """Whether a result's protocol is of the version that published numbers are compared with, which is today's."""
    preset = PRESETS.get(how["name"])
    return preset is not None and preset.version == how["version"]


def spread(num_clips: int) -> Preset:
    """Return the protocol of equally spaced clips: "centre" for one, "spread-3" for three."""
    centre = PRESETS[DEFAULT]
    if num_clips == 1:
        return centre
    return replace(
        centre,
        name=f"spread-{num_clips}",
        summary=f"{num_clips} equally spaced clips, as long as the model's",
        views=replace(centre.views, num_clips=num_clips),
    )
