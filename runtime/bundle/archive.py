"""The archive under a bundle: a ZIP of stored entries, always written the same, and read without trust.

Nothing is compressed, since weights hardly shrink: so an entry can be no larger than the archive that holds it.
"""

from __future__ import annotations

import hashlib
import re
import stat
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from i3d_edge.core.errors import BundleError
from i3d_edge.runtime.bundle.manifest import Entry

MAX_ENTRIES = 100
MAX_BYTES = 1 << 30
"""Of all entries together; a joint model's FP32 IR has a tenth of it."""
MAX_NAME = 200

_CHUNK_BYTES = 1 << 20
_OVERHEAD = 1 << 20
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_ENCRYPTED = 0x1
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_WINDOWS = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
_UNREADABLE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError, struct.error)
_COPY_AGAIN = "copy it again from where it was packed, and compare the sizes"


def fault_of_name(name: str) -> str | None:
    """Say what forbids a name in an archive that is unpacked on any system; None if nothing does."""
    if name.startswith("/"):
        return "an absolute path"
    if "\\" in name:
        return "a backslash"
    if name[1:2] == ":":
        return "a drive letter"
    if not {".", ".."}.isdisjoint(name.split("/")):
        return "a step to another folder"
    if name.endswith("/"):
        return "a folder"
    if len(name) > MAX_NAME:
        return f"{len(name)} characters"
    if not _NAME.fullmatch(name):
        return "other characters than letters of ASCII, digits, '.', '_' and '-'"
    if any(part.endswith(".") or part.split(".")[0].lower() in _WINDOWS for part in name.split("/")):
        return "a name that Windows keeps for itself"
    return None


class ArchiveWriter:
    """Writes an archive whose bytes depend on the entries and their order alone; a context manager."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def add(self, name: str, source: Path | bytes) -> Entry:
        """Add a file's bytes, or these; return their size and hash.

        Raises:
            BundleError: If the name is not one that can be unpacked everywhere.
        """
        if fault := fault_of_name(name):
            raise BundleError(f"entry {name!r} must have a name for every system; it has {fault}", hint="rename it")
        info = zipfile.ZipInfo(name, _DATE)
        info.create_system = _UNIX
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        size, digest = 0, hashlib.sha256()
        with self._zip.open(info, "w") as target:
            for chunk in _chunks(source):
                target.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        return Entry(size, digest.hexdigest())


class Archive:
    """An archive from anywhere, opened for reading; a context manager.

    Attributes:
        path: Of the file.
        sizes: Of the entries, by name.
    """

    def __init__(self, path: Path) -> None:
        """Open an archive and refuse whatever could do harm when unpacked.

        Raises:
            BundleError: If it is no whole ZIP; if an entry is no plain file, has a name that leads out of the folder
                or that some system cannot keep, or is there twice; or if they are too many or too large.
        """
        self.path = path
        if not path.is_file():
            raise BundleError(f"bundle {str(path)!r} must be a file; there is none")
        if path.stat().st_size > MAX_BYTES + _OVERHEAD:
            raise self.fault(f"it must have at most {MAX_BYTES} bytes; got {path.stat().st_size}")
        with self._reading():
            self._zip = zipfile.ZipFile(path)
        try:
            self._infos = self._check(self._zip.infolist())
        except BaseException:
            self._zip.close()
            raise
        self.sizes: Mapping[str, int] = {name: info.file_size for name, info in self._infos.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def read(self, name: str, *, limit: int) -> bytes:
        """Return an entry's bytes.

        Raises:
            BundleError: If it is absent, larger than the limit, not stored as it is, or damaged.
        """
        if self.sizes.get(name, 0) > limit:
            raise self.fault(f"entry {name!r} must have at most {limit} bytes; got {self.sizes[name]}")
        return b"".join(self._stream(name))

    def copy(self, name: str, target: Path) -> Entry:
        """Write an entry's bytes to a new file; return their size and hash.

        Raises:
            BundleError: As `read`.
            OSError: If the disk does not take them.
        """
        size, digest = 0, hashlib.sha256()
        with target.open("xb") as stream:
            for chunk in self._stream(name):
                stream.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        return Entry(size, digest.hexdigest())

    def fault(self, text: str, *, hint: str | None = None) -> BundleError:
        """Return an error about this archive."""
        return BundleError(f"bundle {str(self.path)!r}: {text}", hint=hint)

    def _check(self, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        if len(infos) > MAX_ENTRIES:
            raise self.fault(f"entries must be at most {MAX_ENTRIES}; got {len(infos)}")
        checked: dict[str, zipfile.ZipInfo] = {}
        taken: set[str] = set()
        for info in infos:
            name = info.orig_filename  # ZipFile cuts `filename` at a NUL, and turns this system's separators round
            if fault := fault_of_name(name):
                raise self.fault(f"entry {name!r} must have a name for every system; it has {fault}")
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG):
                raise self.fault(f"entry {name!r} must be a plain file; got {_KINDS.get(kind, 'something else')}")
            if name.lower() in taken:
                raise self.fault(f"entry {name!r} must be there once, in whatever case; it is there again")
            taken.add(name.lower())
            checked[name] = info
        folders = {name.lower().rsplit("/", depth)[0] for name in checked for depth in range(1, name.count("/") + 1)}
        if both := sorted(folders & taken):
            raise self.fault(f"entry {both[0]!r} must be a file or a folder; it is both")
        total = sum(info.file_size for info in infos)
        if total > MAX_BYTES:
            raise self.fault(f"entries must have at most {MAX_BYTES} bytes together; got {total}")
        if sum(info.compress_size for info in infos) > self.path.stat().st_size:
            raise self.fault("entries must have bytes of their own; some share them")
        return checked

    def _stream(self, name: str) -> Iterator[bytes]:
        if name not in self._infos:
            raise self.fault(f"entry {name!r} must be there; it is absent", hint=_COPY_AGAIN)
        info = self._infos[name]
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise self.fault(
                f"entry {name!r} must be stored as `i3d bundle pack` stores it; it is compressed",
                hint="another program packed it again: take the bundle as it was made",
            )
        if info.flag_bits & _ENCRYPTED:
            raise self.fault(f"entry {name!r} must be readable by all; it is encrypted")
        with self._reading(name):
            stream = self._zip.open(info)
        with stream:
            while True:
                with self._reading(name):
                    chunk = stream.read(_CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk

    @contextmanager
    def _reading(self, name: str | None = None) -> Iterator[None]:
        try:
            yield
        except _UNREADABLE as error:
            if name is None:
                text = f"it must be a whole bundle; it is cut off, or none ({error})"
            else:
                text = f"entry {name!r} must have the bytes that were packed; it is damaged ({error})"
            raise self.fault(text, hint=_COPY_AGAIN) from error


_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def _chunks(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    stream: BinaryIO
    with source.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk
