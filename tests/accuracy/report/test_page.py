"""The page says what result.json says, keeps apart what does not compare, and cannot be broken by what it shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pages import Page
from reports import made, timed, two_models
from runs import INFO, NAMES, PROTOCOL, Run, Video, sure, videos_of, write_run

from i3d_edge.accuracy.gate.pairs import Z_TWO_SIDED_95, drop_upper_bound
from i3d_edge.accuracy.report.page import make_report
from i3d_edge.accuracy.result.recorded_run import read_run
from i3d_edge.core.errors import ComparisonError
from i3d_edge.runtime.show.templates import percent


def test_numbers_are_those_of_the_result(tmp_path: Path) -> None:
    page = made(tmp_path, two_models())
    result = read_run(tmp_path / "run0").result
    rows = page.rows("top-1 per video ↑")
    assert [row["model"] for row in rows] == ["bf16 run0:bf16", "int8 run0:int8"]
    for row in rows:
        metrics = result["metrics"][row["model"].split()[0]]
        for header, name in (
            ("top-1 per video ↑", "video_top1"),
            ("top-5 per video ↑", "video_top5"),
            ("top-1 per clip ↑", "clip_top1"),
        ):
            metric = metrics[name]
            low, high = 100 * metric["interval_low"], 100 * metric["interval_high"]
            assert row[header] == (
                f"{percent(metric['value'])} {metric['num_correct']}/{metric['num_total']} {low:.1f} .. {high:.1f} %"
            )
    assert [row["inference per video ↓"] for row in rows] == ["200 ms 1 view", "100 ms 1 view"]
    assert [row["video_top1"] for row in page.rows("video_top1")] == ["30/40", "29/40"]
    assert "9 s in all, 4 views a second; decoding is 8 % of the work, and inference waited 500 ms for it" in page.text
    classes = {row["class"]: row for row in page.rows("class")}
    assert classes == {"a": {"class": "a", "videos": "40", "bf16": "30/40", "int8": "29/40"}}
    assert page.rows("label → answer") == [{"label → answer": "a → b", "videos": "10/40"}]
    assert [row["calibration error"] for row in page.rows("SHA-256")] == ["15.0 points", "7.5 points"]


def test_a_pair_and_its_flips(tmp_path: Path) -> None:
    page = made(tmp_path, two_models())
    [row] = page.rows("McNemar's p")
    assert (row["pair"], row["lost"], row["gained"], row["McNemar's p"]) == ("bf16 → int8", "2", "1", "1")
    assert (row["change of top-1"], row["same answer"]) == ("\N{MINUS SIGN}2.5 points", "92.5 %")
    down, up = (100 * drop_upper_bound(*flips, 40, Z_TWO_SIDED_95) for flips in ((2, 1), (1, 2)))
    assert row["95 % interval"] == f"\N{MINUS SIGN}{down:.1f} .. +{up:.1f}"
    assert "bf16 → int8, centre: 2 videos lost, 1 gained" in page.text
    assert page.text.count("▼ lost") == 2
    assert page.text.count("▲ gained") == 1
    assert "▲ gained a b (0.90) → a (0.80) 0030.mp4" in page.text
    assert page.text.count("pictures are off") == 3


def test_no_flip_is_no_certainty(tmp_path: Path) -> None:
    page = made(
        tmp_path, Run({"a": videos_of("+" * 35), "b": videos_of("+" * 35)}, overrides={"time": timed(a=1, b=1)})
    )
    assert [row["95 % interval"] for row in page.rows("McNemar's p")] == ["\N{MINUS SIGN}9.9 .. +9.9"]
    assert "No video flipped." in page.text


def test_the_first_model_is_what_others_are_compared_with(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", two_models())
    run = read_run(folder)
    page = Page(make_report([(run, "int8"), (run, "bf16")], with_thumbnails=False))
    assert [row["pair"] for row in page.rows("McNemar's p")] == ["int8 → bf16"]
    only = Page(make_report([(run, "int8"), (run, "int8")], with_thumbnails=False))
    assert [row["model"] for row in only.rows("top-1 per video ↑")] == ["int8 run:int8"]
    assert "In pairs" not in only.text


def test_the_chart_says_what_it_shows(tmp_path: Path) -> None:
    page = made(tmp_path, two_models())
    assert (
        "Fastest: int8, 100 ms a video at 72.5 %. Most often right: bf16, 75.0 % at 2 times the time; "
        "their intervals overlap"
    ) in page.text
    assert page.count("path", class_="mark c0") == 2 * 2 + 2  # two charts and their key
    assert page.count("path", class_="whisker c0") == 2 * 2
    assert "1 bf16 2 int8" in page.text


def test_other_protocols_are_other_shapes_and_no_pairs(tmp_path: Path) -> None:
    other = replace(two_models(), protocol={**PROTOCOL, "name": "10x3", "num_clips": 10})
    page = made(tmp_path, two_models(), other, names={1: "int8"})
    assert "These runs follow 2 protocols: centre; 10x3. Numbers compare only within a protocol" in page.text
    assert [row["pair"] for row in page.rows("McNemar's p")] == ["bf16 → int8 · run0"]
    assert "between shapes the protocol differs as well" in page.text
    assert page.text.count("Speed against accuracy") == 1
    assert page.count("path", class_="mark c1") == 2 + 1
    assert "3 int8 · run1" in page.text
    assert "their intervals overlap; they follow different protocols" in page.text


def test_another_version_is_another_protocol(tmp_path: Path) -> None:
    other = replace(two_models(), protocol={**PROTOCOL, "version": 2})
    page = made(tmp_path, two_models(), other)
    assert "These runs follow 2 protocols: centre; centre v2." in page.text


def test_clips_of_another_length_are_another_protocol(tmp_path: Path) -> None:
    other = replace(two_models(), protocol={**PROTOCOL, "num_frames": 32})
    page = made(tmp_path, two_models(), other, names={1: "int8"})
    assert "2 protocols: centre, num_frames=79; centre, num_frames=32." in page.text
    assert [row["pair"] for row in page.rows("McNemar's p")] == ["bf16 → int8 · run0"]
    assert page.count("path", class_="mark c1") == 2 + 1


def test_runs_that_dropped_different_videos(tmp_path: Path) -> None:
    videos = [Video(f"{number}.mp4", 0, [sure(0)], sha256=f"{number:064}") for number in range(3)]
    runs = [Run({"m": own}, dropped=gone) for own, gone in ((videos, []), (videos[:2], ["2.mp4"]))]
    page = made(tmp_path, *runs)
    assert "Not all runs of val.csv could decode the same videos: see what each dropped." in page.text
    assert [row["videos"] for row in page.rows("McNemar's p")] == ["2"]


@pytest.mark.parametrize(
    "data",
    [
        {"path": "other.csv", "manifest_digest": None, "sha256": "1" * 64},
        {"path": "val.json", "manifest_digest": "d" * 64, "sha256": "0" * 64},
    ],
    ids=["another list", "a manifest"],
)
def test_other_videos_share_no_chart(tmp_path: Path, data: dict[str, Any]) -> None:
    page = made(tmp_path, two_models(), two_models(data=data), names={0: "int8", 1: "int8"})
    assert "These runs are of 2 different sets of videos or classes (val.csv; " in page.text
    assert "Speed against accuracy" not in page.text  # a chart of one point says nothing
    assert "In pairs" not in page.text


def test_other_classes_are_other_sets(tmp_path: Path) -> None:
    page = made(tmp_path, two_models(), replace(two_models(), names=NAMES[::-1]))
    assert "These runs are of 2 different sets of videos or classes" in page.text


def test_other_machines_are_told(tmp_path: Path) -> None:
    where = {"cpu": "another CPU", "num_cpus": 4, "os": "linux", "versions": {}}
    page = made(tmp_path, two_models(), two_models(where=where), names={0: "int8", 1: "int8"})
    assert "The runs used different machines or software: their times do not compare." in page.text
    assert ["on CPU, machine 1" in row["ran in"] for row in page.rows("ran in")] == [True, False]
    assert [row["pair"] for row in page.rows("McNemar's p")] == ["int8 · run0 → int8 · run1"]


def test_an_interrupted_run_is_told_and_not_compared(tmp_path: Path) -> None:
    counts = {"listed": 50, "decoded": 40, "unlabelled": 0, "scored": 40, "dropped": []}
    page = made(tmp_path, two_models(is_complete=False, counts=counts))
    assert "INTERRUPTED. The run run0 stopped after 40 of 50 videos." in page.text
    [row] = page.rows("McNemar's p")
    assert row["videos"].startswith("not compared: run ")
    assert "is not complete: it was interrupted after 40 of 50 videos" in row["videos"]
    assert "No pair could be compared." in page.text
    assert "No video flipped" not in page.text
    assert "All of these runs were interrupted, so none is called the fastest or right most often" in page.text


def test_an_interrupted_run_is_marked_and_in_no_finding(tmp_path: Path) -> None:
    counts = {"listed": 40, "decoded": 10, "unlabelled": 0, "scored": 10, "dropped": []}
    partial = Run(
        {"int4": videos_of("+" * 10)}, overrides={"time": timed(int4=0.1), "is_complete": False, "counts": counts}
    )
    page = made(tmp_path, two_models(), partial)
    assert "could decode the same videos" not in page.text
    assert page.rows("ran in")[-1]["model"] == "int4 (f32) run1:int4 INTERRUPTED 10 of 40 videos"
    assert "Fastest: int8, 100 ms a video at 72.5 %. Most often right: bf16, 75.0 % at 2 times" in page.text
    assert page.count("path", class_="mark c0 hollow") == 2 + 1  # two charts and their key
    assert "Hollow points are interrupted runs, of fewer videos." in page.text
    assert "Run run1: centre, INTERRUPTED after 10 of 40 videos" in page.text
    assert [row["pair"] for row in page.rows("McNemar's p")] == ["bf16 → int8", "bf16 → int4 (f32) · interrupted"]
    assert "Hollow points" not in made(tmp_path / "whole", two_models()).text


def test_dropped_videos_and_warnings_are_named(tmp_path: Path) -> None:
    run = replace(two_models(warnings={"0000.mp4": ["it repeats"]}), dropped=["gone.mp4"])
    page = made(tmp_path, run)
    assert page.rows("why") == [{"video": "gone.mp4", "why": "VideoOpenError: nothing"}]
    assert page.rows("warning") == [{"video": "0000.mp4", "warning": "it repeats"}]
    assert "41 listed, 40 decoded, 40 scored, 0 without a label, 1 dropped" in page.text


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script><img src=http://evil onerror=alert(2)>\u202e\x00'\""
    names = (evil, *NAMES[1:])
    videos = [Video(f"{evil}/../../{number}.mp4", 0, [sure(number % 2)]) for number in range(4)]
    others = [Video(video.path, 0, [sure(1)]) for video in videos]
    run = Run(
        {evil: videos, f"{evil}2": others},
        names=names,
        dropped=[f"{evil}gone"],
        overrides={
            "what": {evil: {**INFO, "device": evil, "origin": evil}, f"{evil}2": {**INFO, "path": evil}},
            "where": {"cpu": evil, "num_cpus": 2, "os": evil, "versions": {evil: evil}},
            "time": timed(**{evil: 1.0, f"{evil}2": 2.0}),
            "warnings": {videos[0].path: [evil]},
        },
        protocol={**PROTOCOL, "name": evil, "interpolation": evil},
    )
    page = made(tmp_path, run)
    assert {name for name, _ in page.elements}.isdisjoint({"script", "link", "iframe", "object", "a", "form"})
    for name, attributes in page.elements:
        assert not [key for key in attributes if key.startswith("on")], name
        assert not attributes.get("src", "data:image/jpeg").startswith("http")
    assert page.text.count("<script>alert(1)</script>") > 10
    assert "\u202e" not in page.text
    assert "\x00" not in page.text


def test_nothing_is_fetched(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", two_models())
    html = make_report([(read_run(folder), None)], with_thumbnails=False)
    assert "http:" not in html
    assert "https:" not in html
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_the_same_runs_make_the_same_bytes(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", two_models())
    pages = {make_report([(read_run(folder), None)], with_thumbnails=False) for _ in range(2)}
    assert len(pages) == 1


def test_many_classes_are_folded_away(tmp_path: Path) -> None:
    names = tuple(f"class {number}" for number in range(50))
    videos = [Video(f"{number}.mp4", number, [sure(number if number > 4 else 49, 0.5, 50)]) for number in range(50)]
    page = made(tmp_path, Run({"m": videos}, names=names, overrides={"time": timed(m=1.0)}))
    assert "m (f32): mean class top-1 90.0 %" in page.text
    assert "the other 20" in page.text


def test_one_video_that_a_protocol_does_not_count(tmp_path: Path) -> None:
    run = Run({"m": videos_of("+")}, protocol={**PROTOCOL, "name": "omz-2022-399", "drops_last_video": True})
    page = made(tmp_path, replace(run, overrides={"time": timed(m=1.0)}))
    assert "m (f32) is right on 1/1 clips" in page.text
    assert "Speed against accuracy" not in page.text


def test_an_unknown_model(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", two_models())
    with pytest.raises(ComparisonError, match=r"no model 'int4' in run .*; available: 'bf16', 'int8'"):
        make_report([(read_run(folder), "int4")])
