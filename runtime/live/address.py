"""Addresses of live sources, and how to show them without credentials."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Literal

from i3d_edge.core.errors import StreamOpenError

Kind = Literal["file", "camera", "rtsp", "http", "pipe"]

_KINDS: dict[str, Kind] = {"rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http"}
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_CAMERA = re.compile(r"camera:(\d+)|(/dev/video\d+)")

_HIDDEN = "***"
_HOST_AND_PORT = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[^:@]*)(:\d*)?")
_SECRET = re.compile(
    r"(?i)((?:user(?:name)?|login|pass(?:word|wd|phrase)?|pwd|token|secret|key|sig(?:nature)?|auth|credential)s?=)[^&;#]*"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A source, for FFmpeg and for messages.

    Attributes:
        kind: What it is.
        target: What is opened: a path, a device, or a whole URL.
        shown: The same for messages and events, without credentials.
    """

    kind: Kind
    target: str
    shown: str

    @classmethod
    def parse(cls, source: str) -> Address:
        """Parse an address from a user.

        Args:
            source: A file, `camera:0` or `/dev/video0`, `rtsp://...`, `http(s)://...`, or `-` for standard input.

        Raises:
            StreamOpenError: If it is a URL of another kind.
        """
        if source == "-":
            return cls("pipe", "pipe:0", "standard input")
        if camera := _CAMERA.fullmatch(source):
            device = camera[2] or f"/dev/video{camera[1]}"
            return cls("camera", device, device)
        if scheme := _SCHEME.match(source):
            name = scheme[1].lower()
            if name not in _KINDS:
                raise StreamOpenError(
                    f"stream {masked(source)!r} must be a file, camera:N, /dev/videoN, rtsp://, http(s):// or -; "
                    f"got {name}://",
                    hint="FFmpeg opens more: `ffmpeg -i ADDRESS -c copy -f mpegts - | i3d stream - --model M.xml`",
                )
            return cls(_KINDS[name], source, masked(source))
        return cls("file", os.fspath(source), os.fspath(source))


def masked(url: str) -> str:
    """Return a URL without credentials: user, password, tokens.

    Example:
        rtsp://admin:secret@10.0.0.5/ch1?token=x&q=1 -> rtsp://***@10.0.0.5/ch1?token=***&q=1
    """
    scheme = _SCHEME.match(url)
    if not scheme:
        return url
    rest = url[scheme.end() :]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if not _HOST_AND_PORT.fullmatch(authority):
        # A password may hold a slash or an at sign although it should not: hide all up to the last one.
        end = rest.rfind("@") if "@" in rest else -1
        rest = f"{_HIDDEN}@{rest[end + 1 :]}" if end >= 0 else _HIDDEN
    return scheme[0] + _SECRET.sub(rf"\1{_HIDDEN}", rest)
