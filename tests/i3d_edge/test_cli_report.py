"""`i3d accuracy report` from the command line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pages import Page
from runs import Run, Video, sure, write_run
from synthetic import write_numbered

from i3d_edge.accuracy.result import recorded_run
from i3d_edge.cli import main


def report(*args: object) -> Result:
    return CliRunner().invoke(main, ["accuracy", "report", *map(str, args)], catch_exceptions=False)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two models on two videos that are there, and flip, and one that is not."""
    before, after = [], []
    for number, is_right in enumerate((True, False, True)):
        name = f"{number}.mp4"
        file = write_numbered(tmp_path / name, 5 + number)
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        before.append(Video(name, 0, [sure(0 if is_right else 1)], sha256))
        after.append(Video(name, 0, [sure(1 if is_right else 0)], sha256))
    (tmp_path / "2.mp4").unlink()
    data = {"path": str(tmp_path / "list.csv"), "manifest_digest": None, "sha256": "0" * 64}
    return write_run(tmp_path / "run:1", Run({"bf16": before, "int8": after}, overrides={"data": data}))


def test_a_page_with_pictures(run: Path, tmp_path: Path) -> None:
    result = report(run, "-o", tmp_path / "report.html")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"written: {tmp_path}/report.html\n"
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    pictures = [attributes["src"] for name, attributes in page.elements if name == "img"]
    assert len(pictures) == 2 * 3
    assert all(source.startswith("data:image/jpeg;base64,") for source in pictures)
    assert "the file is not here" in page.text


def test_a_page_without_pictures(run: Path, tmp_path: Path) -> None:
    assert report(run, "-o", tmp_path / "report.html", "--no-thumbnails").exit_code == 0
    assert "<img" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_videos_that_moved(run: Path, tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    for name in ("0.mp4", "1.mp4"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    assert report(run, "-o", tmp_path / "a.html", "--videos", tmp_path / "moved").exit_code == 0
    assert (tmp_path / "a.html").read_text(encoding="utf-8").count("<img") == 2 * 3


def test_models_by_name(run: Path, tmp_path: Path) -> None:
    assert report(f"{run}:int8", f"{run}:bf16", "-o", tmp_path / "report.html").exit_code == 0
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert [row["pair"] for row in page.rows("McNemar's p")] == ["int8 (f32) → bf16 (f32)"]
    unknown = report(f"{run}:int4", "-o", tmp_path / "b.html")
    assert (unknown.exit_code, (tmp_path / "b.html").exists()) == (1, False)
    assert unknown.stderr == f"ComparisonError: no model 'int4' in run '{run}'; available: 'bf16', 'int8'\n"


def test_a_run_is_read_once_however_often_it_is_named(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = []
    read_run = recorded_run.read_run
    monkeypatch.setattr(recorded_run, "read_run", lambda folder: (folders.append(folder), read_run(folder))[1])
    assert report(f"{run}:int8", f"{run}:bf16", run, "-o", tmp_path / "report.html").exit_code == 0
    assert folders == [run]


def test_a_page_that_exists_is_kept(run: Path, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    refused = report(run, "-o", tmp_path / "report.html")
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"OutputError: output '{tmp_path}/report.html' exists already")
    assert (tmp_path / "report.html").read_text() == "mine"
    assert report(run, "-o", tmp_path / "report.html", "--force").exit_code == 0


def test_a_run_that_is_not_whole(run: Path, tmp_path: Path) -> None:
    path = run / "predictions.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    result = report(run, "-o", tmp_path / "report.html")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"ResultError: predictions '{path}', line 6 is not JSON: ")


def test_no_run(tmp_path: Path) -> None:
    assert report("-o", tmp_path / "report.html").exit_code == 2
