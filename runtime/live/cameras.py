"""Cameras of this machine, by Video4Linux."""

from __future__ import annotations

import errno
from pathlib import Path

from i3d_edge.core.errors import CameraError
from i3d_edge.core.text import short_reason

FORMAT = "v4l2"
_DEVICES = Path("/dev")
_NAMES = Path("/sys/class/video4linux")


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
