from fractions import Fraction
from pathlib import Path

import pytest

from i3d_edge.accuracy.data.dataset import ListOptions, read_dataset
from i3d_edge.core.errors import LabelError, ListError
from i3d_edge.core.labels import kinetics_400

LABELS = kinetics_400()


def write(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def rows(path: Path) -> list[tuple[str, str | None]]:
    return [(video.path, video.label) for video in read_dataset(path, LABELS).videos]


def test_forms(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for case, (text, expected) in {
        "csv": ("path,label\na.mp4,abseiling\nb.mp4,zumba\n", [("a.mp4", "abseiling"), ("b.mp4", "zumba")]),
        "columns in any order": ("label,fps,path\nabseiling,25,a.mp4\n", [("a.mp4", "abseiling")]),
        "without a label": ("path,label\na.mp4,\nb.mp4,zumba\n", [("a.mp4", None), ("b.mp4", "zumba")]),
        "quoted": ('path,label\n"a, b.mp4",zumba\n', [("a, b.mp4", "zumba")]),
        "Windows": ("path,label\r\na.mp4,zumba\r\n\r\n", [("a.mp4", "zumba")]),
        "quoted header": ('"path", "label"\na.mp4, "zumba"\n', [("a.mp4", "zumba")]),
        "blank lines first": ("\n \npath,label\na.mp4,zumba\n", [("a.mp4", "zumba")]),
        "BOM": ("\ufeffpath,label\na.mp4,zumba\n", [("a.mp4", "zumba")]),
        "indices": ("a.mp4 0\nb c.mp4 399\n", [("a.mp4", "abseiling"), ("b c.mp4", "zumba")]),
        "tab": ("a.mp4\t0\n\n", [("a.mp4", "abseiling")]),
    }.items():
        with subtests.test(case):
            assert rows(write(tmp_path, text)) == expected


def test_paths_start_at_the_list(tmp_path: Path) -> None:
    absolute = tmp_path / "elsewhere" / "b.mp4"
    first, second = read_dataset(write(tmp_path, f"path,label\nsub/a.mp4,zumba\n{absolute},zumba\n"), LABELS).videos
    assert (first.file, second.file) == (tmp_path / "sub" / "a.mp4", absolute)


def message(error: type[Exception], path: Path) -> str:
    with pytest.raises(error) as caught:
        read_dataset(path, LABELS)
    return str(caught.value)


def test_an_unknown_label_names_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, "path,label\na.mp4,zumba\nb.mp4,playing criket\n")
    assert message(LabelError, path) == (
        f"list '{path}', line 3: label 'playing criket' is not among the 400 of 'kinetics-400'\n\n"
        "hint: nearest: 'playing cricket', 'playing clarinet', 'playing trumpet'"
    )


def test_an_index_beyond_the_labels(tmp_path: Path) -> None:
    path = write(tmp_path, "a.mp4 400\n")
    assert message(ListError, path) == f"list '{path}', line 1, has class index 400; the model has 400 classes, from 0"


def test_lines_that_are_neither(tmp_path: Path) -> None:
    path = write(tmp_path, "a.mp4 zumba\n")
    assert message(ListError, path) == (
        f"list '{path}', line 1, is not a path and a class index: 'a.mp4 zumba'\n\n"
        "hint: the path comes first, then the index; for names, a header says path,label, or is Kinetics' own"
    )


def test_a_video_listed_twice(tmp_path: Path) -> None:
    path = write(tmp_path, "path,label\na.mp4,zumba\nb.mp4,zumba\na.mp4,yoga\n")
    assert message(ListError, path) == f"list '{path}' names a video twice: line 4 repeats 'a.mp4'"


def test_the_same_video_by_another_name(tmp_path: Path) -> None:
    path = write(tmp_path, "path,label\na.mp4,zumba\n./a.mp4,zumba\n")
    assert message(ListError, path) == f"list '{path}' names a video twice: line 3 repeats './a.mp4'"


def test_a_row_without_a_path(tmp_path: Path) -> None:
    path = write(tmp_path, "path,label\n,zumba\n")
    assert message(ListError, path) == f"list '{path}', line 2, has no path"


def test_an_unbalanced_quote_swallows_no_rows(tmp_path: Path) -> None:
    path = write(tmp_path, 'path,label,note\na.mp4,zumba,"x\nb.mp4,zumba,y\nc.mp4,zumba,z\n')
    text = message(ListError, path)
    assert text.startswith(f"list '{path}' is not CSV: ")
    assert text.endswith("hint: look for a double quote without its partner")


def test_a_csv_without_labels(tmp_path: Path) -> None:
    path = write(tmp_path, "path,class\na.mp4,zumba\n")
    assert message(ListError, path) == f"list '{path}' has no column 'label'; available: path, class"


def test_a_csv_of_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "\n\n")
    with pytest.raises(ListError) as caught:
        read_dataset(path, LABELS, ListOptions(format_name="path-label"))
    assert str(caught.value) == f"list '{path}' has no column 'path'; available: none"


def test_a_line_too_long_for_a_csv(tmp_path: Path) -> None:
    path = write(tmp_path, "x" * 200_000)
    assert message(ListError, path).startswith(f"list '{path}', line 1, is not a path and a class index: 'xxx")


def test_a_row_that_is_too_short(tmp_path: Path) -> None:
    path = write(tmp_path, "path,label\na.mp4\n")
    assert message(ListError, path) == (
        f"list '{path}', line 2, has 1 of 2 cells\n\nhint: a comma inside a cell needs the cell in double quotes"
    )


def test_an_empty_list(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for text in ["", "\n\n", "path,label\n"]:
        with subtests.test(text=text):
            path = write(tmp_path, text)
            assert message(ListError, path) == f"list '{path}' names no video"


def test_absent(tmp_path: Path) -> None:
    path = tmp_path / "no.csv"
    assert message(ListError, path) == f"list '{path}' is not a readable text file: No such file or directory"


def test_binary(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    assert message(ListError, path) == f"list '{path}' is not a readable text file: it has bytes that are not UTF-8"


def test_the_rate_of_folders_is_asked_for_where_most_are_folders(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "b" / "image_00001.jpg").touch()
    lines = {name: f"{name},playing cricket\n" for name in ("a", "b", "d.mp4")}
    few, most = tmp_path / "few.csv", tmp_path / "most.csv"
    few.write_text("path,label\n" + lines["b"] + lines["d.mp4"])
    most.write_text("path,label\n" + lines["a"] + lines["b"] + lines["d.mp4"])
    read_dataset(few, LABELS)
    read_dataset(most, LABELS, ListOptions(frames_fps=Fraction(25)))
    with pytest.raises(ListError) as caught:
        read_dataset(most, LABELS)
    assert str(caught.value) == (
        f"data set '{most}' has folders of images of unknown frame rate: the first is 'b'\n\n"
        "hint: give their rate: --frames-fps 25, or 30000/1001"
    )
