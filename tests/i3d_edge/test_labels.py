from pathlib import Path

import pytest

from i3d_edge.core.errors import LabelError
from i3d_edge.core.labels import default_for, kinetics_400, read_label_file, shipped


def test_kinetics_600_ships_too() -> None:
    labels = shipped("kinetics-600")
    assert labels is not None
    assert len(labels) == 600
    assert default_for(600) is labels
    assert shipped("kinetics-700") is None


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
    ("content", "message"),
    [
        (b"", " has no label on line 1"),
        (b"run\n\njump\n", " has no label on line 2"),
        (b"\xff\xfe", ": bytes that are not UTF-8"),
    ],
    ids=["empty", "blank line", "binary"],
)
def test_a_label_file_that_is_none(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes(content)
    with pytest.raises(LabelError) as caught:
        read_label_file(path)
    assert str(caught.value).endswith(f"label file '{path}'{message}")


def test_an_absent_label_file(tmp_path: Path) -> None:
    with pytest.raises(LabelError) as caught:
        read_label_file(tmp_path / "no.txt")
    assert str(caught.value) == (f"cannot read label file '{tmp_path / 'no.txt'}': No such file or directory")


def test_kinetics_400_is_one_object() -> None:
    assert kinetics_400() is kinetics_400()
