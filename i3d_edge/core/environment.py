"""The installed packages that i3d-edge needs, and those that conflict with it. Imports none of them."""

import platform
from collections.abc import Iterable, Mapping
from importlib import metadata

from i3d_edge.core.finding import Finding

OWN_NAME = "i3d-edge"

PACKAGES = ("openvino", OWN_NAME, "av", "numpy", "opencv-contrib-python-headless")
"""What a model runs on."""

OPENCV_WHEELS = ("opencv-contrib-python-headless", "opencv-contrib-python", "opencv-python-headless", "opencv-python")
"""Packages that write the same files, ours first. pip does not see that they conflict."""


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return Python's version, and those of the packages that are installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def find_problems(installed: Mapping[str, str]) -> list[Finding]:
    """Return what is wrong with installed packages, versions by name, that `pip check` does not find."""
    wheels = [name for name in OPENCV_WHEELS if name in installed]
    if len(wheels) < 2:
        return []
    return [
        Finding(
            "warning",
            f"{len(wheels)} OpenCV wheels are installed and overwrite each other's files: {', '.join(wheels)}",
            f"pip uninstall {' '.join(wheels)}, then pip install {OPENCV_WHEELS[0]}",
        )
    ]
