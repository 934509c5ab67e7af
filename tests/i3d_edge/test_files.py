import os
import subprocess
import sys
from pathlib import Path

import pytest

from i3d_edge.core.errors import OutputError
from i3d_edge.core.files import check_output, git_blob_sha1, sha256_file, staged, staging, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_appears_before_the_end(tmp_path: Path) -> None:
    with staged(tmp_path / "deep" / "model.xml") as temporary:
        temporary.write_text("graph")
        temporary.with_suffix(".bin").write_text("weights")
        assert not (tmp_path / "deep" / "model.xml").exists()
    assert names(tmp_path / "deep") == ["model.bin", "model.xml"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("before")
    with pytest.raises(ZeroDivisionError), staged(tmp_path / "a.txt", force=True) as temporary:
        temporary.write_text(f"half, {1 / 0}")
    assert (tmp_path / "a.txt").read_text() == "before"
    assert names(tmp_path) == ["a.txt"]


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    path, others = tmp_path / "a[1].txt", {tmp_path / ".b.txt.i3d-12345678", tmp_path / ".a[1].txt.20250131"}
    write = f"""
import os, pathlib
from i3d_edge.core.files import staged
with staged(pathlib.Path({str(path)!r})) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", write], check=False).returncode == -9
    [left] = tmp_path.glob(".a*")
    for folder in others:
        folder.mkdir()
    for folder in (left, *others):
        os.utime(folder, (0, 0))
    with staging(path) as under_way:
        os.utime(under_way, (0, 0))
        write_text(path, "whole")
        assert set(tmp_path.iterdir()) == {path, *others, under_way}


def test_force_replaces(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "one")
    write_text(tmp_path / "a.txt", "two", force=True)
    assert (tmp_path / "a.txt").read_text() == "two"


def test_an_existing_output(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(OutputError) as caught:
        check_output(path)
    assert str(caught.value) == (
        f"output '{path}' exists already\n\nhint: choose another name, or pass --force to replace it"
    )


def test_a_folder_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        check_output(tmp_path, force=True)
    assert str(caught.value) == f"output '{tmp_path}' is a folder\n\nhint: name a file inside it"


def test_an_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught:
        check_output(tmp_path / "file" / "model.xml")
    assert str(caught.value) == (
        f"cannot write to folder '{tmp_path / 'file'}': File exists\n\nhint: choose a folder that you may write to"
    )


def test_a_full_disk_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught, staged(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
    assert str(caught.value) == f"cannot write '{tmp_path / 'a.txt'}': No space left on device"
    assert names(tmp_path) == []


def test_other_errors_of_the_system_are_not_taken_for_the_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), staged(tmp_path / "a.txt"):
        (tmp_path / "input").read_text()


@pytest.mark.parametrize("content", [b"", b"hello\n", os.urandom(3_000_000)], ids=["empty", "text", "large"])
def test_hashes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    git = subprocess.run(["git", "hash-object", str(path)], capture_output=True, text=True, check=True)
    assert git_blob_sha1(path) == git.stdout.strip()
    sha256 = subprocess.run(["sha256sum", str(path)], capture_output=True, text=True, check=True)
    assert sha256_file(path) == sha256.stdout.split()[0]
