"""The machine and the software that a run happened on, by class and not by name."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata

from i3d_edge.accuracy.result.schema import Where
from i3d_edge.runtime.hardware.cpu import read_processor

_PACKAGES = ("openvino", "i3d-edge", "av", "numpy", "opencv-contrib-python-headless", "tensorflow")


def describe_machine() -> Where:
    """Return the processor, the system and the versions of what computes."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return Where(cpu=read_processor().name, num_cpus=os.cpu_count() or 1, os=sys.platform, versions=versions)
