"""What `cameras.yaml` says: which cameras are watched with which model, and where events go.

Every key is explained in `docs/reference/cameras-yaml.md`. Shares and coordinates are fractions of the picture.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec.structs import asdict

from i3d_edge.core.errors import I3DError
from i3d_edge.core.reading import require_file
from i3d_edge.core.schema import Amount, Line, Positive
from i3d_edge.core.text import short_reason
from i3d_edge.runtime.live.address import Address, require_web_address
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.rules import LabelRules
from i3d_edge.runtime.live.smoothing import smoothing_named


def _pattern(pattern: str, description: str) -> msgspec.Meta:
    return msgspec.Meta(pattern=rf"^{pattern}$(?!\n)", description=description)


def _passing(check: Callable[[str], object], wanted: str) -> Callable[[str, Path], str]:
    def read(text: str, _folder: Path) -> str:
        try:
            check(text)
        except (I3DError, ValueError):  # whose words may show the text, and a text may be a secret
            raise ValueError(wanted) from None
        return text

    return read


def _beside(text: str, folder: Path) -> Path:
    if (folder / text).is_file():
        raise ValueError("is a file, not a folder")
    return folder / text


def _file(text: str, folder: Path) -> Path:
    try:
        require_file(folder / text)
    except OSError as error:
        raise ValueError(f"cannot be read: {short_reason(error)} (paths begin at the configuration)") from None
    return folder / text


_KINDS = "a file, camera:N, /dev/videoN, rtsp://, http(s):// or -"
_address = _passing(Address.parse, f"must be {_KINDS}")


def _source(text: str, folder: Path) -> str:
    _address(text, folder)
    if Address.parse(text).kind != "file":
        return text
    try:
        return str(_file(text, folder))
    except ValueError as error:
        raise ValueError(f"{error}; a source is {_KINDS}") from None


# The function beside a text's type reads it: it takes the text and the file's folder, and raises ValueError.
InputFile = Annotated[Path, _file]
OutputFolder = Annotated[Path, _beside]
Source = Annotated[str, _source]
Smoothing = Annotated[str, _passing(smoothing_named, "must be none, exponential:SECONDS or mean:WINDOWS, above 0")]
Url = Annotated[str, _passing(require_web_address, "must be an http:// or https:// URL")]
Topic = Annotated[str, _pattern("[^/+#]+(/[^/+#]+)*", "levels with / between, without + and #")]
HostAndPort = Annotated[
    str, _pattern(r"([^\s:/@\[\]]+|\[[0-9a-fA-F:]+\]):\d{1,5}", "HOST:PORT, such as 127.0.0.1:8080")
]
Host = Annotated[
    str, _pattern(r"([^\s:/@]+|[^\s/@]*:[^\s/@]*:[^\s/@]*)", "a name or an address, without scheme and port")
]
Token = Annotated[str, msgspec.Meta(min_length=16, max_length=1000)]  # a shorter one might be guessed
Name = Annotated[str, _pattern("[A-Za-z0-9_-]{1,64}", "a name of letters, digits, - and _, 64 at most")]
"""Of a camera or a region: it becomes a part of topics and of paths."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_UPDATE_EVERY_S = 10.0  # how often it is told that an action goes on
Above0 = Annotated[float, msgspec.Meta(gt=0)]
Polygon = Annotated[tuple[tuple[Share, Share], ...], msgspec.Meta(min_length=3)]
"""Corners, each [x, y]: x to the right, y down."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A map in the file."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"  # any text may be a secret


class ThresholdConfig(Part, frozen=True, kw_only=True):
    """When events start and end, and how grave they are. What a label leaves out is as for its camera."""

    on: Share = 0.5
    off: Share = 0.3
    severity: Literal["alert", "detection"] = "detection"


class RegionConfig(Part, frozen=True, kw_only=True):
    """A part of the picture: a rectangle (left, top, right, bottom), or what is inside a polygon."""

    rectangle: tuple[Share, Share, Share, Share] | None = None
    polygon: Polygon | None = None


class CameraConfig(ThresholdConfig, frozen=True, kw_only=True):
    """A source, and what is an event in front of it."""

    source: Source
    loop: bool = False
    real_time: bool = False
    rtsp_transport: Literal["tcp", "udp"] = "tcp"
    open_timeout_s: Above0 = 10.0
    read_timeout_s: Above0 = 10.0
    hop: Positive = 25
    priority: Above0 = 1.0
    labels: tuple[Line, ...] = ()
    smooth: Smoothing = "exponential:1"
    min_duration_s: Amount = 0.0
    cooldown_s: Amount = 0.0
    longest_s: Above0 | None = None
    thresholds: Mapping[Line, ThresholdConfig] = {}
    motion: Share | None = None
    mask: tuple[Polygon, ...] = ()
    regions: Mapping[Name, RegionConfig] = {}


class TlsConfig(Part, frozen=True, kw_only=True):
    """An encrypted connection to a broker."""

    ca: InputFile | None = None
    cert: InputFile | None = None
    key: InputFile | None = None
    insecure: bool = False


class MqttConfig(Part, frozen=True, kw_only=True):
    """A broker that gets the events."""

    host: Host = "localhost"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 1883
    user: Line | None = None
    password: Line | None = None
    topic: Topic = "i3d"
    client_id: Line = "i3d"
    tls: TlsConfig | None = None
    home_assistant: bool = True
    stats_every_s: Amount = 60.0


class DaysConfig(Part, frozen=True, kw_only=True):
    """How long clips are kept, by the severity of their events."""

    alert: Amount = 30.0
    detection: Amount = 7.0


class ClipsConfig(Part, frozen=True, kw_only=True):
    """Clips of events."""

    before_s: Amount = 5.0
    after_s: Amount = 5.0
    longest_s: Above0 = 120.0
    days: DaysConfig = DaysConfig()
    quota_gib: Above0 = 20.0


class WebConfig(Part, frozen=True, kw_only=True):
    """The page, and what other programs ask by HTTP."""

    address: HostAndPort = "127.0.0.1:8080"
    token: Token | None = None
    hosts: tuple[Line, ...] = ()


class WatchConfig(Part, frozen=True, kw_only=True):
    """All of it; paths are absolute."""

    model: InputFile
    device: Line = "CPU"
    inference_precision: Literal["f32", "bf16", "f16"] | None = None
    num_threads: Positive | None = None
    cache: OutputFolder | None = None
    spec: InputFile | None = None
    state: OutputFolder = msgspec.field(default_factory=lambda: Path("i3d-watch"))
    mqtt: MqttConfig | None = None
    webhook: Url | None = None
    clips: ClipsConfig | None = ClipsConfig()
    web: WebConfig | None = WebConfig()
    cameras: Mapping[Name, CameraConfig]


def stream_options(camera: CameraConfig) -> StreamOptions:
    """Return how a camera is read and watched; its source is waited for without end."""
    options = {field.name for field in fields(StreamOptions)}
    same = {name: value for name, value in asdict(camera).items() if name in options}
    shared = {name: same[name] for name in ("min_duration_s", "cooldown_s", "longest_s")}
    return StreamOptions(
        **same,
        smoothing=camera.smooth,
        by_label={label: LabelRules(**shared, **asdict(own)) for label, own in camera.thresholds.items()},
        update_every_s=_UPDATE_EVERY_S,
        is_looped=camera.loop,
        is_real_time=camera.real_time,
        reconnect=None,
        decoder_threads=1,  # cameras decode beside each other
    )
