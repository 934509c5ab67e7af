"""Inputs: anything but a regular file is refused by name, at once, before it is opened."""

import os
import re
import socket
from pathlib import Path

import pytest

from i3d_edge.core.files import sha256_file
from i3d_edge.core.reading import MAX_LINE_BYTES, open_input, read_bytes, read_lines, read_text, require_file


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(path))  # an address is short


def _link_to_pipe(path: Path) -> None:
    os.mkfifo(path.with_suffix(".pipe"))
    path.symlink_to(path.with_suffix(".pipe"))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "it is a pipe (FIFO), not a file"),
        (_link_to_pipe, "it is a pipe (FIFO), not a file"),
        (Path.mkdir, "it is a folder, not a file"),
        (_socket, "it is a socket, not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a device, not a file"),
        (lambda path: path.symlink_to("/proc/self/environ"), "it states no size, like the files in /proc"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
        (lambda path: None, "No such file or directory"),
    ],
)
@pytest.mark.parametrize("read", [require_file, open_input, read_bytes, read_text, sha256_file])
def test_what_is_no_file_is_refused_at_once(tmp_path, make, reason, read):
    make(tmp_path / "a")

    with pytest.raises(OSError, match=re.escape(reason)):
        read(tmp_path / "a")


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_file_can_have(name):
    with pytest.raises(OSError, match="no file can have this name"):
        read_bytes(Path(name))


def test_a_link_to_a_file_is_followed_and_limits_are_inclusive(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfa\r\nb")
    (tmp_path / "link").symlink_to("a")

    assert read_bytes(tmp_path / "link", max_bytes=7) == b"\xef\xbb\xbfa\r\nb"
    assert read_text(tmp_path / "link") == "a\nb"
    with pytest.raises(OSError, match="at most"):
        read_bytes(tmp_path / "link", max_bytes=6)


def test_a_sparse_file_is_not_read_into_memory(tmp_path):
    with (tmp_path / "a").open("wb") as stream:
        stream.truncate(1 << 40)

    with pytest.raises(OSError, match="it has 1,099,511,627,776 bytes; at most 268,435,456 are read"):
        read_text(tmp_path / "a")
    with open_input(tmp_path / "a") as stream, pytest.raises(OSError, match="a line of it is longer than 16 MiB"):
        list(read_lines(stream))


def test_lines_come_one_at_a_time(tmp_path):
    (tmp_path / "a").write_bytes(b"a\n" + bytes(MAX_LINE_BYTES - 1) + b"\nb")

    with open_input(tmp_path / "a") as stream:
        assert [len(line) for line in read_lines(stream)] == [2, MAX_LINE_BYTES, 1]
