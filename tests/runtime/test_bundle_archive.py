"""Archives that mean harm, are damaged, or were packed by something else."""

from __future__ import annotations

import copy
import stat
import zipfile
from pathlib import Path

import pytest
from bundles import write_entries

from i3d_edge.core.errors import BundleError
from i3d_edge.runtime.bundle import archive as room
from i3d_edge.runtime.bundle.archive import Archive, ArchiveWriter


def read_all(path: Path) -> None:
    with Archive(path) as archive:
        for name in archive.sizes:
            archive.read(name, limit=100)


def refused(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        read_all(path)
    message = str(caught.value)
    assert message.startswith(f"bundle '{path}': ")
    return message.removeprefix(f"bundle '{path}': ").partition("\n\nhint: ")[0]


def test_hostile_names(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name, fault in [
        ("/etc/passwd", "an absolute path"),
        ("//server/share/x", "an absolute path"),
        ("../x", "a step to another folder"),
        ("models/../../x", "a step to another folder"),
        ("models/./x", "a step to another folder"),
        ("models\\x.xml", "a backslash"),
        ("..\\x", "a backslash"),
        ("C:/x", "a drive letter"),
        ("C:x", "a drive letter"),
        ("models/", "a folder"),
        ("models//x", "other characters than letters of ASCII, digits, '.', '_' and '-'"),
        ("", "other characters than letters of ASCII, digits, '.', '_' and '-'"),
        (".bashrc", "other characters than letters of ASCII, digits, '.', '_' and '-'"),
        ("-rf", "other characters than letters of ASCII, digits, '.', '_' and '-'"),
        ("a\0b", "other characters than letters of ASCII, digits, '.', '_' and '-'"),
        ("a\nb", "other characters than letters of ASCII, digits, '.', '_' and '-'"),
        ("x:stream", "a drive letter"),
        ("file:stream", "other characters than letters of ASCII, digits, '.', '_' and '-'"),
        ("mod\u00e8le.xml", "other characters than letters of ASCII, digits, '.', '_' and '-'"),
        ("mode\u0300le.xml", "other characters than letters of ASCII, digits, '.', '_' and '-'"),
        ("\u212aelvin.xml", "other characters than letters of ASCII, digits, '.', '_' and '-'"),
        ("models/aux.xml", "a name that Windows keeps for itself"),
        ("NUL", "a name that Windows keeps for itself"),
        ("models/x.", "a name that Windows keeps for itself"),
        ("x" * 201, "201 characters"),
    ]:
        with subtests.test(name=name):
            path = write_entries(tmp_path / "box.i3d", {"bundle.json": b"{}", name: b"x"})
            assert refused(path) == f"entry {name!r} must have a name for every system; it has {fault}"


def test_ordinary_names_are_accepted(tmp_path: Path) -> None:
    entries = {"bundle.json": b"{}", "models/rgb_imagenet-int8.v2.xml": b"x", "labels/a.txt": b"y"}
    with Archive(write_entries(tmp_path / "box.i3d", entries)) as archive:
        assert {name: archive.read(name, limit=9) for name in archive.sizes} == entries


def test_names_that_some_system_takes_for_one(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for names, message in [
        (["a.xml", "A.XML"], "entry 'A.XML' must be there once, in whatever case; it is there again"),
        (["a", "a/b"], "entry 'a' must be a file or a folder; it is both"),
        (["A", "a/b/c"], "entry 'a' must be a file or a folder; it is both"),
    ]:
        with subtests.test(names=names):
            assert refused(write_entries(tmp_path / "box.i3d", dict.fromkeys(names, b"x"))) == message


def test_an_entry_twice(tmp_path: Path) -> None:
    path = tmp_path / "box.i3d"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.xml", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.xml", b"two")
    assert refused(path) == "entry 'a.xml' must be there once, in whatever case; it is there again"


def test_what_is_no_plain_file(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for kind, title in [
        (stat.S_IFLNK, "a symbolic link"),
        (stat.S_IFCHR, "a device"),
        (stat.S_IFBLK, "a device"),
        (stat.S_IFIFO, "a pipe"),
        (stat.S_IFSOCK, "a socket"),
        (stat.S_IFDIR, "a folder"),
    ]:
        with subtests.test(title=title, kind=kind):
            path = tmp_path / "box.i3d"
            with zipfile.ZipFile(path, "w") as archive:
                info = zipfile.ZipInfo("models")
                info.external_attr = (kind | 0o777) << 16
                archive.writestr(info, "/etc/passwd")
            assert refused(path) == f"entry 'models' must be a plain file; got {title}"


def test_a_compressed_entry(tmp_path: Path) -> None:
    """So no entry can be larger than the archive: a bomb needs compression."""
    path = write_entries(tmp_path / "box.i3d", {"a": b"0" * 100}, compression=zipfile.ZIP_DEFLATED)
    assert refused(path) == "entry 'a' must be stored as `i3d bundle pack` stores it; it is compressed"


def test_entries_that_share_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "box.i3d"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"0" * 1000)
        for number in range(9):
            again = copy.copy(archive.getinfo("a"))
            again.filename = f"b{number}"
            archive.filelist.append(again)
    assert refused(path) == "entries must have bytes of their own; some share them"


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_entries(tmp_path / "box.i3d", {"a": b"12345", "b": b"67890"})
    monkeypatch.setattr(room, "MAX_BYTES", 9)
    assert refused(path) == "entries must have at most 9 bytes together; got 10"
    monkeypatch.setattr(room, "_OVERHEAD", 1)
    assert refused(path) == f"it must have at most 9 bytes; got {path.stat().st_size}"
    monkeypatch.undo()
    monkeypatch.setattr(room, "MAX_ENTRIES", 1)
    assert refused(path) == "entries must be at most 1; got 2"
    monkeypatch.undo()
    with Archive(path) as archive, pytest.raises(BundleError, match="entry 'a' must have at most 4 bytes; got 5"):
        archive.read("a", limit=4)


def test_truncated(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for length in [0, 10, 60, -1]:
        with subtests.test(length=length):
            path = write_entries(tmp_path / "box.i3d", {"a": b"12345"})
            path.write_bytes(path.read_bytes()[:length])
            assert refused(path).startswith("it must be a whole bundle; it is cut off, or none (")


def test_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        Archive(tmp_path / "box.i3d")
    assert str(caught.value) == f"bundle '{tmp_path / 'box.i3d'}' must be a file; there is none"


def test_a_changed_byte(tmp_path: Path) -> None:
    path = write_entries(tmp_path / "box.i3d", {"a": b"12345"})
    path.write_bytes(path.read_bytes().replace(b"12345", b"12346"))
    assert refused(path) == "entry 'a' must have the bytes that were packed; it is damaged (Bad CRC-32 for file 'a')"


def test_an_encrypted_entry(tmp_path: Path) -> None:
    path = write_entries(tmp_path / "box.i3d", {"a": b"12345"})
    with Archive(path) as archive:
        archive._infos["a"].flag_bits |= 1
        with pytest.raises(BundleError, match="entry 'a' must be readable by all; it is encrypted"):
            archive.read("a", limit=9)


def test_an_absent_entry(tmp_path: Path) -> None:
    with Archive(write_entries(tmp_path / "box.i3d", {"a": b"1"})) as archive, pytest.raises(BundleError) as caught:
        archive.read("b", limit=9)
    assert str(caught.value) == (
        f"bundle '{tmp_path / 'box.i3d'}': entry 'b' must be there; it is absent\n\n"
        "hint: copy it again from where it was packed, and compare the sizes"
    )


def test_the_writer_keeps_the_rules_of_the_reader(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "box.i3d") as writer, pytest.raises(BundleError) as caught:
        writer.add("../x", b"")
    assert str(caught.value) == (
        "entry '../x' must have a name for every system; it has a step to another folder\n\nhint: rename it"
    )


def test_the_same_entries_are_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"12345")
    for name in ("one", "two"):
        with ArchiveWriter(tmp_path / name) as writer:
            assert writer.add("a", tmp_path / "source") == writer.add("b", b"12345")
        (tmp_path / "source").chmod(0o600)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
