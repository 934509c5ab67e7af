"""What models, runs and sets of videos are called on a page, so that no two can be taken for one."""

from __future__ import annotations

from pathlib import Path

from pages import Page
from reports import OUTCOMES, made, timed, two_models
from runs import INFO, Run, videos_of, write_run

from i3d_edge.accuracy.report.page import make_report
from i3d_edge.accuracy.result.recorded_run import read_run


def test_several_sets_of_videos_are_counted_and_told_apart(tmp_path: Path) -> None:
    lists = [{"path": f"{folder}/val.csv", "manifest_digest": None, "sha256": folder * 64} for folder in "123"]
    page = made(tmp_path, *(two_models(data=data) for data in lists), names=dict.fromkeys(range(3), "int8"))
    assert "on 3 sets of videos int8" in page.text
    names = ["val.csv, set 1", "val.csv, set 2", "val.csv, set 3"]
    assert f"These runs are of 3 different sets of videos or classes ({'; '.join(names)})" in page.text
    assert [row["list"] for row in page.rows("list")] == names
    assert all("list" not in rows[0] for rows in made(tmp_path / "one", two_models()).tables)


def test_a_page_of_several_networks_is_not_named_after_one_of_them(tmp_path: Path) -> None:
    what = {name: {**INFO, "origin": origin} for name, origin in (("bf16", "rgb_scratch"), ("int8", "unknown"))}
    assert "Accuracy of 2 models on 40 videos" in made(tmp_path / "both", two_models(what=what)).text
    what["int8"] = what["bf16"]
    assert "Accuracy of rgb_scratch on 40 videos" in made(tmp_path / "one", two_models(what=what)).text


def test_models_are_called_as_commands_call_them(tmp_path: Path) -> None:
    page = made(tmp_path, two_models(), Run({"m": videos_of(OUTCOMES)}, overrides={"time": timed(m=8.0)}))
    assert [row["model"] for row in page.rows("ran in")] == ["bf16 run0:bf16", "int8 run0:int8", "m (f32) run1:m"]
    assert [row["model"] for row in page.rows("video_top1")] == ["bf16", "int8"]


def test_models_of_one_name_are_told_apart_by_their_runs(tmp_path: Path) -> None:
    page = made(tmp_path / "here", two_models(), two_models())
    pairs = [
        "bf16 · run0 → int8 · run0",
        "bf16 · run0 → bf16 · run1",
        "bf16 · run0 → int8 · run1",
    ]
    assert [row["pair"] for row in page.rows("McNemar's p")] == pairs
    assert "bf16 · run0 → int8 · run1, centre: 2 videos lost, 1 gained" in page.text
    assert "bf16 · run0 is right on 30/40 videos" in page.text
    assert "Fastest: int8 · run0, 100 ms a video" in page.text


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    folders = [write_run(tmp_path / parent / "results", two_models()) for parent in ("old", "new")]
    write_run(tmp_path / "elsewhere", two_models())
    folders.append(tmp_path / "other")
    folders[-1].symlink_to(tmp_path / "elsewhere")
    page = Page(make_report([(read_run(folder), "bf16") for folder in folders], with_thumbnails=False))
    addresses = [row["model"] for row in page.rows("ran in")]
    assert addresses == ["bf16 old/results:bf16", "bf16 new/results:bf16", "bf16 other:bf16"]
    assert "Made by i3d accuracy report old/results new/results other." in page.text


def test_a_run_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Run({"m": videos_of(OUTCOMES)}, overrides={"time": timed(m=8.0)}))
    (tmp_path / "link").symlink_to(folder)
    ways = (folder, folder / "result.json", tmp_path / "link", folder / ".." / "run")
    page = Page(make_report([(read_run(way), None) for way in ways], with_thumbnails=False))
    assert [row["model"] for row in page.rows("ran in")] == ["m (f32) run:m"]
    assert "In pairs" not in page.text
