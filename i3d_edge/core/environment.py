"""The installed packages that i3d-edge needs, and those that conflict with it. Imports none of them."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Self

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from i3d_edge.core.finding import Finding, Level

OWN_NAME = "i3d-edge"

PACKAGES = ("openvino", OWN_NAME, "av", "numpy", "opencv-contrib-python-headless")
"""What a model runs on."""

_OPENCV_WHEELS = (
    "opencv-contrib-python-headless",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-python",
)
_CHECKED = (OWN_NAME, "openvino", "nncf", "openvino-dev")
"""Packages whose requirements are checked; `pip check` checks those of others."""


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return Python's version, and those of the packages that are installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True, slots=True)
class Installed:
    """What an environment holds.

    Attributes:
        versions: By distribution, in the canonical spelling.
        requirements: What a distribution requires, as it states it, by the same names.
    """

    versions: Mapping[str, str]
    requirements: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def here(cls) -> Self:
        """Read the environment that this runs in."""
        versions, requirements = {}, {}
        for distribution in metadata.distributions():
            name = str(canonicalize_name(distribution.metadata["Name"] or ""))
            if name not in versions:  # an import finds the first
                versions[name] = distribution.version
                requirements[name] = distribution.requires or []
        return cls(versions, {name: requirements[name] for name in _CHECKED if name in requirements})


def find_problems(installed: Installed) -> list[Finding]:
    """Return what is wrong with the installed packages, the worst first."""
    problems = [*_unmet(installed), *_openvino_dev(installed), *_doubled_opencv(installed)]
    return sorted(problems, key=lambda problem: problem.level != "broken")


def _unmet(installed: Installed) -> Iterable[Finding]:
    for owner, requirements in installed.requirements.items():
        for text in requirements:
            wanted = Requirement(text)
            if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
                continue
            level: Level = "broken" if owner == OWN_NAME else "warning"
            remedy = f"pip install '{wanted.name}{wanted.specifier}'"
            version = installed.versions.get(canonicalize_name(wanted.name))
            if version is None:
                yield Finding(level, f"{owner} needs {wanted}; it is not installed", remedy)
            elif not wanted.specifier.contains(version, prereleases=True):
                yield Finding(level, f"{owner} needs {wanted}; {version} is installed", remedy)


def _openvino_dev(installed: Installed) -> Iterable[Finding]:
    if version := installed.versions.get("openvino-dev"):
        yield Finding(
            "warning",
            f"openvino-dev {version} is installed; it needs another openvino, and numpy below 2",
            "install it in its own environment, with requirements-openvino-dev.txt",
        )


def _doubled_opencv(installed: Installed) -> Iterable[Finding]:
    wheels = [name for name in _OPENCV_WHEELS if name in installed.versions]
    if len(wheels) > 1:
        yield Finding(
            "warning",
            f"{len(wheels)} OpenCV wheels are installed and overwrite each other's files: {', '.join(wheels)}",
            f"pip uninstall {' '.join(wheels)}, then pip install {_OPENCV_WHEELS[0]}",
        )
