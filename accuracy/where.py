"""The machine and the software that a run happened on, by class and not by name."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata

from accuracy.result_schema import Where

_PACKAGES = ("openvino", "i3d-edge", "av", "numpy", "opencv-contrib-python-headless", "tensorflow")


def describe_machine() -> Where:
    """Return the processor, the system and the versions of what computes."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return Where(cpu=_cpu_name(), num_cpus=os.cpu_count() or 1, os=sys.platform, versions=versions)


def _cpu_name() -> str:
    """Return the processor's model name where the system tells it, else its architecture."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            return next(line.partition(":")[2].strip() for line in stream if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
