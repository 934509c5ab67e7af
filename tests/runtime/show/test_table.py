import csv
from pathlib import Path

import pytest
from answers import LABELS, answer, view

from i3d_edge.core.errors import OutputError, VideoOpenError
from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime.show.table import csv_text, write_table

GIVEN = answer(1.2, view(0, 0.6, 0.9), view(0.6, 1.2, 0.1, 0.7, clip=1), num_frames=30, warnings=("a; b", 'say "c"'))
COLUMNS = (
    "path,status,label_1,prob_1,label_2,prob_2,view,num_views,clip,crop,start_s,end_s,view_label,view_prob,"
    "duration_s,num_frames,mean_fps,warnings,error"
)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_a_row_per_video_and_view() -> None:
    text = csv_text([("a/b.mp4", GIVEN)], LABELS, 2)
    assert text.splitlines()[0] == COLUMNS
    first, second = rows(text)
    assert first == {
        "path": "a/b.mp4",
        "status": "ok",
        "label_1": "alpha",
        "prob_1": "0.5",
        "label_2": "beta",
        "prob_2": "0.35",
        "view": "1",
        "num_views": "2",
        "clip": "0",
        "crop": "0",
        "start_s": "0",
        "end_s": "0.6",
        "view_label": "alpha",
        "view_prob": "0.9",
        "duration_s": "1.2",
        "num_frames": "30",
        "mean_fps": "25.0",
        "warnings": 'a; b; say "c"',
        "error": "",
    }
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {"view", "clip", "start_s", "end_s", "view_label", "view_prob"}
    assert (second["view_label"], second["view_prob"]) == ("beta", "0.7")


def test_numbers_are_those_of_jsonl() -> None:
    given = answer(1.0, view(0, 1, 1 / 3, 1 / 7))
    fields = given.to_fields()
    [row] = rows(csv_text([("v", given)], LABELS, 5))
    for rank, item in enumerate(fields["predictions"], start=1):
        assert row[f"label_{rank}"] == item["label"]
        assert float(row[f"prob_{rank}"]) == item["prob"]
    for name in ("duration_s", "num_frames", "mean_fps"):
        assert float(row[name]) == fields[name]
    assert {name: float(row[name]) for name in fields["views"][0]} == fields["views"][0]


def test_a_video_without_an_answer_has_a_row_with_the_reason() -> None:
    failure = VideoOpenError("video 'x' must be a file", hint="look again")
    first, second = rows(csv_text([("x", failure), ("v", answer(1, view(0, 1, 0.9)))], LABELS, 1))
    assert {name: value for name, value in first.items() if value} == {
        "path": "x",
        "status": "error",
        "error": "video 'x' must be a file",
    }
    assert second["status"] == "ok"


def test_no_text_becomes_a_formula(subtests: pytest.Subtests) -> None:
    for sign in ["=", "+", "-", "@"]:
        with subtests.test(sign=sign):
            labels = LabelSet("odd", (f"{sign}1+1", *LABELS.names[1:]))
            [row] = rows(csv_text([(f"{sign}cmd", answer(1, view(0, 1, 0.9), labels=labels))], labels, 1))
            assert (row["path"], row["label_1"], row["view_label"]) == (f"'{sign}cmd", f"'{sign}1+1", f"'{sign}1+1")


def test_a_name_that_is_not_unicode_can_be_written() -> None:
    [row] = rows(csv_text([("b\udcff.mp4", answer(1, view(0, 1, 0.9)))], LABELS, 1))
    assert row["path"] == "b\\udcff.mp4"


def test_the_file_opens_in_spreadsheets(tmp_path: Path) -> None:
    labels = LabelSet("odd", ("打篮球, äöü", *LABELS.names[1:]))
    output = tmp_path / "out.csv"
    write_table([("v", answer(1, view(0, 1, 0.9), labels=labels))], labels, output, k=1)
    data = output.read_bytes()
    assert data.startswith(b"\xef\xbb\xbfpath,")
    assert data.count(b"\r\n") == data.count(b"\n") == 2
    [row] = csv.DictReader(output.read_text(encoding="utf-8-sig").splitlines())
    assert row["label_1"] == "打篮球, äöü"


def test_what_exists_is_replaced_only_by_force(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        write_table([], LABELS, tmp_path / "out.csv")
    write_table([], LABELS, tmp_path / "out.csv", force=True)
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig").startswith("path,status,label_1")
