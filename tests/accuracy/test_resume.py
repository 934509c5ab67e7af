"""A run that is killed goes on where it was, and ends as if nobody had."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from killing import run_killed, start_run, timeless
from synthetic import write_numbered

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.result.recorded_run import read_run
from i3d_edge.accuracy.result.schema import Result
from i3d_edge.accuracy.run.protocol import spread
from i3d_edge.accuracy.run.runner import Scorer, score_videos
from i3d_edge.core.errors import OutputError, ResultError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import Clip

SPEC = i3d_spec(
    labels=LabelSet("six", tuple("abcdef")), num_frames=9, layout="NDCHW", input_type="u8", has_preprocessing=True
)
INFO = {"kind": "ir", "path": "m.xml", "sha256": "0", "executed_precision": "f32"}


def by_pixels(clip: Clip) -> np.ndarray:
    """A model whose answer depends on what it is shown."""
    values = clip.frames[:, ::32, ::32].mean(axis=(0, 1, 2)) * np.array([1, 2, 3])
    answer = np.concatenate([values, values[::-1] ** 2])
    return answer / answer.sum()


SCORERS = {"one": Scorer(INFO, by_pixels), "two": Scorer(INFO, lambda clip: by_pixels(clip)[::-1])}


@pytest.fixture
def videos(tmp_path: Path) -> list[ListedVideo]:
    rows = []
    for number in range(6):
        path = write_numbered(tmp_path / f"{number}.mp4", 12 + number)
        rows.append(ListedVideo(path.name, path, None if number == 4 else "abcdef"[number]))
    (tmp_path / "2.mp4").write_text("broken")
    return rows


def run(videos: list[ListedVideo], folder: Path, **options: object) -> Result:
    scorers: Mapping[str, Scorer] = options.pop("scorers", SCORERS)
    return score_videos(videos, scorers, SPEC, folder, list_path=Path("l.csv"), preset=spread(2), **options)


def test_from_every_state_that_a_kill_can_leave(videos: list[ListedVideo], tmp_path: Path) -> None:
    """Both files are appended to, so a kill leaves a beginning of each; rows of a video come before its mark."""
    run(videos, tmp_path / "whole")
    expected = timeless(tmp_path / "whole")
    files = {name: (tmp_path / "whole" / name).read_bytes() for name in ("videos.jsonl", "predictions.jsonl")}
    config = (tmp_path / "whole" / "run.json").read_bytes()
    ends = [0, *(json.loads(line)["end"] for line in files["videos.jsonl"].splitlines())]
    marks = np.cumsum([0, *(len(line) for line in files["videos.jsonl"].splitlines(keepends=True))])
    rng = np.random.default_rng(0)
    states = [(int(marks[-1]), ends[-1]), (0, 0)]
    for number in range(len(videos)):
        states.append((int(marks[number]), int(rng.integers(ends[number], ends[number + 1] + 1))))
        states.append((int(rng.integers(marks[number] + 1, marks[number + 1])), ends[number + 1]))
    told: list[str] = []
    for position, (num_marks, num_predictions) in enumerate(states):
        folder = tmp_path / f"killed{position}"
        folder.mkdir()
        (folder / "run.json").write_bytes(config)
        (folder / "videos.jsonl").write_bytes(files["videos.jsonl"][:num_marks])
        (folder / "predictions.jsonl").write_bytes(files["predictions.jsonl"][:num_predictions])
        run(videos, folder, say=told.append)
        assert timeless(folder) == expected, (num_marks, num_predictions)
    assert {text.partition(":")[0] for text in told} == {
        "already complete",
        *(f"going on after {done} of 6 videos" for done in range(1, 6)),
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "num_kept"),
    [
        ("predictions.jsonl", '"view": 1', '"view": 0', 0),
        ("predictions.jsonl", '"label": 5', '"label": 3', 5),
        ("videos.jsonl", '"label": 3', '"label": 1', 3),
        ("videos.jsonl", '"end": ', '"end": -', 0),
        ("videos.jsonl", '"end": ', '"end": 9999999999999', 0),
        ("videos.jsonl", '"num_views": 2', '"num_views": "2"', 0),
    ],
)
def test_what_was_edited_is_done_again(
    videos: list[ListedVideo], tmp_path: Path, name: str, old: str, new: str, num_kept: int
) -> None:
    folder = tmp_path / "out"
    run(videos, folder)
    expected = timeless(folder)
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    told: list[str] = []
    run(videos, folder, say=told.append)
    assert timeless(folder) == expected
    assert told == ([f"going on after {num_kept} of 6 videos"] if num_kept else [])


def test_a_configuration_that_is_none(videos: list[ListedVideo], tmp_path: Path) -> None:
    run(videos, tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(OutputError, match=r"^configuration '.*run\.json' is not a JSON object"):
        run(videos, tmp_path)


def test_only_what_is_left_is_decoded_again(videos: list[ListedVideo], tmp_path: Path) -> None:
    seen = []

    def counting(clip: Clip) -> np.ndarray:
        seen.append(clip)
        return by_pixels(clip)

    def failing(clip: Clip) -> np.ndarray:
        if len(seen) == 5:  # in the middle of the fourth video, of which the third is broken
            raise RuntimeError("the power fails")
        return counting(clip)

    with pytest.raises(RuntimeError, match="the power fails"):
        run(videos, tmp_path / "out", scorers={"one": Scorer(INFO, failing)})
    assert not (tmp_path / "out" / "result.json").exists()
    assert len(seen) == 5
    result = run(videos, tmp_path / "out", scorers={"one": Scorer(INFO, counting)})
    assert len(seen) == 5 + 2 * 3
    assert (result["counts"]["decoded"], result["counts"]["scored"]) == (5, 4)


def test_the_folder_of_another_run_is_refused(videos: list[ListedVideo], tmp_path: Path) -> None:
    def stopping(clip: Clip) -> np.ndarray:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        run(videos, tmp_path / "out", scorers={"one": Scorer(INFO, stopping)})
    folder = tmp_path / "out"
    changes: dict[str, Callable[[], Result]] = {
        "models": lambda: run(videos, folder),
        "list of videos": lambda: run(videos[1:], folder, scorers={"one": Scorer(INFO, by_pixels)}),
    }
    for what, other in changes.items():
        with pytest.raises(OutputError) as caught:
            other()
        assert str(caught.value) == (
            f"run folder '{folder}' holds another run, which differs in {what}"
            "\n\nhint: choose another folder, or pass --force to begin anew"
        )
    run(videos, folder, force=True)
    run(videos, tmp_path / "whole")
    assert timeless(folder) == timeless(tmp_path / "whole")


def begun(videos: list[ListedVideo], folder: Path, scorers: Mapping[str, Scorer] | None = None) -> None:
    """Leave a folder as a kill after the next video does."""
    seen = []

    def stopping(clip: Clip) -> np.ndarray:
        seen.append(clip)
        if len(seen) == 3:
            raise RuntimeError("killed")
        return by_pixels(clip)

    stopped = {**(scorers or {}), "one": Scorer(INFO, stopping)}
    with pytest.raises(RuntimeError, match="killed"):
        score_videos(videos, stopped, SPEC, folder, list_path=Path("l.csv"), preset=spread(2))


OTHERS: dict[str, tuple[str, Callable[[list[ListedVideo], Path], tuple[list[ListedVideo], ModelSpec]]]] = {
    "videos elsewhere": (
        "list of videos",
        lambda videos, folder: ([replace(video, file=folder / video.path) for video in videos], SPEC),
    ),
    "frame rate": (
        "list of videos",
        lambda videos, folder: ([replace(video, frames_fps=Fraction(5)) for video in videos], SPEC),
    ),
    "counts": ("list of videos", lambda videos, folder: ([replace(video, num_frames=5) for video in videos], SPEC)),
    "classes": (
        "input and classes",
        lambda videos, folder: (videos, replace(SPEC, labels=LabelSet("six", tuple("fedcba")))),
    ),
    "size": ("input and classes", lambda videos, folder: (videos, replace(SPEC, short_side_px=300))),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_changes_predictions_is_another_run(name: str, videos: list[ListedVideo], tmp_path: Path) -> None:
    begun(videos, tmp_path / "out")
    what, change = OTHERS[name]
    others, spec = change(videos, tmp_path / "elsewhere")
    with pytest.raises(OutputError, match=f"holds another run, which differs in .*{what}"):
        score_videos(
            others, {"one": Scorer(INFO, by_pixels)}, spec, tmp_path / "out", list_path=Path("l.csv"), preset=spread(2)
        )


def test_pinned_videos_may_have_moved(videos: list[ListedVideo], tmp_path: Path) -> None:
    pinned = [replace(video, sha256=f"{number:064d}") for number, video in enumerate(videos)]
    begun(pinned, tmp_path / "out")
    (tmp_path / "elsewhere").mkdir()
    moved = [replace(video, file=video.file.rename(tmp_path / "elsewhere" / video.path)) for video in pinned]
    assert run(moved, tmp_path / "out", scorers={"one": Scorer(INFO, by_pixels)})["counts"]["decoded"] == 5


def test_one_process_at_a_time(videos: list[ListedVideo], tmp_path: Path) -> None:
    seen = []

    def intruding(clip: Clip) -> np.ndarray:
        seen.append(clip)
        with pytest.raises(OutputError) as caught:
            run(videos, tmp_path / "out", force=len(seen) % 2 == 0)
        assert str(caught.value) == (
            f"another process is writing in folder '{tmp_path / 'out'}'\n\n"
            "hint: wait until it ends, or choose another folder"
        )
        return by_pixels(clip)

    run(videos, tmp_path / "out", scorers={"one": Scorer(INFO, intruding), "two": SCORERS["two"]})
    run(videos, tmp_path / "whole")
    assert len(seen) == 10
    assert timeless(tmp_path / "out") == timeless(tmp_path / "whole")


def test_a_complete_run_is_not_run_again(videos: list[ListedVideo], tmp_path: Path) -> None:
    def failing(_clip: Clip) -> np.ndarray:
        raise AssertionError("nothing is left to run")

    before = run(videos, tmp_path / "out")
    told: list[str] = []
    idle = {name: Scorer(INFO, failing) for name in SCORERS}
    again = run(videos, tmp_path / "out", scorers=idle, say=told.append)
    assert (before["time"].pop("num_new"), again["time"].pop("num_new")) == (6, 0)
    assert again == before
    assert told == ["already complete: all 6 videos are done; --force runs them again"]
    other = {**SCORERS, "two": Scorer({**INFO, "sha256": "1"}, failing)}
    with pytest.raises(OutputError, match="holds another run, which differs in models"):
        run(videos, tmp_path / "out", scorers=other)
    written = json.loads((tmp_path / "out" / "result.json").read_text())
    assert written["time"].pop("num_new") == 0
    assert written == before


def test_videos_that_changed_since(videos: list[ListedVideo], tmp_path: Path) -> None:
    whole = [video for video in videos if video.path != "5.mp4"]
    missing = ListedVideo("later.mp4", tmp_path / "later.mp4", "a")
    run([*whole, missing], tmp_path / "out")
    run([*whole, missing], tmp_path / "out")  # a broken and a missing file that are still so are no change
    (tmp_path / "0.mp4").write_bytes((tmp_path / "1.mp4").read_bytes())
    (tmp_path / "1.mp4").unlink()
    write_numbered(tmp_path / "later.mp4", 20)
    with pytest.raises(OutputError) as caught:
        run([*whole, missing], tmp_path / "out")
    assert str(caught.value) == (
        f"3 videos changed since run folder '{tmp_path / 'out'}' was begun: '0.mp4', '1.mp4', 'later.mp4'\n\n"
        "hint: choose another folder, or pass --force to begin anew"
    )


@pytest.mark.parametrize("name", ["videos.jsonl", "predictions.jsonl"])
def test_files_of_something_else_are_kept(name: str, videos: list[ListedVideo], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / name).write_text("mine")
    with pytest.raises(OutputError) as caught:
        run(videos, folder)
    assert str(caught.value) == (
        f"run folder '{folder}' holds {name} of an unknown run: there is no run.json\n\n"
        "hint: choose another folder, or pass --force to begin anew"
    )
    assert (folder / name).read_text() == "mine"
    assert run(videos, folder, force=True)["is_complete"]


def test_an_interruption_leaves_a_result_that_says_so(videos: list[ListedVideo], tmp_path: Path) -> None:
    seen = []

    def interrupted(clip: Clip) -> np.ndarray:
        seen.append(clip)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return by_pixels(clip)

    with pytest.raises(KeyboardInterrupt):
        run(videos, tmp_path / "out", scorers={"one": Scorer(INFO, interrupted), "two": SCORERS["two"]})
    partial = json.loads((tmp_path / "out" / "result.json").read_text())
    assert (partial["is_complete"], partial["counts"]["scored"], len(partial["videos"])) == (False, 1, 1)
    begun(videos, tmp_path / "out", scorers=SCORERS)
    assert not (tmp_path / "out" / "result.json").exists()
    with pytest.raises(ResultError, match=r"is not finished: it has no result\.json"):
        read_run(tmp_path / "out")
    assert run(videos, tmp_path / "out")["is_complete"] is True
    run(videos, tmp_path / "whole")
    assert timeless(tmp_path / "out") == timeless(tmp_path / "whole")


def test_a_full_disk(videos: list[ListedVideo], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from i3d_edge.accuracy.result.journal import Journal

    opened = Journal.open

    def with_a_full_disk(*args: object, **options: object) -> Journal:
        journal = opened(*args, **options)
        journal._predictions.close()
        journal._predictions = Path("/dev/full").open("wb")  # noqa: SIM115
        return journal

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "open", with_a_full_disk)
        with pytest.raises(OutputError) as caught:
            run(videos, tmp_path / "out")
    assert str(caught.value) == (f"cannot write '{tmp_path / 'out' / 'predictions.jsonl'}': No space left on device")
    run(videos, tmp_path / "out")
    run(videos, tmp_path / "whole")
    assert timeless(tmp_path / "out") == timeless(tmp_path / "whole")


@pytest.mark.slow
def test_sigkill_at_several_points(ir_path: Path, tmp_path: Path) -> None:
    for number in range(8):
        write_numbered(tmp_path / f"{number}.mp4", 20 + number)
    rows = "".join(f"{number}.mp4,zumba\n" for number in range(8))
    (tmp_path / "list.csv").write_text("path,label\n" + rows)
    args = [tmp_path / "list.csv", "--model", ir_path, "--num-clips", "3"]
    assert start_run(args, tmp_path / "whole").wait() == 0
    run_killed(args, tmp_path / "killed", (1, 3, 6))
    assert timeless(tmp_path / "killed") == timeless(tmp_path / "whole")


@pytest.mark.parametrize("replace", [lambda folder: folder.mkdir(), lambda folder: None])
def test_a_folder_that_is_moved_during_the_run(
    videos: list[ListedVideo], tmp_path: Path, replace: Callable[[Path], None]
) -> None:
    folder, moved = tmp_path / "out", tmp_path / "moved"
    seen = []

    def moving(clip: Clip) -> np.ndarray:
        seen.append(clip)
        if len(seen) == 3:
            folder.rename(moved)
            replace(folder)
        return by_pixels(clip)

    with pytest.raises(OutputError, match="was moved, replaced or emptied during the run"):
        run(videos, folder, scorers={"one": Scorer(INFO, moving)})
    shutil.rmtree(folder, ignore_errors=True)
    moved.rename(folder)
    assert run(videos, folder, scorers={"one": Scorer(INFO, by_pixels)})["is_complete"]
