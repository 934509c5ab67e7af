"""`i3d classify` as a user runs it, on a network that answers at once."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from synthetic import write_video
from tiny import write_tiny_ir

from i3d_edge.cli import main
from i3d_edge.runtime.frames.video import Video

COLOURS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, and videos of one colour and of three."""
    folder = tmp_path_factory.mktemp("classify")
    write_tiny_ir(folder / "tiny.xml")
    for name, colour in COLOURS.items():
        write_video(folder / f"{name}.mp4", [np.full((48, 64, 3), colour, np.uint8)] * 20)
    frames = [np.full((48, 64, 3), colour, np.uint8) for colour in COLOURS.values() for _ in range(20)]
    write_video(folder / "all.mp4", frames)
    return folder


@pytest.fixture(autouse=True)
def in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("I3D_MODEL", "tiny.xml")


def classify(*args: object) -> Result:
    return CliRunner().invoke(main, ["classify", *map(str, args)], catch_exceptions=False)


def rows(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_says_what_really_runs() -> None:
    result = classify("red.mp4", "--threads", 1)
    assert result.exit_code == 0, result.output
    said = "; runs in not reported on CPU, latency mode, 1 stream, 1 thread, compiled in "
    assert said in result.stderr.splitlines()[0]
    result = classify("red.mp4", "--mode", "throughput", "--streams", 2, "--threads", 2, "--json")
    assert json.loads(result.stdout)["model"] | {"title": None} == {
        "title": None,
        "origin": "unknown",
        "fingerprint": None,
        "device": "CPU",
        "executed_precision": "not reported",
        "mode": "throughput",
        "num_streams": 2,
        "num_threads": 2,
        "is_cached": False,
        "ran_on": ["CPU"],
    }


def test_several_views_or_videos_run_at_once_unless_told_otherwise() -> None:
    assert "latency mode" in classify("red.mp4").stderr
    assert "throughput mode" in classify("red.mp4", "blue.mp4").stderr
    assert "throughput mode" in classify("red.mp4", "--num-clips", 2).stderr
    assert "throughput mode" in classify("red.mp4", "--hop", 8).stderr
    assert "latency mode" in classify("red.mp4", "--hop", 8, "--mode", "latency").stderr


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_cache_is_used_and_named(by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--cache", tmp_path] if by == "option" else []
    if by == "environment":
        monkeypatch.setenv("I3D_CACHE", str(tmp_path))
    assert ", compiled in " in classify("red.mp4", *options).stderr
    assert ", taken from the cache in " in classify("red.mp4", *options).stderr


def test_sources_of_all_kinds(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    for number in range(9):
        cv2.imwrite(
            str(tmp_path / f"frames/img_{number:05d}.jpg"), np.full((48, 64, 3), COLOURS["red"][::-1], np.uint8)
        )
    np.save(tmp_path / "clip.npy", np.full((1, 9, 24, 24, 3), -0.5, np.float32))
    result = classify(
        "[rg]*.mp4", ".", tmp_path / "frames", tmp_path / "clip.npy", "--jsonl", "--frames-fps", "30000/1001"
    )
    assert result.exit_code == 0, result.output
    assert [(Path(row["path"]).name, row["predictions"][0]["label"]) for row in rows(result)] == [
        ("green.mp4", "green"),
        ("red.mp4", "red"),
        ("all.mp4", "green"),
        ("blue.mp4", "blue"),
        ("green.mp4", "green"),
        ("red.mp4", "red"),
        ("frames", "red"),
        ("clip.npy", "light"),
    ]
    assert rows(result)[-2]["mean_fps"] == pytest.approx(29.97003)


def test_standard_input() -> None:
    result = CliRunner().invoke(main, ["classify", "-", "--jsonl"], input=Path("blue.mp4").read_bytes())
    assert result.exit_code == 0, result.output
    [row] = rows(result)
    assert (row["path"], row["predictions"][0]["label"]) == ("-", "blue")


def test_bad_sources_are_rows_and_stop_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "bad.npy", np.zeros((9, 3, 24, 24), np.uint8))
    result = classify("no*.mp4", tmp_path / "bad.npy", "red.mp4", "--jsonl")
    assert result.exit_code == 1
    assert [row["status"] for row in rows(result)] == ["error", "error", "ok"]
    assert rows(result)[0]["error"] == "no file matches pattern 'no*.mp4'"
    assert "ClipShapeError: clip " in result.stderr
    assert "hint: this looks like FCHW: transpose it by (0, 2, 3, 1)" in result.stderr


def test_several_views_say_what_each_saw() -> None:
    [row] = rows(classify("all.mp4", "--num-clips", 3, "--num-crops", 3, "--jsonl", "-k", 1))
    assert [(view["clip"], view["crop"], view["top1"]["label"]) for view in row["views"]] == [
        (clip, crop, name) for clip, name in enumerate(COLOURS) for crop in range(3)
    ]
    [one] = rows(classify("all.mp4", "--jsonl"))
    assert [set(view) for view in one["views"]] == [{"start_s", "end_s"}]


def test_fusion_by_name() -> None:
    """Two red views of three and a very sure green one: sums and products do not agree on how sure to be."""
    by_name = {
        fusion: rows(classify("all.mp4", "--num-clips", 3, "--fusion", fusion, "--jsonl"))[0]["predictions"]
        for fusion in ("probabilities", "logits")
    }
    assert by_name["probabilities"] != by_name["logits"]
    assert sum(item["prob"] for item in by_name["logits"]) == pytest.approx(1, abs=1e-5)


def test_a_hop_lists_what_happens_when() -> None:
    result = classify("all.mp4", "--hop", 17, "-k", 1)
    lines = result.stdout.splitlines()
    assert lines[0] == "all.mp4  (4 views, from 0.00 to 2.40 s of 2.40 s)"
    assert [line.split("%")[1].strip() for line in lines[2:]] == ["red", "green", "green", "blue"]
    assert lines[2].startswith("  0.00-0.36 s: ")


def test_spans_for_people() -> None:
    assert (
        "all.mp4  (0.00-0.36 s, 2.04-2.40 s, 3 crops each of 2.40 s)"
        in classify("all.mp4", "--num-clips", 2, "--num-crops", 3).stdout
    )


def test_hop_and_num_clips_exclude_each_other() -> None:
    result = classify("all.mp4", "--hop", 10, "--num-clips", 3)
    assert result.exit_code == 2
    assert "--hop cannot be used with --num-clips" in result.stderr


@pytest.mark.parametrize(
    ("videos", "said"),
    [
        (["no.mp4"], ["VideoOpenError: cannot open video 'no.mp4': no such file or directory"]),
        (["tiny.bin"], ["VideoOpenError: cannot open video 'tiny.bin': invalid data"]),
        (["no*.mp4", "a.mp4"], ["VideoOpenError: no file matches pattern 'no*.mp4'", "VideoOpenError: cannot open"]),
    ],
)
def test_without_a_video_nothing_is_compiled_and_each_error_is_said_once(
    videos: list[str], said: list[str], tmp_path: Path
) -> None:
    result = classify(*videos, "--html", tmp_path / "new")
    assert (result.exit_code, result.stdout) == (1, "")
    lines = [line for line in result.stderr.splitlines() if "Error" in line]
    assert [line.startswith(text) for line, text in zip(lines, said, strict=True)] == [True] * len(said)
    assert "compiled" not in result.stderr
    assert not (tmp_path / "new").exists()


def test_swapped_arguments() -> None:
    result = classify("tiny.xml", "--model", "red.mp4")
    assert result.exit_code == 2
    assert "swapped: give red.mp4 as the input and --model tiny.xml" in result.stderr


def test_an_empty_argument_is_not_the_current_folder() -> None:
    refused = classify("", "--model", "tiny.xml")
    assert refused.exit_code == 2
    assert "an argument is empty: name a file" in refused.stderr


@pytest.mark.parametrize("name", ["-abc_000001_000011.mp4", "-k5_000001.mp4", "-help.mp4", "--model.mp4"])
def test_a_name_that_begins_with_a_dash(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Path("tiny.xml").resolve()
    (tmp_path / name).symlink_to(Path("red.mp4").resolve())
    monkeypatch.chdir(tmp_path)
    refused = classify(name, "--model", model)
    assert refused.exit_code == 2
    assert f"write ./{name}, or -- before the files" in refused.stderr
    for words in ([f"./{name}"], ["--", name]):
        assert classify("--model", model, *words).exit_code == 0


def test_each_video_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    really = Video.open

    def opening(path: Path, **options: object) -> Video:
        opened.append(path.name)
        return really(path, **options)

    monkeypatch.setattr(Video, "open", opening)
    result = classify("red.mp4", "green.mp4", "red.mp4")
    assert result.exit_code == 0
    assert sorted(opened) == ["green.mp4", "red.mp4", "red.mp4"]
