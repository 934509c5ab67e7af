"""Packages that not every installation has: what needs them, and how to get them."""

from collections.abc import Iterator
from contextlib import contextmanager

from i3d_edge.core.errors import DependencyError

_INSTALLED_BY = {
    **dict.fromkeys(("tensorflow", "cramjam", "google-crc32c"), "tensorflow cramjam google-crc32c"),
    "nncf": "nncf",
    "onnxruntime": "onnxruntime",
    "ray": "'i3d-edge[cluster]'",
    **dict.fromkeys(("aiohttp", "fsspec", "gcsfs", "s3fs"), "'i3d-edge[remote]'"),
    "sklearn": "'i3d-edge[learn]'",
    **dict.fromkeys(
        ("fastapi", "paho", "prometheus-client", "python-multipart", "uvicorn", "yaml"), "'i3d-edge[watch]'"
    ),
}
"""What pip is told, by the names that Python imports, with hyphens; what is needed together is installed together."""


@contextmanager
def needed_for(work: str) -> Iterator[None]:
    """Raise DependencyError if the block lacks an optional package; `work` needs it, for instance "freezing"."""
    try:
        yield
    except ModuleNotFoundError as missing:
        package = (missing.name or "").replace("_", "-")
        if package not in _INSTALLED_BY:
            raise
        hint = f"pip install {_INSTALLED_BY[package]}"
        raise DependencyError(f"{work} needs the package {package}, which is not installed", hint=hint) from missing
