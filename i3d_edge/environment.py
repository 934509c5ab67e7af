"""The installed packages that i3d-edge works with, and those that get in its way. Loads none of them."""

from __future__ import annotations

import importlib.util
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Self

OWN_NAME = "i3d-edge"
ROOMS = ("freeze", "convert", "runtime", "accuracy")
"""Our top-level packages whose names others may use too."""

_OPENCV_WHEELS = (
    "opencv-contrib-python-headless",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-python",
)
_CHECKED = (OWN_NAME, "openvino", "nncf", "openvino-dev")
"""Packages whose requirements are checked; those of others are for `pip check`."""

_OPERATORS: Mapping[str, Callable[[list[int], list[int]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_MARKED = ";"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about the installed packages.

    Attributes:
        text: A sentence.
        remedy: What to do.
        stops_work: Whether no command, or only one kind of work, can be done as it is.
    """

    text: str
    remedy: str
    stops_work: bool


@dataclass(frozen=True, slots=True)
class Installed:
    """What an environment holds.

    Attributes:
        versions: By distribution, in the spelling of `normalized`.
        requirements: What a distribution requires, as it states it, by the same names.
        owners: The distributions that a top-level package is of.
        locations: The folder where an import finds each of our rooms; absent if there is none.
        root: The folder that our rooms lie in.
    """

    versions: Mapping[str, str]
    requirements: Mapping[str, Sequence[str]] = field(default_factory=dict)
    owners: Mapping[str, Sequence[str]] = field(default_factory=dict)
    locations: Mapping[str, Path] = field(default_factory=dict)
    root: Path = Path()

    @classmethod
    def here(cls) -> Self:
        """Read the environment that this runs in."""
        versions, requirements = {}, {}
        for distribution in metadata.distributions():
            name = normalized(distribution.metadata["Name"] or "")
            if name not in versions:  # an import finds the first
                versions[name] = distribution.version
                requirements[name] = distribution.requires or []
        return cls(
            versions=versions,
            requirements={name: requirements[name] for name in _CHECKED if name in requirements},
            owners={name: sorted(set(owners)) for name, owners in metadata.packages_distributions().items()},
            locations={name: folder for name in ROOMS if (folder := _location(name)) is not None},
            root=Path(__file__).resolve().parents[1],
        )


def find_problems(installed: Installed) -> list[Problem]:
    """Return what is wrong with the installed packages, what stops work first."""
    problems = [*_shadowed(installed), *_unmet(installed), *_openvino_dev(installed), *_doubled_opencv(installed)]
    return sorted(problems, key=lambda problem: not problem.stops_work)


def normalized(name: str) -> str:
    """Return a distribution's name in the one spelling that counts."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _location(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    folders = list(spec.submodule_search_locations or []) if spec is not None else []
    if folders:
        return Path(folders[0]).resolve()
    return Path(spec.origin).resolve() if spec is not None and spec.origin else None


def _shadowed(installed: Installed) -> Iterable[Problem]:
    for name in ROOMS:
        location = installed.locations.get(name)
        others = [owner for owner in installed.owners.get(name, ()) if normalized(owner) != OWN_NAME]
        culprit = f"pip uninstall {others[0]}" if others else "rename it, or start where it is not"
        if location != installed.root / name:
            found = f"finds {location}" if location else "finds nothing"
            yield Problem(f"`import {name}` must find i3d-edge's; it {found}", culprit, stops_work=True)
        elif others:
            yield Problem(
                f"{', '.join(others)} installed a package {name!r} too: of files with the same name, the one installed "
                "last remains",
                f"{culprit}, then pip install --force-reinstall --no-deps {OWN_NAME}",
                stops_work=False,
            )


def _unmet(installed: Installed) -> Iterable[Problem]:
    for owner, requirements in installed.requirements.items():
        for requirement in requirements:
            if _MARKED in requirement:
                continue
            name, conditions = _parse(requirement)
            version = installed.versions.get(normalized(name))
            stops_work = owner == OWN_NAME
            if version is None:
                yield Problem(
                    f"{owner} needs {requirement}; it is not installed", f"pip install '{requirement}'", stops_work
                )
            elif not all(_holds(version, sign, wanted) for sign, wanted in conditions):
                text = f"{owner} needs {requirement}; {version} is installed"
                yield Problem(text, f"pip install '{requirement}'", stops_work)


def _openvino_dev(installed: Installed) -> Iterable[Problem]:
    if version := installed.versions.get("openvino-dev"):
        yield Problem(
            f"openvino-dev {version} is installed: it pins openvino to its own version and numpy below 2",
            "keep it in an environment of its own, see requirements-openvino-dev.txt",
            stops_work=False,
        )


def _doubled_opencv(installed: Installed) -> Iterable[Problem]:
    wheels = [name for name in _OPENCV_WHEELS if name in installed.versions]
    if len(wheels) > 1:
        yield Problem(
            f"{len(wheels)} OpenCV wheels are installed and overwrite each other's files: {', '.join(wheels)}",
            f"pip uninstall {' '.join(wheels)}, then pip install {_OPENCV_WHEELS[0]}",
            stops_work=False,
        )


def _parse(requirement: str) -> tuple[str, list[tuple[str, str]]]:
    """Split "numpy>=2.1,<3" into its name and conditions."""
    match = re.match(r"\s*([\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?([^)]*)\)?", requirement)
    assert match is not None
    conditions = re.findall(r"(>=|<=|==|!=|<|>)\s*([\w.*+!-]+)", match[2])
    return match[1], [(sign, wanted) for sign, wanted in conditions if "*" not in wanted]


def _holds(version: str, sign: str, wanted: str) -> bool:
    return _OPERATORS[sign](*_padded(_numbers(version), _numbers(wanted)))


def _numbers(version: str) -> list[int]:
    """Return the numbers of a release: [2026, 4, 1] for "2026.4.1", also with a suffix."""
    release = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return [int(number) for number in release[1].split(".")] if release else []


def _padded(first: list[int], second: list[int]) -> tuple[list[int], list[int]]:
    length = max(len(first), len(second))
    return first + [0] * (length - len(first)), second + [0] * (length - len(second))
