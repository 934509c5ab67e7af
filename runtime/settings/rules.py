"""What must hold between the keys of a part of a configuration, beside what each value must be."""

import ipaddress
from collections.abc import Iterator

from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.settings import cameras

_LAST_PORT = 65535


def broken_rules(part: cameras.Part) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the keys that a broken rule is about, and what is wrong with them."""
    if isinstance(part, cameras.ThresholdConfig) and not 0 < part.off <= part.on:
        yield ("off", "on"), f"must be 0 < off <= on <= 1; got off {part.off:g}, on {part.on:g}"
    if isinstance(part, cameras.CameraConfig):
        if part.longest_s is not None and part.longest_s < part.min_duration_s:
            yield ("longest_s", "min_duration_s"), f"must be at least min_duration_s, {part.min_duration_s:g} s"
        for key in ("loop", "real_time"):
            if getattr(part, key) and Address.parse(part.source).kind != "file":
                yield (key, "source"), "is for files only"
    if isinstance(part, cameras.RegionConfig):
        if (part.rectangle is None) == (part.polygon is None):
            yield ("polygon", "rectangle"), "a region has either 'rectangle' or 'polygon'"
        left, top, right, bottom = part.rectangle or (0, 0, 1, 1)
        if left >= right or top >= bottom:
            yield ("rectangle",), "must be [left, top, right, bottom] with left < right and top < bottom"
    if isinstance(part, cameras.TlsConfig) and part.key and not part.cert:
        yield ("key", "cert"), "needs a 'cert' beside it"
    if isinstance(part, cameras.MqttConfig) and part.password and not part.user:
        yield ("password", "user"), "needs a 'user' beside it"
    if isinstance(part, cameras.WebConfig):
        host, _, port = part.address.rpartition(":")
        if int(port) > _LAST_PORT:
            yield ("address",), f"ports end at {_LAST_PORT}"
        if not part.token and not is_loopback(host.strip("[]")):
            yield ("address", "token"), "others can reach this address: a 'token' is needed beside it"
    if isinstance(part, cameras.WatchConfig):
        if not part.cameras:
            yield ("cameras",), "holds no camera"
        elif [camera.source for camera in part.cameras.values()].count("-") > 1:
            yield ("cameras",), "only one camera can be standard input"


def is_loopback(host: str) -> bool:
    """Return whether nobody but this machine reaches a name or address; of other names nobody can be sure."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
