"""Download of a published checkpoint: resumed where it stopped, and verified before it is used."""

from __future__ import annotations

import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from freeze import published
from freeze.checkpoint import Checkpoint, open_checkpoint
from freeze.published import PublishedCheckpoint
from i3d_edge.errors import DownloadError
from i3d_edge.files import git_blob_sha1, make_folder
from i3d_edge.progress import track

PREFIX = "model.ckpt"

_CHUNK_BYTES = 1 << 16
_TIMEOUT_S = 30.0
_ATTEMPTS = 3


def fetch_checkpoint(
    name: str,
    folder: Path,
    *,
    base_url: str = published.BASE_URL,
    table: Mapping[str, PublishedCheckpoint] = published.CHECKPOINTS,
) -> Checkpoint:
    """Download one of the published checkpoints.

    Files that are there already and have the right hash are kept. A download that broke off goes on from
    where it stopped. Each file must have the hash that git gives it in DeepMind's repository, and each
    tensor the CRC32C that the index states.

    Args:
        name: A key of `table`, for instance "rgb_imagenet".
        folder: Where the files go, as `<folder>/<name>/model.ckpt.*`.
        base_url: What stands before `/<name>/model.ckpt.index`.
        table: Names and hashes.

    Returns:
        The checkpoint, opened.

    Raises:
        DownloadError: If the name is not in the table, the server cannot be reached, or a hash differs.
        CheckpointDamagedError: If a tensor fails its checksum.
        OutputError: If the folder cannot be written.
    """
    if name not in table:
        raise DownloadError(f"checkpoint name must be one of {', '.join(table)}; got {name!r}")
    wanted = table[name]
    target = folder / name
    make_folder(target)
    for suffix, sha1 in ((".index", wanted.index_sha1), (".data-00000-of-00001", wanted.data_sha1)):
        path = target / f"{PREFIX}{suffix}"
        if not (path.is_file() and git_blob_sha1(path) == sha1):
            _download(f"{base_url.rstrip('/')}/{name}/{path.name}", path, sha1)
    checkpoint = open_checkpoint(target / PREFIX)
    checkpoint.read()
    return checkpoint


def _download(url: str, path: Path, sha1: str) -> None:
    """Download into `<path>.part`, verify, rename. What arrived of a broken download stays for the next try."""
    partial = path.with_name(path.name + ".part")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _transfer(url, partial)
            break
        except (OSError, ValueError, http.client.HTTPException) as error:
            if attempt == _ATTEMPTS or isinstance(error, (urllib.error.HTTPError, ValueError)):
                reason = getattr(error, "reason", None) or error
                raise DownloadError(
                    f"download of {url!r} must arrive whole; got {reason}",
                    hint="run the same command again: it goes on where it stopped",
                ) from error
    if (got := git_blob_sha1(partial)) != sha1:
        partial.unlink()
        raise DownloadError(
            f"download of {url!r} must have the git blob SHA-1 {sha1}; got {got}",
            hint="the server gave another file: check the base address",
        )
    os.replace(partial, path)


def _transfer(url: str, partial: Path) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # everything is there already; the hash decides
        raise
    with response:
        is_resumed = response.status == http.client.PARTIAL_CONTENT
        length = int(response.headers.get("Content-Length", 0))
        with partial.open("ab" if is_resumed else "wb") as stream:
            title = partial.name.removesuffix(".part")
            for chunk in track(_chunks(response), total=-(-length // _CHUNK_BYTES), title=title, unit="block"):
                stream.write(chunk)
        done = partial.stat().st_size
    expected = length + (have if is_resumed else 0)
    if length and done < expected:
        raise ConnectionError(f"{done} of {expected} bytes")


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while chunk := response.read(_CHUNK_BYTES):
        yield chunk
