from pathlib import Path

import pytest

from i3d_edge.core.errors import LabelError
from i3d_edge.core.labels import default_for, find_labels, kinetics_400, read_label_file, shipped


def test_sets_that_ship() -> None:
    for name, length, first, last in [
        ("kinetics-600", 600, "abseiling", "zumba"),
        ("kinetics-700", 700, "abseiling", "zumba"),
        ("something-something-v2", 174, "Approaching something with your camera", "Wiping something off of something"),
    ]:
        labels = find_labels(name)
        assert labels is shipped(name)
        assert (len(labels), labels.names[0], labels.names[-1]) == (length, first, last)
        assert list(labels.names) == sorted(labels.names)
        assert (default_for(length) is labels) == name.startswith("kinetics")  # version 1 has 174 other classes
    assert shipped("kinetics-800") is None


@pytest.mark.shared
@pytest.mark.parametrize(("name", "file"), [("kinetics-400", "label_map.txt"), ("kinetics-600", "label_map_600.txt")])
def test_shipped_labels_are_deepminds(shared: Path, name: str, file: str) -> None:
    labels = shipped(name)
    assert labels is not None
    assert list(labels.names) == (shared / "labels" / file).read_text().splitlines()


def test_a_label_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("run\n jump \r\n\n", encoding="utf-8")
    labels = read_label_file(path)
    assert (labels.name, labels.names) == ("mine", ("run", "jump"))


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("1 Archery\r\n2 Yoga\r\n", "Archery Yoga"),
        ("\ufeff1 Archery\n2 Yoga\n", "Archery Yoga"),
        ("0,Archery\n1,Yoga", "Archery Yoga"),
        ("001\tArchery\n002\tYoga", "Archery Yoga"),
        ("2. Yoga\n1. Archery", "Archery Yoga"),
        ("0: Archery\n1: Yoga", "Archery Yoga"),
        ("Archery,0\nYoga,1", "Archery Yoga"),
        ("id,name\n1,Yoga\n0,Archery", "Archery Yoga"),
        ('0,"Yoga, slow"\n1,Archery', "Yoga, slow|Archery"),
        ("3-point shot\n100 m run\nYoga", "3-point shot|100 m run|Yoga"),
        ("class 0\nclass 1", "class 0|class 1"),
        ("2 handed swing", LabelError),
        ("100 m run\n200 m run", LabelError),
    ],
)
def test_numbers_in_a_label_file(tmp_path: Path, content: str, names: object) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes(content.encode())
    if isinstance(names, str):
        assert read_label_file(path).names == tuple(names.split("|" if "|" in names else " "))
    else:
        with pytest.raises(LabelError, match="put another before each"):
            read_label_file(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", " has no label on line 1"),
        (b"\n", " has no label on line 1"),
        (b"run\n\njump\n", " has no label on line 2"),
        (b"run\njump\nrun\n", " has 'run' more than once"),
        (b"1 zumba\n1 yoga\n", " does not give each index one class: 1 'yoga'"),
        (b"id,name\n0,zumba\n5\n", " does not give each index one class: 5 ''"),
        (b"1" * 5000 + b" zumba\n", f" does not give each index one class: {'1' * 20} 'zumba'"),
        (b"x" * 200_000, " is not a list of classes: field larger than field limit (131072)"),
        (b"0 run\n1 jump\n3 fall\n", " numbers 3 classes from 0 to 3, without 2"),
        (b"5 run\n6 jump\n", " numbers 2 classes from 5 to 6, without 1"),
        (b"1 run\n2 jump\nfall\n", " numbers its lines, but not line 3: 'fall'"),
        (b'{"run": "0"', " is not JSON: input data was truncated"),
        (b"\xff\xfe", ": it has bytes that are not UTF-8"),
    ],
    ids=lambda value: str(value[:15]),
)
def test_a_label_file_that_is_none(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes(content)
    with pytest.raises(LabelError) as caught:
        read_label_file(path)
    assert caught.value.message.endswith(f"label file '{path}'{message}")


def test_an_absent_label_file(tmp_path: Path) -> None:
    with pytest.raises(LabelError) as caught:
        read_label_file(tmp_path / "no.txt")
    assert str(caught.value) == (f"cannot read label file '{tmp_path / 'no.txt'}': No such file or directory")


def test_kinetics_400_is_one_object() -> None:
    assert kinetics_400() is kinetics_400()
