"""Cameras of this machine, by Video4Linux."""

from __future__ import annotations

import errno
import re
from pathlib import Path

from i3d_edge.core.errors import CameraError

FORMAT = "v4l2"
_DEVICES = Path("/dev")
_NAMES = Path("/sys/class/video4linux")


def cameras() -> dict[str, str]:
    """Return each camera's device and name, for instance {"/dev/video0": "HD Webcam"}."""
    devices = [path for path in _DEVICES.glob("video*") if re.fullmatch(r"video\d+", path.name)]
    return {str(path): _name(path.name) for path in sorted(devices, key=lambda path: int(path.name[5:]))}


def _name(device: str) -> str:
    try:
        return (_NAMES / device / "name").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "unnamed"


def camera_error(device: str, error: OSError) -> CameraError:
    """Say why a camera could not be opened, and which there are."""
    subject = f"camera {device!r}"
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        there = ", ".join(f"{path} ({name})" for path, name in cameras().items())
        found = f"this machine has {there}" if there else "this machine has none"
        return CameraError(f"{subject} must be there; it is absent, and {found}")
    if error.errno == errno.EBUSY:
        return CameraError(f"{subject} must be free; another program has it open", hint=f"`fuser {device}` shows which")
    if error.errno in (errno.EACCES, errno.EPERM):
        return CameraError(
            f"{subject} must be readable for this user; permission denied", hint="add the user to the group video"
        )
    reason = error.strerror or str(error)
    return CameraError(f"{subject} must deliver video by Video4Linux; got {reason[:1].lower() + reason[1:]}")
