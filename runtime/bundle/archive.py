"""The archive under a bundle: a ZIP of stored entries, always written the same, and read without trust.

Nothing is compressed, since weights hardly shrink; so the entries cannot be larger than the file that holds them.
"""

import hashlib
import os
import re
import shutil
import stat
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from i3d_edge.core.errors import BundleError
from i3d_edge.core.files import sha256_file
from i3d_edge.core.reading import open_input
from i3d_edge.runtime.bundle.manifest import BundleEntry

MAX_ENTRIES = 100
MAX_BYTES = 1 << 30
"""Of a bundle; a joint model's FP32 IR has a tenth of it."""
MAX_NAME = 200

_END = struct.Struct("<4s4H2LH")
_END_64_BYTES, _DIRECTORY_ENTRY_BYTES = 20, 46
"""The end of a ZIP's directory: signature, disks, entries, bytes, place, length of the comment; APPNOTE.TXT 4.3."""

_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
# What Windows keeps for devices, whatever the suffix, and a dot at the end of a name, which it drops.
_NOT_ON_WINDOWS = re.compile(r"(.*/)?((con|prn|aux|nul|(com|lpt)\d)(\..*)?|[^/]*\.)(/.*)?", re.IGNORECASE)
_UNREADABLE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, struct.error)
_COPY_AGAIN = "copy it again from where it was packed, and compare the sizes"


def is_portable(name: str) -> bool:
    """Whether a name stays inside the folder that it is unpacked into, and means one file, on every system."""
    return len(name) <= MAX_NAME and bool(_NAME.fullmatch(name)) and not _NOT_ON_WINDOWS.fullmatch(name)


def add_entry(archive: zipfile.ZipFile, name: str, source: Path | bytes) -> BundleEntry:
    """Add a file, or bytes, under a fixed date; return size and hash; raises BundleError for a name not portable."""
    if not is_portable(name):
        raise BundleError(f"{name!r} is no file name on every system", hint="use letters of ASCII, digits, '-' and '_'")
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system = _UNIX
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    if isinstance(source, bytes):
        archive.writestr(info, source)
        return BundleEntry(size=len(source), sha256=hashlib.sha256(source).hexdigest())
    with open_input(source) as stream, archive.open(info, "w") as target:
        shutil.copyfileobj(stream, target)
    return BundleEntry(size=info.file_size, sha256=sha256_file(source))


class Archive:
    """An archive from anywhere, opened for reading; see `open_archive`.

    Attributes:
        path: Of the file.
        sizes: Of the entries in bytes, by name.
    """

    def __init__(self, path: Path, opened: zipfile.ZipFile) -> None:
        self.path, self._zip = path, opened
        self._infos = self._checked()
        self.sizes: Mapping[str, int] = {name: info.file_size for name, info in self._infos.items()}

    def read(self, name: str, *, limit: int) -> bytes:
        """Return an entry's bytes; raises BundleError if it is missing, larger than the limit, or damaged."""
        if self.sizes.get(name, 0) > limit:
            raise self.fault(f"entry {name!r} has {self.sizes[name]} bytes; at most {limit} are allowed")
        with self._reading(name):
            return self._zip.read(self._info(name))

    def copy(self, name: str, target: Path) -> BundleEntry:
        """Write an entry to a new file; return size and hash; raises BundleError if it is missing or damaged."""
        with self._reading(name), self._zip.open(self._info(name)) as source, target.open("xb") as sink:
            shutil.copyfileobj(source, sink)
        return BundleEntry(size=target.stat().st_size, sha256=sha256_file(target))

    def fault(self, text: str, *, hint: str | None = None) -> BundleError:
        """Return an error about this archive."""
        return BundleError(f"bundle {str(self.path)!r}: {text}", hint=hint)

    def _info(self, name: str) -> zipfile.ZipInfo:
        if name not in self._infos:
            raise self.fault(f"entry {name!r} is missing", hint=_COPY_AGAIN)
        return self._infos[name]

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        """Return the entries by name, or refuse what could do harm when it is unpacked."""
        infos, num_bytes = self._zip.infolist(), self.path.stat().st_size
        if len(infos) > MAX_ENTRIES:  # more than the directory's end states
            raise self.fault(f"it has {len(infos)} entries; at most {MAX_ENTRIES} are allowed")
        if sum(info.file_size for info in infos) > num_bytes:
            raise self.fault("its entries claim more bytes than the file has")
        checked: dict[str, zipfile.ZipInfo] = {}
        taken: set[str] = set()
        for info in infos:
            name = info.orig_filename  # ZipFile cuts `filename` at a NUL, and turns this system's separators round
            if not is_portable(name):
                raise self.fault(f"entry {name!r} cannot be unpacked safely on every system")
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                raise self.fault(f"entry {name!r} is a link or a device, not a plain file")
            if name.lower() in taken:
                raise self.fault(f"entry {name!r} is there twice, upper and lower case being the same")
            if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
                raise self.fault(f"entry {name!r} is compressed", hint="get the bundle as `i3d bundle pack` wrote it")
            taken.add(name.lower())
            checked[name] = info
        folders = {
            "/".join(name.lower().split("/")[:depth]) for name in taken for depth in range(1, name.count("/") + 1)
        }
        if both := sorted(folders & taken):
            raise self.fault(f"entry {both[0]!r} is both a file and a folder")
        return checked

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        try:
            yield
        except _UNREADABLE as error:
            raise self.fault(f"entry {name!r} is damaged ({error})", hint=_COPY_AGAIN) from error


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an archive; raises BundleError if it is no whole ZIP, or could do harm when it is unpacked."""
    try:
        stream = open_input(path, max_bytes=MAX_BYTES)
    except OSError as error:
        raise BundleError(f"cannot read bundle {str(path)!r}: {error.strerror}") from error
    with stream:
        yield Archive(path, _opened(path, stream))


def _opened(path: Path, stream: BinaryIO) -> zipfile.ZipFile:
    try:
        _require_small_directory(path, stream)
        return zipfile.ZipFile(stream)
    except _UNREADABLE as error:
        stream.seek(0)
        if stream.read(2) not in (b"PK", b""):
            packed = path.with_suffix(".i3d")
            hint = f"an IR becomes one by `i3d bundle pack {path} -o {packed}`" if path.suffix == ".xml" else None
            raise BundleError(f"{str(path)!r} is not a bundle", hint=hint) from error
        raise BundleError(f"bundle {str(path)!r} is cut off", hint=_COPY_AGAIN) from error


def _require_small_directory(path: Path, stream: BinaryIO) -> None:
    """Refuse an archive by its last bytes, before all of its directory is read.

    A bundle ends in a record without a comment, and has none of the 64-bit form in front of that.
    """
    start = stream.seek(0, os.SEEK_END) - _END.size
    stream.seek(max(0, start - _END_64_BYTES))
    before, end = stream.read(_END_64_BYTES), stream.read()
    if len(end) < _END.size:
        raise zipfile.BadZipFile("it is too short")
    mark, _, _, _, num_entries, num_bytes, _, num_comment = _END.unpack(end)
    if mark != b"PK\5\6" or num_comment:
        raise zipfile.BadZipFile("it does not end in its directory")
    if num_entries > MAX_ENTRIES:
        raise BundleError(f"bundle {str(path)!r}: it has {num_entries} entries; at most {MAX_ENTRIES} are allowed")
    if before.startswith(b"PK\6\7") or num_bytes > MAX_ENTRIES * (_DIRECTORY_ENTRY_BYTES + MAX_NAME):
        raise BundleError(f"bundle {str(path)!r}: its directory is larger than {MAX_ENTRIES} entries need")
