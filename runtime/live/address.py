"""Addresses of live sources, how to show them without credentials, and the cameras of this machine, by Video4Linux."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from i3d_edge.core.errors import ArgumentError, CameraError, StreamOpenError
from i3d_edge.core.masking import masked
from i3d_edge.core.reading import require_file
from i3d_edge.core.text import short_reason

Kind = Literal["file", "camera", "rtsp", "http", "pipe"]

_KINDS: dict[str, Kind] = {"rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http"}
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_CAMERA = re.compile(r"camera:(\d+)|(/dev/video\d+)")
_DEVICES = Path("/dev")
_NAMES = Path("/sys/class/video4linux")


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


def cameras() -> dict[str, str]:
    """Return each camera's device and name, for instance {"/dev/video0": "HD Webcam"}."""
    devices = [path for path in _DEVICES.glob("video*") if path.name[5:].isdecimal()]
    return {str(path): _name(path.name) for path in sorted(devices, key=lambda path: int(path.name[5:]))}


def _name(device: str) -> str:
    try:
        return (_NAMES / device / "name").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "unnamed"


def camera_error(device: str, error: OSError) -> CameraError:
    """Return an error that explains why a camera could not be opened, and lists the cameras."""
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        there = ", ".join(f"{path} ({name})" for path, name in cameras().items())
        return CameraError(f"there is no camera {device!r}; this machine has {there or 'none'}")
    if error.errno == errno.EBUSY:
        return CameraError(f"another program uses the camera {device!r}", hint=f"`fuser {device}` shows which")
    if error.errno in (errno.EACCES, errno.EPERM):
        return CameraError(f"no permission to read the camera {device!r}", hint="add the user to the group video")
    return CameraError(f"cannot read the camera {device!r}: {short_reason(error)}")
