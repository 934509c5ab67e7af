"""Runs read back from their folder: what recomputes, and what is refused."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import INFO, NAMES, PROTOCOL, Run, Video, forget_hash, read_rows, sure, videos_of, write_rows, write_run
from synthetic import write_numbered

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.result.recorded_run import read_run, score_run
from i3d_edge.accuracy.result.schema import SCHEMA_VERSION
from i3d_edge.accuracy.run.protocol import spread
from i3d_edge.accuracy.run.runner import Scorer, score_videos
from i3d_edge.core.errors import ResultError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet

CUT_OFF = "\n\nhint: the file was cut off or edited: run again, or take it from where it was made"
EDITED = "\n\nhint: one of the two files was edited: run again, or take both from where they were made"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two models, three videos of two views each, the last without a label; one video dropped."""
    videos = [
        Video("a.mp4", 0, [sure(0), sure(1)]),
        Video("b.mp4", 1, [sure(1), sure(1)]),
        Video("c.mp4", None, [sure(2), sure(2)]),
    ]
    return write_run(tmp_path / "run", Run({"fp32": videos, "int8": videos}, dropped=["gone.mp4"]))


def refusal(folder: Path) -> str:
    with pytest.raises(ResultError) as caught:
        score_run(read_run(folder))
    return str(caught.value)


@contextmanager
def restored(folder: Path) -> Iterator[None]:
    """Undo what a case does to the files of a run."""
    files = {path: path.read_bytes() for path in folder.iterdir()}
    try:
        yield
    finally:
        for path, content in files.items():
            path.write_bytes(content)


def edit_rows(folder: Path, edit: Callable[[list[dict[str, Any]]], object]) -> None:
    rows = read_rows(folder)
    edit(rows)
    write_rows(folder, rows)


