"""What class indices mean, and when they cannot be the model's."""

from pathlib import Path

import pytest
from listing import LABELS, message, rows, write

from i3d_edge.accuracy.data.dataset import ListOptions, read_dataset
from i3d_edge.core.errors import LabelError


def test_indices_that_contradict_the_folders(tmp_path: Path) -> None:
    path = write(tmp_path / "val.txt", "zumba/a.mp4 0\nabseiling/b.mp4 399\nother/c.mp4 5\nyoga/d.mp4 398\n")
    assert LABELS.index("yoga") == 398
    assert message(path) == (
        f"list '{path}' uses other class indices than the model: 2 of 3 disagree with the video's folder, "
        "first line 1: 0 is 'abseiling', the folder is 'zumba'\n\n"
        "hint: give the list's order of classes by --classes FILE"
    )


def test_one_relabelled_video_is_a_note(tmp_path: Path) -> None:
    path = write(tmp_path / "val.txt", "zumba/a.mp4 399\nabseiling/b.mp4 0\nyoga/d.mp4 0\n")
    assert read_dataset(path, LABELS).notes == (
        "1 of 3 videos lie in the folder of another class than their index says",
    )


def test_indices_from_one(tmp_path: Path) -> None:
    path = write(tmp_path / "val.txt", "a.mp4 1\nb.mp4 400\n")
    assert message(path) == (
        f"list '{path}', line 2, has class index 400; the model has 400 classes, from 0\n\n"
        "hint: the list seems to count from 1: give its classes, a line of index and name each, by --classes FILE"
    )


def test_a_class_file_says_what_indices_mean(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for case, text in {
        "names": "zumba\nabseiling\n",
        "numbered": "0 zumba\n1 abseiling\n",
        "with commas": "1,abseiling\n0,zumba\n",
        "csv": "id,name\n1,abseiling\n0,zumba\n",
        "quoted": '"id","name"\n"1","abseiling"\n"0","zumba"\n',
    }.items():
        with subtests.test(case):
            classes = write(tmp_path / "classes.txt", text)
            data = read_dataset(
                write(tmp_path / "val.txt", "a.mp4 0\nb.mp4 1\n"), LABELS, ListOptions(classes_path=classes)
            )
            assert rows(data) == [("a.mp4", "zumba"), ("b.mp4", "abseiling")]
            assert data.notes == ("2 of 2 classes have another index than the model's: matched by name",)


def test_a_class_file_that_is_the_models_says_nothing(tmp_path: Path) -> None:
    classes = write(tmp_path / "classes.txt", "\n".join(LABELS.names))
    assert read_dataset(write(tmp_path / "val.txt", "a.mp4 0\n"), LABELS, ListOptions(classes_path=classes)).notes == ()


def test_class_files_that_do_not_fit(tmp_path: Path) -> None:
    listing = write(tmp_path / "val.txt", "a.mp4 1\n")
    other = write(tmp_path / "classes.txt", "zumba\nmaking lemonade\n")
    assert message(listing, LabelError, classes_path=other).startswith(
        f"list '{listing}', line 1: label 'making lemonade' is not among the 400 of 'kinetics-400'"
    )
    assert message(listing, classes_path=write(tmp_path / "one.txt", "zumba\n")) == (
        f"list '{listing}', line 1, has a class index that the class file does not name: 1"
    )
