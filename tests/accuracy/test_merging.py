"""Slices of a list, scored apart and joined, are the run of the whole list."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from killing import timeless
from runs import INFO
from synthetic import write_numbered

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.data.shard import WHOLE, Shard, parse_shard
from i3d_edge.accuracy.gate.baseline import make_baseline
from i3d_edge.accuracy.gate.comparison import compare
from i3d_edge.accuracy.report.text import format_result
from i3d_edge.accuracy.result.recorded_run import read_run, score_run
from i3d_edge.accuracy.run import runner
from i3d_edge.accuracy.run.merging import merge_slices
from i3d_edge.accuracy.run.protocol import spread
from i3d_edge.accuracy.run.runner import Scorer, score_videos
from i3d_edge.core.errors import ArgumentError, ComparisonError, I3DError, ListError, ResultError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.processor import read_processor
from i3d_edge.runtime import Clip

SPEC = i3d_spec(
    labels=LabelSet("six", tuple("abcdef")), num_frames=9, layout="NDCHW", input_type="u8", has_preprocessing=True
)
BF16 = {**INFO, "executed_precision": "bf16"}


def by_pixels(clip: Clip) -> np.ndarray:
    values = clip.frames[:, ::32, ::32].mean(axis=(0, 1, 2)) * np.array([1, 2, 3])
    answer = np.concatenate([values, values[::-1] ** 2])
    return answer / answer.sum()


@pytest.fixture
def videos(tmp_path: Path) -> list[ListedVideo]:
    rows = []
    for number in range(7):
        path = write_numbered(tmp_path / f"{number}.mp4", 12 + number)
        rows.append(ListedVideo(path.name, path, None if number == 4 else "abcdef"[number % 6]))
    (tmp_path / "2.mp4").write_text("broken")
    return rows


def run(videos: list[ListedVideo], folder: Path, shard: Shard = WHOLE, **changes: str) -> Path:
    scorers = {"one": Scorer({**BF16, **changes}, by_pixels)}
    score_videos(videos, scorers, SPEC, folder, list_path=Path("l.csv"), preset=spread(2), shard=shard)
    return folder


@pytest.fixture
def slices(videos: list[ListedVideo], tmp_path: Path) -> list[Path]:
    return [run(videos, tmp_path / f"s{number}", Shard(number, 3)) for number in (1, 2, 3)]


def on_another_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "read_processor", lambda: replace(read_processor(), name="Another CPU"))


def test_joined_as_if_one_run_had_written_it(videos: list[ListedVideo], slices: list[Path], tmp_path: Path) -> None:
    whole, out = run(videos, tmp_path / "whole"), tmp_path / "out"
    again = run(videos, tmp_path / "again", Shard(2, 3))
    merge_slices([slices[2], again, slices[0], slices[1]], out)
    assert timeless(out) == timeless(whole)
    assert (out / "run.json").read_bytes() == (whole / "run.json").read_bytes()
    score_run(read_run(out))
    assert [row["video"] for row in map(json.loads, (out / "videos.jsonl").read_text().splitlines())] == [
        f"{n}.mp4" for n in range(7)
    ]
    merge_slices(slices, out)
    assert timeless(out) == timeless(whole)


def other_list(videos: list[ListedVideo], folder: Path) -> Path:
    return run([*videos[:-1], replace(videos[-1], label="f")], folder, Shard(2, 3))


WRONG: dict[str, tuple[str, Callable[[list[ListedVideo], Path], Path]]] = {
    "another model": ("differ in models", lambda videos, folder: run(videos, folder, Shard(2, 3), sha256="1")),
    "another precision": (
        "differ in models",
        lambda videos, folder: run(videos, folder, Shard(2, 3), executed_precision="f32"),
    ),
    "another list": ("differ in list of videos", other_list),
    "another cut": (
        "differ in number of slices, 2/4 and 1/3",
        lambda videos, folder: run(videos, folder, Shard(2, 4)),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_belong_together(
    name: str, videos: list[ListedVideo], slices: list[Path], tmp_path: Path
) -> None:
    text, make = WRONG[name]
    other = make(videos, tmp_path / "other")
    with pytest.raises(ResultError, match=f"runs .*s1' and .*other' {text}"):
        merge_slices([slices[0], other, slices[2]], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_missing(slices: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ResultError) as caught:
        merge_slices(slices[1:2], tmp_path / "out")
    assert str(caught.value) == "2 of 3 slices are missing: 1/3, 3/3\n\nhint: run it with --shard 1/3"


def cut_off(folder: Path) -> None:
    path = folder / "predictions.jsonl"
    path.write_bytes(path.read_bytes()[:-5])


def interrupted(folder: Path) -> None:
    path = folder / "result.json"
    path.write_text(path.read_text().replace('"is_complete": true', '"is_complete": false'))


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (cut_off, "run '.*s2' is damaged: its rows count up to video 1 of 2"),
        (interrupted, "run '.*s2' was interrupted"),
        (lambda folder: (folder / "run.json").unlink(), r"run '.*s2' has no run\.json"),
        (lambda folder: (folder / "result.json").unlink(), "run '.*s2' is not finished"),
    ],
)
def test_a_slice_that_is_not_whole(
    damage: Callable[[Path], None], text: str, slices: list[Path], tmp_path: Path
) -> None:
    damage(slices[1])
    with pytest.raises(I3DError, match=text):
        merge_slices(slices, tmp_path / "out")
    assert not (tmp_path / "out" / "result.json").exists()


def test_onto_one_of_them(slices: list[Path]) -> None:
    with pytest.raises(ArgumentError, match="is one of those to be merged"):
        merge_slices(slices, slices[0], force=True)
    assert read_run(slices[0]).is_complete


def test_a_video_that_one_run_could_not_read(videos: list[ListedVideo], slices: list[Path], tmp_path: Path) -> None:
    """One machine lacked a file that another one had."""
    hidden = videos[3].file.rename(tmp_path / "hidden")
    without = run(videos, tmp_path / "without", Shard(1, 3))
    hidden.rename(videos[3].file)
    assert len(json.loads((without / "result.json").read_text())["counts"]["dropped"]) == 1
    merge_slices([without, *slices], tmp_path / "out")
    assert timeless(tmp_path / "out") == timeless(run(videos, tmp_path / "whole"))

    write_numbered(videos[3].file, 30)
    other = run(videos, tmp_path / "other", Shard(1, 3))
    with pytest.raises(ResultError, match=r"video '3\.mp4' is not the same file in all runs of its slice"):
        merge_slices([other, *slices], tmp_path / "out")


def test_mixed_machines_are_named_and_the_gate_refuses_them(
    videos: list[ListedVideo], slices: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read_run(run(videos, tmp_path / "whole"))
    on_another_cpu(monkeypatch)
    other = run(videos, tmp_path / "other", Shard(2, 3), executed_precision="f32")
    result = merge_slices([slices[0], other, slices[2]], tmp_path / "mixed")
    assert [(kind["cpu"], kind["executed_precision"], kind["num_videos"]) for kind in result["where"]["machines"]] == [
        (read_processor().name, {"one": "bf16"}, 4),
        ("Another CPU", {"one": "f32"}, 2),
    ]
    assert result["what"]["one"]["executed_precision"] == "bf16"
    assert "MIXED: 2 videos on Another CPU, OpenVINO " in format_result(result)
    mixed = read_run(tmp_path / "mixed")
    for before, after, which in ((whole, mixed, "run"), (mixed, whole, "baseline")):
        with pytest.raises(ComparisonError, match=f"the {which} mixes machines: 4 videos on .*; 2 videos on Another"):
            compare(make_baseline(before, "one"), after, "one")
        assert compare(make_baseline(before, "one"), after, "one", allow_mixed=True)["num_videos"] == 5


def test_all_slices_on_another_machine_are_not_mixed(
    videos: list[ListedVideo], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_another_cpu(monkeypatch)
    result = merge_slices([run(videos, tmp_path / f"{n}", Shard(n, 2)) for n in (1, 2)], tmp_path / "out")
    assert (result["where"]["cpu"], "machines" in result["where"]) == ("Another CPU", False)


def test_slices_are_resumed_as_such(videos: list[ListedVideo], slices: list[Path], tmp_path: Path) -> None:
    with pytest.raises(I3DError, match="holds another run, which differs in slice"):
        run(videos, slices[0], Shard(2, 3))
    with pytest.raises(ListError, match=r"list 'l\.csv' is too short for a slice 8/9"):
        run(videos, tmp_path / "out", Shard(8, 9))


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", "1/3/5", "", "²/3"])
def test_no_slice(text: str) -> None:
    with pytest.raises(ArgumentError, match="is no slice of a list"):
        parse_shard(text)


def test_slices_take_turns() -> None:
    assert [Shard(number, 3).part("abcdefgh") for number in (1, 2, 3)] == ["adg", "beh", "cf"]
    assert (parse_shard("3/8"), str(Shard(3, 8))) == (Shard(3, 8), "3/8")