def edit_result(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    result = json.loads((folder / "result.json").read_text())
    edit(result)
    (folder / "result.json").write_text(json.dumps(result))


def test_a_whole_run_recomputes(folder: Path) -> None:
    run = read_run(folder)
    scores = score_run(run)
    assert {name: own.metrics for name, own in scores.items()} == run.result["metrics"]
    assert {name: own.details for name, own in scores.items()} == run.result["details"]
    assert scores["int8"].metrics["clip_top1"]["num_correct"] == 3
    assert scores["int8"].metrics["video_top1"]["num_total"] == 2
    assert read_run(folder / "result.json").result == run.result


def test_shuffled_rows_change_nothing(folder: Path) -> None:
    before = score_run(read_run(folder))
    edit_rows(folder, lambda rows: np.random.default_rng(1).shuffle(rows))  # type: ignore[arg-type]
    forget_hash(folder)
    assert score_run(read_run(folder)) == before


def test_the_protocol_names_the_aggregation(tmp_path: Path) -> None:
    """Two views are for class 0 and one rules it out: means are 0.6 to 0.36, products 0.00008 to 0.007."""
    views = [[0.9, 0.09, 0.01], [0.9, 0.09, 0.01], [0.0001, 0.9, 0.0999]]
    correct = {}
    for name in ("mean of probabilities", "mean of logits"):
        protocol = {**PROTOCOL, "aggregation": name}
        made = write_run(
            tmp_path / name, Run({"m": [Video("a.mp4", 1, views)]}, protocol=protocol, names=("a", "b", "c"))
        )
        correct[name] = score_run(read_run(made))["m"].metrics["video_top1"]["num_correct"]
    assert correct == {"mean of probabilities": 0, "mean of logits": 1}


def test_rows_that_are_not_those_of_the_run(folder: Path, subtests: pytest.Subtests) -> None:
    for case, (edit, message) in {
        "last row gone": (
            lambda rows: rows.pop(),
            "are damaged: views or label of 'c.mp4' differ between 'fp32' and 'int8'",
        ),
        "first row gone": (lambda rows: rows.pop(0), "are damaged: view 0 of 'a.mp4' by 'fp32' is missing"),
        "last video gone": (
            lambda rows: rows.__delitem__(slice(-2, None)),
            "have 2 decoded videos by 'int8'; result.json counts 3",
        ),
        "view twice": (
            lambda rows: rows.append(rows[0]),
            "are damaged: view 0 of 'a.mp4' by 'fp32' is there twice or one too many",
        ),
        "two labels": (lambda rows: rows[1].update(label=2), "are damaged: video 'a.mp4' has several labels"),
        "label of one model": (
            lambda rows: [row.update(label=2) for row in rows[:2]],
            "are damaged: views or label of 'a.mp4' differ between 'fp32' and 'int8'",
        ),
        "a dropped one": (
            lambda rows: [row.update(video="gone.mp4") for row in rows if row["video"] == "b.mp4"],
            "have video 'gone.mp4', which result.json counts as dropped",
        ),
        "label taken away": (
            lambda rows: [row.update(label=None) for row in rows if row["video"] == "b.mp4"],
            "have 1 scored videos by 'fp32'; result.json counts 2",
        ),
        "empty": (lambda rows: rows.clear(), "are empty"),
    }.items():
        with subtests.test(case), restored(folder):
            edit_rows(folder, edit)
            assert refusal(folder) == f"predictions '{folder}/predictions.jsonl' {message}{CUT_OFF}"


def test_a_row_that_cannot_be(folder: Path, subtests: pytest.Subtests) -> None:
    for change, message in [
        ({"probs": [0.5, *[0.1] * 7]}, ": probabilities sum to 1.2, not 1"),
        ({"probs": [1.5, -0.5, *[0] * 6]}, ": 1.5 is not a probability in [0, 1]"),
        ({"probs": ["1", *[0] * 7]}, " is damaged: probs[0]: expected float, got str"),
        ({"probs": []}, " is damaged: probs: expected array of length >= 1"),
        ({"probs": [0.5, 0.5], "label": 1}, ": 2 probabilities, but 8 in line 1"),
        ({"label": 8}, ": label 8, but there are only 8 classes"),
        ({"label": "b"}, " is damaged: label: expected int | null, got str"),
        ({"video": None}, " is damaged: video: expected str, got null"),
        ({"model": "int4"}, ": model 'int4' is not in result.json; it has 'fp32', 'int8'"),
    ]:
        with subtests.test(change=change), restored(folder):
            edit_rows(folder, lambda rows, change=change: rows[2].update(change))
            assert refusal(folder) == f"predictions '{folder}/predictions.jsonl', line 3{message}{CUT_OFF}"


def test_a_line_cut_off(folder: Path) -> None:
    path = folder / "predictions.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    assert refusal(folder).startswith(f"predictions '{path}', line 12 is not JSON: ")


def test_an_edit_that_only_the_hash_shows(folder: Path) -> None:
    edit_rows(folder, lambda rows: rows[0].update(end_s=9.0))
    assert refusal(folder) == (
        f"predictions '{folder}/predictions.jsonl' do not have the SHA-256 in result.json{CUT_OFF}"
    )


def test_an_edit_that_only_the_scores_show(folder: Path, subtests: pytest.Subtests) -> None:
    for probs, message in [
        (sure(1), "metrics.fp32.clip_top1.value is 0.75, not 0.5"),
        (sure(0, 0.95), "details.fp32.calibration_error is "),
    ]:
        with subtests.test(message=message), restored(folder):
            edit_rows(folder, lambda rows, probs=probs: rows[0].update(probs=probs))
            forget_hash(folder)
            text = f"result '{folder}/result.json' does not say what its predictions give: {message}"
            assert refusal(folder).startswith(text)
            assert refusal(folder).endswith(EDITED)


def test_bins_of_earlier_results_are_passed_over(folder: Path) -> None:
    edit_result(folder, lambda result: result["details"]["int8"].update(calibration=[]))
    score_run(read_run(folder))


def test_edited_metrics(folder: Path, subtests: pytest.Subtests) -> None:
    for edit, message in [
        (
            lambda result: result["metrics"]["int8"].pop("video_top5"),
            "metrics.int8.video_top5 differs",
        ),
        (
            lambda result: result["metrics"]["int8"]["video_top1"].update(interval_low=0.5),
            "metrics.int8.video_top1.interval_low is 0.5, not 0.34238022750665303",
        ),
        (
            lambda result: result["metrics"]["int8"].update(video_top9=result["metrics"]["int8"]["video_top5"]),
            "metrics.int8.video_top9 differs",
        ),
        (
            lambda result: result["metrics"]["int8"]["video_top1"].update(num_wrong=0),
            "metrics.int8.video_top1.num_wrong is 0, not absent",
        ),
        (
            lambda result: result["metrics"].update(int4={}),
            "metrics.int4 differs",
        ),
    ]:
        with subtests.test(message=message), restored(folder):
            edit_result(folder, edit)
            assert refusal(folder) == (
                f"result '{folder}/result.json' does not say what its predictions give: {message}{EDITED}"
            )


def test_a_result_with_parts_missing(folder: Path, subtests: pytest.Subtests) -> None:
    for edit, message in [
        (lambda result: result.pop("what"), "is damaged: missing field 'what'"),
        (lambda result: result.pop("labels"), "is damaged: missing field 'labels'"),
        (lambda result: result.pop("details"), "is damaged: missing field 'details'"),
        (lambda result: result.update(what={}), "is damaged: what: expected object of length >= 1"),
        (lambda result: result["counts"].pop("scored"), "is damaged: counts: missing field 'scored'"),
        (lambda result: result.update(videos=[{"path": "a"}]), "is damaged: videos[0]: missing field 'label'"),
        (
            lambda result: result["what"]["int8"].update(device=None),
            "is damaged: what[...].device: expected str, got null",
        ),
        (lambda result: result["time"]["infer_s"].pop("int8"), "is damaged: time.infer_s lacks model 'int8'"),
        (lambda result: result["metrics"].pop("int8"), "is damaged: metrics lacks model 'int8'"),
        (lambda result: result["details"].pop("int8"), "is damaged: details lacks model 'int8'"),
        (lambda result: result["how"].update(version="1"), "is damaged: how.version: expected int, got str"),
        (lambda result: result["labels"]["names"].pop(), "names 7 classes; its predictions have 8"),
    ]:
        with subtests.test(message=message), restored(folder):
            edit_result(folder, edit)
            assert refusal(folder) == f"result '{folder}/result.json' {message}{CUT_OFF}"


def test_counts_that_do_not_add_up(folder: Path) -> None:
    edit_result(folder, lambda result: result["counts"].update(listed=7))
    assert refusal(folder) == (
        f"result of '{folder}' does not add up: 7 videos are listed, 3 decoded, 1 dropped{CUT_OFF}"
    )


def test_another_schema_version(folder: Path) -> None:
    edit_result(folder, lambda result: result.update(schema_version=99))
    assert refusal(folder) == (
        f"result '{folder}/result.json' has version 99; this program reads version {SCHEMA_VERSION}\n\n"
        "hint: read it with the version of i3d-edge that wrote it, or run again"
    )


def test_what_is_not_there(folder: Path, tmp_path: Path) -> None:
    assert refusal(tmp_path / "no") == (
        f"no result.json in '{tmp_path}/no'\n\nhint: give the folder that `i3d accuracy run` wrote"
    )
    (folder / "predictions.jsonl").unlink()
    assert refusal(folder) == (
        f"cannot read predictions '{folder}/predictions.jsonl': No such file or directory\n\n"
        "hint: they lie beside result.json, and nothing recomputes without them"
    )
    (folder / "result.json").unlink()
    (folder / "run.json").write_text("{}")
    assert refusal(folder) == (
        f"run '{folder}' is not finished: it has no result.json\n\n"
        "hint: the same `i3d accuracy run` command continues it"
    )


def test_rounding_to_bf16_is_no_edit(tmp_path: Path) -> None:
    """Eight bits of each probability may leave a row's sum off by 0.4 %."""
    video = Video("a.mp4", 0, [[0.996, *[0.0001] * 7]])
    assert read_run(write_run(tmp_path, Run({"m": [video]}))).num_classes == 8


def test_unlabelled_only_in_part(tmp_path: Path) -> None:
    videos = [*videos_of("+-"), Video("x.mp4", None, [sure(0)])]
    scores = score_run(read_run(write_run(tmp_path, Run({"m": videos}))))
    assert scores["m"].metrics["video_top1"]["num_total"] == 2


@pytest.fixture
def hashed(tmp_path: Path) -> Path:
    """A run that lists its videos with their hashes; the list is not in the order of the names."""
    videos = [Video(name, 0, [sure(0 if name != "a" else 1)], sha256=name * 64) for name in ("b", "c", "a")]
    protocol = {**PROTOCOL, "drops_last_video": True}
    return write_run(tmp_path / "run", Run({"m": videos}, protocol=protocol))


def test_hashes_and_order_come_from_the_result(hashed: Path) -> None:
    edit_rows(hashed, lambda rows: rows.reverse())
    forget_hash(hashed)
    assert [(video.path, video.sha256) for video in read_run(hashed).videos["m"]] == [
        ("b", "b" * 64),
        ("c", "c" * 64),
        ("a", "a" * 64),
    ]


def test_a_protocol_that_drops_the_last_video(hashed: Path) -> None:
    """The last of the list is the wrong one; per video it does not count, per clip it does."""
    edit_rows(hashed, lambda rows: rows.reverse())
    forget_hash(hashed)
    counts = {name: tuple(metric.values())[1:3] for name, metric in score_run(read_run(hashed))["m"].metrics.items()}
    assert counts == {"clip_top1": (2, 3), "clip_top5": (3, 3), "video_top1": (2, 2), "video_top5": (2, 2)}


def test_a_protocol_that_drops_the_only_video(tmp_path: Path) -> None:
    run = Run({"m": videos_of("+")}, protocol={**PROTOCOL, "drops_last_video": True})
    assert set(score_run(read_run(write_run(tmp_path, run)))["m"].metrics) == {"clip_top1", "clip_top5"}


def test_a_video_that_differs_from_what_the_result_lists(hashed: Path, subtests: pytest.Subtests) -> None:
    for change, name in [({"path": "z"}, "z"), ({"label": 1}, "c"), ({"num_views": 2}, "c")]:
        with subtests.test(change=change), restored(hashed):
            edit_result(hashed, lambda result, change=change: result["videos"][1].update(change))
            assert refusal(hashed) == (
                f"predictions '{hashed}/predictions.jsonl' are damaged: views or label of '{name}' differ between "
                f"'result.json' and 'm'{CUT_OFF}"
            )


def test_nothing_to_score(tmp_path: Path) -> None:
    made = write_run(tmp_path, Run({"m": videos_of("+")}))
    edit_rows(made, lambda rows: rows[0].update(label=None))
    edit_result(made, lambda result: result["counts"].update(scored=0, unlabelled=1))
    forget_hash(made)
    assert refusal(made) == f"run '{tmp_path}' has no videos with labels, so nothing can be scored"


def test_what_a_run_writes_is_what_is_read(tmp_path: Path) -> None:
    """A real run, of a model that guesses, on videos of which one has no label and one is damaged."""
    labels = LabelSet("letters", tuple(NAMES))
    spec = i3d_spec(labels=labels, num_frames=9, layout="NDCHW", input_type="u8", has_preprocessing=True)
    files = [write_numbered(tmp_path / f"{number}.mp4", 20 + 4 * number) for number in range(4)]
    files[2].write_text("no video")
    videos = [ListedVideo(file.name, file, label) for file, label in zip(files, ("a", "b", "c", None), strict=True)]
    rng = np.random.default_rng(0)
    scorers = {name: Scorer(INFO, lambda _clip: rng.dirichlet(np.ones(8))) for name in ("fp32", "int8")}  # type: ignore[arg-type]
    result = score_videos(videos, scorers, spec, tmp_path / "out", list_path=tmp_path / "list.csv", preset=spread(3))
    run = read_run(tmp_path / "out")
    assert run.result == json.loads(json.dumps(result))
    assert {name: own.metrics for name, own in score_run(run).items()} == result["metrics"]
    assert [(video.path, video.label, video.num_views) for video in run.videos["int8"]] == [
        ("0.mp4", 0, 3),
        ("1.mp4", 1, 3),
        ("3.mp4", None, 3),
    ]


def test_more_views_than_the_result_says(hashed: Path) -> None:
    edit_rows(hashed, lambda rows: rows.insert(1, {**rows[0], "view": 1}))
    forget_hash(hashed)
    assert refusal(hashed) == (
        f"predictions '{hashed}/predictions.jsonl' are damaged: "
        f"view 1 of 'b' by 'm' is there twice or one too many{CUT_OFF}"
    )


def test_views_are_forgotten_when_their_video_is_whole(tmp_path: Path) -> None:
    """20 videos of 30 views of 400 classes are 1.9 MB of numbers; of each video 3.2 kB stay."""
    views = [sure(0, 0.5, 400)] * 30
    videos = [Video(f"{number}.mp4", 0, views, sha256=f"{number:064}") for number in range(20)]
    made = write_run(tmp_path, Run({"m": videos}, names=[str(number) for number in range(400)]))
    tracemalloc.start()
    run = read_run(made)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 600_000
    assert run.videos["m"][0].num_views == 30
