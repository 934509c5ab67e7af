"""Inputs: what a path is, is known before it is opened, so that no pipe or device makes a program wait or fill memory.

Every file that a user or another file names is read through here. What is refused is an `OSError`, as for a file that
is absent, with a `strerror` that can end a sentence: "cannot read list 'a.csv': it is a pipe (FIFO), not a file".
"""

import errno
import os
import stat
from collections.abc import Iterator
from io import BufferedReader, BytesIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 1 << 28
"""Of a text, list or JSON document: a result of a million videos has less."""

MAX_MODEL_BYTES = 1 << 31
"""Of what holds weights and is read whole; protobuf takes no more."""

MAX_LINE_BYTES = 1 << 24

_OTHERS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def require_file(path: Path, *, max_bytes: int | None = None) -> None:
    """Refuse a path to no regular file, or to one of more than `max_bytes`, by OSError; links are followed."""
    try:
        status = os.stat(path)
    except ValueError as error:  # a NUL, or half of a surrogate pair
        raise OSError(errno.EINVAL, "no file can have this name") from error
    _check(path, status, max_bytes)
    is_virtual = status.st_size == 0 and hasattr(os, "statvfs") and os.statvfs(path).f_blocks == 0
    if is_virtual:  # some wait when they are read
        raise OSError(errno.EINVAL, "it states no size, like the files in /proc", str(path))


def open_input(path: Path, *, max_bytes: int | None = None) -> BufferedReader:
    """Open a regular file for reading, without waiting; raises OSError as `require_file`, or if that fails."""
    require_file(path, max_bytes=max_bytes)  # merely to open a device can have an effect
    stream = os.fdopen(os.open(path, _OPEN_FLAGS), "rb")
    try:
        _check(path, os.fstat(stream.fileno()), max_bytes)
    except OSError:
        stream.close()
        raise
    return stream


def read_bytes(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Return a regular file's bytes; raises OSError as `open_input` says."""
    with open_input(path, max_bytes=max_bytes) as stream:
        return stream.read(os.fstat(stream.fileno()).st_size)  # and not what is written meanwhile


def read_text(path: Path, *, max_bytes: int = MAX_BYTES, errors: str = "strict") -> str:
    r"""Return a regular file's text; lines end in "\n", and a byte order mark is skipped.

    Raises:
        OSError: As `open_input` says, or if it has bytes that are not UTF-8.
    """
    data = BytesIO(read_bytes(path, max_bytes=max_bytes))
    try:
        return TextIOWrapper(data, encoding="utf-8-sig", errors=errors).read()
    except UnicodeDecodeError as error:
        raise OSError(errno.EILSEQ, "it has bytes that are not UTF-8", str(path)) from error


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    r"""Yield the lines of a file one at a time, each with its "\n".

    Raises:
        OSError: If a line is longer than `MAX_LINE_BYTES`.
    """
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise OSError(errno.EFBIG, f"a line of it is longer than {MAX_LINE_BYTES >> 20} MiB")
        yield line


def _check(path: Path, status: os.stat_result, max_bytes: int | None) -> None:
    if not stat.S_ISREG(status.st_mode):
        what = next((title for is_kind, title in _OTHERS if is_kind(status.st_mode)), "something else")
        raise OSError(errno.EINVAL, f"it is {what}, not a file", str(path))
    if max_bytes is not None and status.st_size > max_bytes:
        text = f"it has {status.st_size:,} bytes; at most {max_bytes:,} are read"
        raise OSError(errno.EFBIG, text, str(path))
