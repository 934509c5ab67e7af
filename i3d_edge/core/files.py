"""Files: outputs that appear whole or not at all, and hashes."""

import errno
import glob
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path

from i3d_edge.core.errors import OutputError
from i3d_edge.core.reading import open_input

if sys.platform != "win32":
    import fcntl

StrPath = str | PathLike[str]

_WRITE_ERRNOS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS),
    *(errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENAMETOOLONG),
}

_LONE_HALF = re.compile(r"[\ud800-\udfff]")

_LOCKED_WITHIN_S = 5
"""Of being made, a folder that is written in has its lock."""

_unfinished: set[Path] = set()


def check_output(path: Path, *, force: bool = False) -> None:
    """Raise OutputError if an output exists (without `force`) or cannot be written; folders above it are made."""
    if os.path.isdir(path):
        raise OutputError(f"output {str(path)!r} is a folder", hint="name a file inside it")
    if os.path.lexists(path) and not force:
        raise OutputError(
            f"output {str(path)!r} exists already", hint="choose another name, or pass --force to replace it"
        )
    make_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; raises OutputError if it, or files in it, cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"cannot write to folder {str(folder)!r}: {error.strerror or error}",
            hint="choose a folder that you may write to",
        ) from error


@contextmanager
def staged(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Write a file, and any written beside it, under a temporary name; move all into place at the end.

    Yields a path with the same file name in a temporary folder next to the target. When the block
    ends without an exception everything in that folder moves beside `path`, `path` itself last;
    otherwise nothing of it remains and what was there before is untouched.

    Raises:
        OutputError: If the target exists (without `force`) or cannot be written.
    """
    check_output(path, force=force)
    with staging(path) as folder:
        yield folder / path.name
        produced = sorted(folder.iterdir(), key=lambda item: (item.name == path.name, item.name))
        for item in produced:
            check_output(path.parent / item.name, force=force)
        for item in produced:
            os.replace(item, path.parent / item.name)


@contextmanager
def staging(path: Path) -> Iterator[Path]:
    """Yield a folder beside `path` to write in, removed at the end; raises OutputError if the disk does not take it."""
    _remove_abandoned(path)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.i3d-", dir=path.parent))
    _unfinished.add(folder)
    try:
        with _locked(folder), writing(path):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _unfinished.discard(folder)


@contextmanager
def _locked(folder: Path, *, is_own: bool = True) -> Iterator[None]:
    """Hold a folder's lock; raises OSError if it is not `is_own` and is held elsewhere, or cannot be locked."""
    if sys.platform == "win32":
        if not is_own:
            raise OSError(errno.ENOTSUP, "no lock")
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # in use, or a file system without locks
            if not is_own:
                raise
        yield
    finally:
        os.close(descriptor)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Be the only process in a folder, where its file system has locks; raises OutputError if another is there."""
    from filelock import FileLock, Timeout

    path = folder / ".lock"
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        hint = "wait until it ends, or choose another folder"
        raise OutputError(f"another process is writing in folder {str(folder)!r}", hint=hint) from error
    except (OSError, NotImplementedError):  # a file system without locks
        pass
    try:
        yield
    finally:
        with suppress(OSError):  # Windows does not remove open files, and filelock does it there
            path.unlink()
        lock.release()


def _remove_abandoned(path: Path) -> None:
    """Remove what killed processes left of the same output: folders whose lock nobody holds."""
    for folder in path.parent.glob(f".{glob.escape(path.name)}.i3d-????????"):
        with suppress(OSError), _locked(folder, is_own=False):
            if time.time() - folder.stat().st_mtime > _LOCKED_WITHIN_S:
                shutil.rmtree(folder)


def remove_unfinished() -> None:
    """Remove what is being written, of a process that is about to end without unwinding."""
    for folder in _unfinished:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise OutputError about `path` if the block fails because the disk is full or must not be written."""
    try:
        yield
    except OSError as error:
        if error.errno not in _WRITE_ERRNOS:
            raise
        raise OutputError(f"cannot write {str(path)!r}: {error.strerror}") from error


def write_text(path: Path, text: str, *, force: bool = False) -> None:
    """Write a UTF-8 text file whole or not at all, as `staged`; bytes of file names that are not UTF-8 as JSON does."""
    with staged(path, force=force) as temporary:
        temporary.write_text(_LONE_HALF.sub(lambda half: rf"\\u{ord(half[0]):x}", text), encoding="utf-8")


def visible_entries(folder: StrPath) -> list[os.DirEntry[str]]:
    """Return what a folder holds, by name, without hidden ones such as macOS's `._a.mp4`; raises OSError."""
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)


def visible_names(folder: StrPath) -> list[str]:
    """Return the names of `visible_entries`."""
    return [entry.name for entry in visible_entries(folder)]


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a regular file, as 64 hexadecimal digits; raises OSError if it cannot be read."""
    with open_input(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def git_blob_sha1(path: Path) -> str:
    """Return the name git gives a file's content: SHA-1 over a header with its length, and its bytes."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with open_input(path) as stream:
        return hashlib.file_digest(stream, lambda: digest).hexdigest()
