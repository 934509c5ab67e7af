"""Addresses of live sources, and how to show them without credentials."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from i3d_edge.core.errors import ArgumentError, StreamOpenError
from i3d_edge.core.masking import masked
from i3d_edge.core.reading import require_file
from i3d_edge.core.text import short_reason

Kind = Literal["file", "camera", "rtsp", "http", "pipe"]

_KINDS: dict[str, Kind] = {"rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http"}
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_CAMERA = re.compile(r"camera:(\d+)|(/dev/video\d+)")


@dataclass(frozen=True, slots=True)
class Address:
    """A source, for FFmpeg and for messages."""

    kind: Kind  # what it is
    target: str  # what is opened: a path, a device, or a whole URL
    shown: str  # the same for messages and events, without credentials

    def require_file(self) -> None:
        """Check that a file is there, and is one; raises StreamOpenError if not."""
        if self.kind != "file":
            return
        try:
            require_file(Path(self.target))
        except OSError as error:
            raise StreamOpenError(f"cannot open stream {self.shown!r}: {short_reason(error)}") from error

    @classmethod
    def parse(cls, source: str) -> Address:
        """Parse a file, `camera:0` or `/dev/video0`, `rtsp://...`, `http(s)://...`, or `-` for standard input.

        Raises StreamOpenError if it is a URL of another kind.
        """
        if source == "-":
            return cls("pipe", "pipe:0", "standard input")
        if camera := _CAMERA.fullmatch(source):
            device = camera[2] or f"/dev/video{camera[1]}"
            return cls("camera", device, device)
        url = source.strip(" \t\n'\"")  # copied with quotes, it would be taken for a file and shown as it is
        if scheme := _SCHEME.match(url):
            name = scheme[1].lower()
            if name not in _KINDS:
                raise StreamOpenError(
                    f"stream {masked(url)!r} must be a file, camera:N, /dev/videoN, rtsp://, http(s):// or -; "
                    f"got {name}://",
                    hint="FFmpeg opens more: `ffmpeg -i ADDRESS -c copy -f mpegts - | i3d stream - --model M.xml`",
                )
            return cls(_KINDS[name], url, masked(url))
        return cls("file", os.fspath(source), os.fspath(source))


def require_web_address(url: str) -> None:
    """Check that something can be posted to a URL; raises ArgumentError if it is not http or https with a host."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ArgumentError(f"webhook must be an http:// or https:// URL; got {masked(url, shows_path=False)!r}")
