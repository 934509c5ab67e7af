"""Packages that not every installation has: what needs them, and how to get them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from i3d_edge.core.errors import DependencyError

_SETS = (("tensorflow", "cramjam", "google-crc32c"), ("nncf",), ("onnxruntime",))
"""What is needed together, by the names that pip knows; installed one by one they would be asked for one by one."""

_WATCH = ("fastapi", "paho", "prometheus-client", "python-multipart", "uvicorn", "yaml")
"""What `i3d watch` needs, by the names that Python imports, with hyphens."""


@contextmanager
def needed_for(work: str) -> Iterator[None]:
    """Raise DependencyError if the block lacks an optional package; `work` needs it, for instance "freezing"."""
    try:
        yield
    except ModuleNotFoundError as missing:
        package = (missing.name or "").replace("_", "-")
        together = next((" ".join(names) for names in _SETS if package in names), None)
        if package in _WATCH or package == "ray":
            together = f"'i3d-edge[{'cluster' if package == 'ray' else 'watch'}]'"
        if together is None:
            raise
        raise DependencyError(
            f"{work} needs the package {package}, which is not installed", hint=f"pip install {together}"
        ) from missing
