"""Archives that are unsafe, are damaged, or were packed by something else."""

from __future__ import annotations

import copy
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from bundles import write_entries

from i3d_edge.core.errors import BundleError
from i3d_edge.runtime.bundle import archive as room
from i3d_edge.runtime.bundle.archive import add_entry, is_portable, open_archive


def read_all(path: Path) -> None:
    with open_archive(path) as archive:
        for name in archive.sizes:
            archive.read(name, limit=100)


def refused(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        read_all(path)
    return caught.value.message.removeprefix(f"bundle {str(path)!r}: ")


def test_hostile_names(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name in [
        "/etc/passwd",
        "//server/share/x",
        "../x",
        "models/../../x",
        "models/./x",
        "models\\x.xml",
        "..\\x",
        "C:/x",
        "file:stream",
        "models/",
        "models//x",
        "",
        ".bashrc",
        "-rf",
        "a\0b",
        "a\nb",
        "mod\u00e8le.xml",
        "\u212aelvin.xml",
        "models/aux.xml",
        "NUL",
        "com1/x",
        "models/x.",
        "x./y",
        "x" * 201,
    ]:
        with subtests.test(name=name):
            path = write_entries(tmp_path / "b.i3d", {"bundle.json": b"{}", name: b"x"})
            assert refused(path) == f"entry {name!r} cannot be unpacked safely on every system"


def test_ordinary_names(subtests: pytest.Subtests) -> None:
    for name in ["models/rgb_imagenet-int8.v2.xml", "con_x", "auxiliary/x", "a.aux"]:
        with subtests.test(name=name):
            assert is_portable(name)


def test_names_that_some_system_takes_for_one(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for names, message in [
        (["a.xml", "A.XML"], "entry 'A.XML' is there twice, upper and lower case being the same"),
        (["a", "a/b"], "entry 'a' is both a file and a folder"),
        (["A", "a/b/c"], "entry 'a' is both a file and a folder"),
    ]:
        with subtests.test(names=names):
            assert refused(write_entries(tmp_path / "b.i3d", dict.fromkeys(names, b"x"))) == message


def test_an_entry_twice(tmp_path: Path) -> None:
    path = tmp_path / "b.i3d"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.xml", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.xml", b"two")
    assert refused(path) == "entry 'a.xml' is there twice, upper and lower case being the same"


def test_what_is_no_plain_file(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for kind in [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR]:
        with subtests.test(kind=kind):
            path = tmp_path / "b.i3d"
            with zipfile.ZipFile(path, "w") as archive:
                info = zipfile.ZipInfo("models")
                info.external_attr = (kind | 0o777) << 16
                archive.writestr(info, "/etc/passwd")
            assert refused(path) == "entry 'models' is a link or a device, not a plain file"


def test_a_bomb(tmp_path: Path) -> None:
    path = write_entries(tmp_path / "b.i3d", {"a": b"0" * 100_000}, compression=zipfile.ZIP_DEFLATED)
    assert refused(path) == "its entries claim more bytes than the file has"


def test_a_compressed_entry(tmp_path: Path) -> None:
    path = write_entries(tmp_path / "b.i3d", {"a": b"0" * 100}, compression=zipfile.ZIP_DEFLATED)
    assert refused(path) == "entry 'a' is compressed"


def test_entries_that_share_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "b.i3d"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"0" * 1000)
        for number in range(9):
            again = copy.copy(archive.getinfo("a"))
            again.filename = f"b{number}"
            archive.filelist.append(again)
    assert refused(path) == "its entries claim more bytes than the file has"


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_entries(tmp_path / "b.i3d", {"a": b"12345", "b": b"67890"})
    with open_archive(path) as archive, pytest.raises(BundleError, match="entry 'a' has 5 bytes; at most 4 are"):
        archive.read("a", limit=4)
    monkeypatch.setattr(room, "MAX_ENTRIES", 1)
    assert refused(path) == "it has 2 entries; at most 1 are allowed"
    monkeypatch.setattr(room, "MAX_BYTES", 9)
    with pytest.raises(BundleError, match=f"cannot read .*: it has {path.stat().st_size} bytes; at most 9 are read"):
        open_archive(path).__enter__()


def many_entries(path: Path, *, stated: int, comment: bytes = b"") -> Path:
    """Write a directory of 9,000 entries, whose end states another number."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = comment
        archive.writestr("a", b"1")
        archive.filelist *= 9000
    data = path.read_bytes()
    place = data.rindex(b"PK\5\6")
    path.write_bytes(data[: place + 8] + struct.pack("<HH", stated, stated) + data[place + 12 :])
    return path


def test_a_large_directory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = {
        "it has 9000 entries; at most 100 are allowed": many_entries(tmp_path / "a", stated=9000),
        "its directory is larger than 100 entries need": many_entries(tmp_path / "b", stated=1),
        "cut off": many_entries(tmp_path / "c", stated=1, comment=b"more"),
    }
    monkeypatch.setattr(zipfile, "ZipFile", None)
    for finding, path in paths.items():
        assert finding in refused(path)


def test_truncated(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for length in [0, 10, 60, -1]:
        with subtests.test(length=length):
            path = write_entries(tmp_path / "b.i3d", {"a": b"12345"})
            path.write_bytes(path.read_bytes()[:length])
            assert refused(path).startswith(f"bundle {str(path)!r} is cut off")


@pytest.mark.parametrize(("name", "hint"), [("m.xml", "an IR becomes one by `i3d bundle pack"), ("a.txt", "")])
def test_another_kind_of_file(tmp_path: Path, name: str, hint: str) -> None:
    path = tmp_path / name
    path.write_text("<net/>")
    with pytest.raises(BundleError, match="is not a bundle") as caught, open_archive(path):
        pass
    assert (caught.value.hint or "").startswith(hint)


def test_an_absent_file(tmp_path: Path) -> None:
    path = tmp_path / "b.i3d"
    assert refused(path) == f"cannot read bundle {str(path)!r}: No such file or directory"


def test_a_changed_byte(tmp_path: Path) -> None:
    path = write_entries(tmp_path / "b.i3d", {"a": b"12345"})
    path.write_bytes(path.read_bytes().replace(b"12345", b"12346"))
    assert refused(path) == "entry 'a' is damaged (Bad CRC-32 for file 'a')"
    with open_archive(path) as archive, pytest.raises(BundleError, match="entry 'a' is damaged"):
        archive.copy("a", tmp_path / "copied")


def test_an_absent_entry(tmp_path: Path) -> None:
    path = write_entries(tmp_path / "b.i3d", {"a": b"1"})
    with open_archive(path) as archive, pytest.raises(BundleError, match="entry 'b' is missing\n\nhint: copy it again"):
        archive.read("b", limit=9)


def test_the_writer_keeps_the_rules_of_the_reader(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.i3d", "w") as archive, pytest.raises(BundleError) as caught:
        add_entry(archive, "../x", b"")
    assert caught.value.message == "'../x' is no file name on every system"


def test_the_same_entries_are_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"12345")
    for name in ("one", "two"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            assert add_entry(archive, "a", tmp_path / "source") == add_entry(archive, "b", b"12345")
        (tmp_path / "source").chmod(0o600)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
