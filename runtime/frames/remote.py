"""Videos at addresses: of HTTP, S3 or Google's storage, copied before they are read.

A video is read several times, for its hash, its clock and its frames: one copy is less to transfer. Credentials come
from where each kind of storage looks for them.
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
import weakref
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from i3d_edge.core.dependencies import needed_for
from i3d_edge.core.errors import DownloadError, I3DError, VideoOpenError
from i3d_edge.core.files import staging, writing
from i3d_edge.core.text import short_reason

_PACKAGES = {"http": "aiohttp", "https": "aiohttp", "s3": "s3fs", "gs": "gcsfs"}
_ADDRESS = re.compile(rf"({'|'.join(_PACKAGES)}):/{{1,2}}(.+)", re.DOTALL)  # as a Path it has one slash
_MAX_BYTES = 4 << 30
_LONGEST_S = 900.0
_BLOCK_BYTES = 8 << 20
_CONNECT_S, _READ_S = 10, 60
_PAUSES_S = (2.0, 10.0)
"""Before a store is asked again."""

_here = threading.local()


def address_of(path: Path) -> str | None:
    """Return the address that a path is, which it shows with one slash; None if it is one of files."""
    found = _ADDRESS.fullmatch(path.as_posix())
    return found and f"{found[1]}://{found[2]}"


def located(root: Path, name: str) -> Path:
    """Return where a name leads from a folder or address; it may be an address itself."""
    return Path(name) if address_of(Path(name)) else root / name


def public_name(path: Path) -> str:
    """Return what a path is called in lists and results; an address without user and, of HTTP, without query."""
    address = address_of(path)
    if address is None:
        return str(path)
    parts = urlsplit(address)
    parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    return (parts._replace(query="", fragment="") if "http" in parts.scheme else parts).geturl()


def local_copy(path: Path) -> Path:
    """Return where a path's bytes lie: itself, or a copy, until the same thread asks for another one or ends.

    Raises:
        VideoOpenError: If there is nothing at the address, or too much.
        DownloadError: If it cannot be read for a reason that others may share, such as a store that does not answer.
        DependencyError: If the packages for such addresses are not installed.
        OutputError: If the disk for temporary files is full.
    """
    address = address_of(path)
    if address is None:
        return path
    copy: _Copy | None = getattr(_here, "copy", None)
    if copy is None or copy.address != address:
        _here.copy = copy = None
        _here.copy = copy = _Copy(address)
    return copy.path


class _Copy:
    """A copy of what lies at an address, which is there as long as this object."""

    def __init__(self, address: str) -> None:
        self.address = address
        suffix = re.search(r"\.\w{1,8}$", urlsplit(address).path)  # raw streams are told by it
        with ExitStack() as stack:
            folder = stack.enter_context(staging(Path(tempfile.gettempdir(), "i3d-remote")))
            self.path = folder / f"video{suffix[0] if suffix else ''}"
            _fetch(address, self.path)
            weakref.finalize(self, stack.pop_all().close)


def _fetch(address: str, path: Path) -> None:
    """Copy what lies at an address; a store that fails is asked again."""
    scheme = urlsplit(address).scheme
    with needed_for(f"reading {scheme}://"):
        from aiohttp import ClientTimeout
        from fsspec.core import url_to_fs

        import_module(_PACKAGES[scheme])
    silence = ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_READ_S)
    limits = {
        "s3": {"config_kwargs": {"connect_timeout": _CONNECT_S, "read_timeout": _READ_S}},
        "gs": {"requests_timeout": silence},
    }.get(scheme, {"client_kwargs": {"timeout": silence}})
    for pause_s in (*_PAUSES_S, None):
        try:
            files, name = url_to_fs(address, **limits)
            _read(address, files, name, path)
            return
        except I3DError:
            raise
        except Exception as error:  # each store's library has its own kinds
            status = getattr(error.__cause__ or error, "status", None)
            # whatever HTTP's part of fsspec meets first is "not found" to it
            if status in (404, 410) or (scheme in ("s3", "gs") and isinstance(error, FileNotFoundError)):
                raise VideoOpenError(f"no video {address!r}") from error
            if pause_s is None or isinstance(error, PermissionError) or status in (401, 403):
                why = short_reason((isinstance(error, FileNotFoundError) and error.__cause__) or error)
                hint = "see to the network and the credentials; an accuracy run that is given again goes on"
                raise DownloadError(f"cannot read {address!r}: {why}", hint=hint) from error
        time.sleep(pause_s)


def _read(address: str, files: Any, name: str, path: Path) -> None:
    num_bytes, until = 0, time.monotonic() + _LONGEST_S
    with files.open(name, "rb", block_size=_BLOCK_BYTES) as stream, path.open("wb") as copy:
        while block := stream.read(_BLOCK_BYTES):
            num_bytes += len(block)
            if num_bytes > _MAX_BYTES or time.monotonic() > until:
                limits = f"{_MAX_BYTES >> 30} GiB or takes longer than {_LONGEST_S:.0f} s"
                raise VideoOpenError(f"video {address!r} has over {limits}", hint="`i3d stream` watches live sources")
            with writing(path):
                copy.write(block)
        if stream.size not in (None, num_bytes):
            raise OSError(f"it ends after {num_bytes:,} of {stream.size:,} bytes")
