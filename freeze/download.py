"""A file from a web server: resumed where it stopped, and verified before it is used."""

from __future__ import annotations

import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from i3d_edge.core.errors import DownloadError
from i3d_edge.core.files import git_blob_sha1, writing
from i3d_edge.core.progress import track

_CHUNK_BYTES = 1 << 16
_TIMEOUT_S = 30.0
_ATTEMPTS = 3


def download(url: str, path: Path, sha1: str) -> None:
    """Download into `<path>.part`, verify, rename. What arrived of a broken download stays for the next try.

    Args:
        url: Of the file.
        path: Where it goes.
        sha1: The hash that git gives it.

    Raises:
        DownloadError: If the server cannot be reached, breaks off, or gives another file.
        OutputError: If the disk is full.
    """
    partial = path.with_name(path.name + ".part")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _transfer(url, partial)
            break
        except (OSError, ValueError, http.client.HTTPException) as error:
            if attempt == _ATTEMPTS or isinstance(error, (urllib.error.HTTPError, ValueError)):
                reason = getattr(error, "reason", None) or error
                if isinstance(error, urllib.error.URLError) and isinstance(reason, OSError):
                    server = urllib.parse.urlsplit(url).hostname
                    raise DownloadError(f"cannot reach {server}: {reason.strerror or reason}") from error
                raise DownloadError(
                    f"cannot download {url}: {reason}",
                    hint="run the same command again: it resumes where it stopped" if partial.exists() else None,
                ) from error
    if (got := git_blob_sha1(partial)) != sha1:
        partial.unlink()
        raise DownloadError(
            f"{url} is not the published file: its git blob SHA-1 is {got}, expected {sha1}",
            hint="check the base address",
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
        with writing(partial), partial.open("ab" if is_resumed else "wb") as stream:
            title = partial.name.removesuffix(".part")
            chunks = iter(lambda: response.read(_CHUNK_BYTES), b"")
            for chunk in track(chunks, total=-(-length // _CHUNK_BYTES), title=title, unit="block"):
                stream.write(chunk)
        done = partial.stat().st_size
    expected = length + (have if is_resumed else 0)
    if length and done < expected:
        raise ConnectionError(f"{done} of {expected} bytes arrived")
