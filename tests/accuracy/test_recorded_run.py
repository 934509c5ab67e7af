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

from i3d_edge.accuracy import ListedVideo, Scorer, run_accuracy
from i3d_edge.accuracy.result.recorded_run import read_run, score_run
from i3d_edge.accuracy.result.schema import SCHEMA_VERSION
from i3d_edge.core.errors import ResultError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet

CUT_OFF = "\n\nhint: the file was cut off or edited: run again, or take it from where it was made"
KIND = "it is absent, empty or of another kind"
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


def test_a_run_without_the_optional_fields(folder: Path) -> None:
    def forget(result: dict[str, Any]) -> None:
        for name in ("details", "labels", "predictions_sha256"):
            del result[name]

    edit_result(folder, forget)
    run = read_run(folder)
    assert run.class_names[:2] == ["class 0", "class 1"]
    assert score_run(run)["fp32"].metrics == run.result["metrics"]["fp32"]


def test_rows_that_are_not_those_of_the_run(folder: Path, subtests: pytest.Subtests) -> None:
    for case, (edit, message) in {
        "last row gone": (
            lambda rows: rows.pop(),
            "must have the same videos, views and labels throughout; 'c.mp4' differs between 'fp32' and 'int8'",
        ),
        "first row gone": (lambda rows: rows.pop(0), "must have every view; view 0 of 'a.mp4' by 'fp32' is missing"),
        "last video gone": (
            lambda rows: rows.__delitem__(slice(-2, None)),
            "must have the 3 decoded videos that result.json counts; those of 'int8' have 2",
        ),
        "view twice": (
            lambda rows: rows.append(rows[0]),
            "must have each view once, and as many of them as result.json says; "
            "view 0 of 'a.mp4' by 'fp32' is there twice or one too many",
        ),
        "two labels": (
            lambda rows: rows[1].update(label=2),
            "must have one label for each video; 'a.mp4' has several",
        ),
        "label of one model": (
            lambda rows: [row.update(label=2) for row in rows[:2]],
            "must have the same videos, views and labels throughout; 'a.mp4' differs between 'fp32' and 'int8'",
        ),
        "a dropped one": (
            lambda rows: [row.update(video="gone.mp4") for row in rows if row["video"] == "b.mp4"],
            "must not have videos that result.json counts as dropped; got 'gone.mp4'",
        ),
        "label taken away": (
            lambda rows: [row.update(label=None) for row in rows if row["video"] == "b.mp4"],
            "must have the 2 scored videos that result.json counts; those of 'fp32' have 1",
        ),
        "empty": (lambda rows: rows.clear(), "must have a line for each view; it is empty"),
    }.items():
        with subtests.test(case), restored(folder):
            edit_rows(folder, edit)
            assert refusal(folder) == f"predictions '{folder}/predictions.jsonl' {message}{CUT_OFF}"


def test_a_row_that_cannot_be(folder: Path, subtests: pytest.Subtests) -> None:
    for change, message in [
        ({"probs": [0.5, *[0.1] * 7]}, "must have probabilities that sum to 1; got 1.2"),
        ({"probs": [1.5, -0.5, *[0] * 6]}, "must have probabilities in [0, 1]; got 1.5"),
        ({"probs": [float("nan"), *[0.1] * 7]}, "must have probabilities that are finite numbers; got nan"),
        ({"probs": ["1", *[0] * 7]}, "must have probabilities that are finite numbers; got '1'"),
        ({"probs": []}, "must have probabilities; got []"),
        ({"probs": [0.5, 0.5], "label": 1}, "must have 8 probabilities as line 1 has; got 2"),
        ({"label": 8}, "must have a label from 0 to 7, or null; got 8"),
        ({"label": "b"}, "must have a label from 0 to 7, or null; got 'b'"),
        ({"view": "0"}, "must have 'view', of type int; got '0'"),
        ({"video": None}, "must have 'video', of type str; got None"),
        ({"model": "int4"}, "must be of one of result.json's models, 'fp32', 'int8'; got 'int4'"),
        ({"logits": [1.0]}, "must have as many logits as probabilities, 8; got 1"),
        ({"logits": [float("inf")] * 8}, "must have logits that are finite numbers; got inf"),
    ]:
        with subtests.test(change=change), restored(folder):
            edit_rows(folder, lambda rows, change=change: rows[2].update(change))
            assert refusal(folder) == f"predictions '{folder}/predictions.jsonl', line 3, {message}{CUT_OFF}"


def test_a_line_cut_off(folder: Path) -> None:
    path = folder / "predictions.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    assert refusal(folder) == (
        f"predictions '{path}', line 12, must be a JSON object; "
        """got '{"video": "c.mp4", "model": "int8", "vie'...""" + CUT_OFF
    )


def test_an_edit_that_only_the_hash_shows(folder: Path) -> None:
    edit_rows(folder, lambda rows: rows[0].update(end_s=9.0))
    assert refusal(folder) == (
        f"predictions '{folder}/predictions.jsonl' must have the SHA-256 in result.json; they differ{CUT_OFF}"
    )


def test_an_edit_that_only_the_metrics_show(folder: Path) -> None:
    edit_rows(folder, lambda rows: rows[0].update(probs=sure(1)))
    forget_hash(folder)
    assert refusal(folder) == (
        f"result '{folder}/result.json' must say what its predictions give, clip_top1 of 'fp32' = 2/4; "
        f"it says 3/4{EDITED}"
    )


def test_an_edit_that_only_the_details_show(folder: Path) -> None:
    edit_rows(folder, lambda rows: rows[0].update(probs=sure(0, 0.95)))
    forget_hash(folder)
    assert refusal(folder) == (
        f"result '{folder}/result.json' must say what its predictions give; its details of 'fp32' differ{EDITED}"
    )


def test_a_metric_taken_away(folder: Path) -> None:
    edit_result(folder, lambda result: result["metrics"]["int8"].pop("video_top5"))
    assert refusal(folder) == (
        f"result '{folder}/result.json' must say what its predictions give, video_top5 of 'int8' = 2/2; "
        f"it says nothing{EDITED}"
    )


def test_edited_metrics(folder: Path, subtests: pytest.Subtests) -> None:
    for edit, message in [
        (
            lambda result: result["metrics"]["int8"]["video_top1"].update(interval_low=0.5),
            "must say what its predictions give, video_top1 of 'int8' with interval_low = 0.34238022750665303; "
            "it says 0.5",
        ),
        (
            lambda result: result["metrics"]["int8"]["video_top1"].pop("value"),
            "must say what its predictions give, video_top1 of 'int8' with value = 1.0; it says nothing",
        ),
        (
            lambda result: result["metrics"]["int8"].update(video_top9=5),
            "must say what its predictions give and no more; it says video_top9 of 'int8' too",
        ),
        (
            lambda result: result["metrics"]["int8"]["video_top1"].update(num_wrong=0),
            "must say what its predictions give, video_top1 of 'int8' with num_wrong = nothing; it says 0",
        ),
        (
            lambda result: result["metrics"].update(int4={}),
            "must say what its predictions give and no more; it says metrics of 'int4' too",
        ),
    ]:
        with subtests.test(message=message), restored(folder):
            edit_result(folder, edit)
            assert refusal(folder) == f"result '{folder}/result.json' {message}{EDITED}"


def test_a_result_with_parts_missing(folder: Path, subtests: pytest.Subtests) -> None:
    for edit, message in [
        (lambda result: result.pop("what"), "must have 'what'; it is absent, empty or of another kind"),
        (lambda result: result.update(metrics={}), "must have 'metrics'; it is absent, empty or of another kind"),
        (
            lambda result: result["counts"].pop("scored"),
            "must have 'counts.scored'; it is absent, empty or of another kind",
        ),
        (
            lambda result: result["counts"].pop("dropped"),
            "must have 'counts.dropped'; it is absent, empty or of another kind",
        ),
        (
            lambda result: result["how"].pop("aggregation"),
            "must have 'how.aggregation'; it is absent, empty or of another kind",
        ),
        (lambda result: result["counts"].update(dropped=["x"]), "must have 'counts.dropped[0].path'; " + KIND),
        (lambda result: result.update(labels={"name": "x"}), "must have 'labels.names'; " + KIND),
        (lambda result: result.update(videos={}), "must have 'videos'; " + KIND),
        (lambda result: result.update(videos=[{"path": "a"}]), "must have 'videos[0].label'; " + KIND),
        (lambda result: result.update(data={"path": "a"}), "must have 'data.manifest_digest'; " + KIND),
        (lambda result: result.pop("time"), "must have 'time'; " + KIND),
        (lambda result: result.update(time={}), "must have 'time.total_s'; " + KIND),
        (lambda result: result["time"]["infer_s"].pop("int8"), "must have 'time.infer_s.int8'; " + KIND),
        (lambda result: result.pop("is_complete"), "must have 'is_complete'; " + KIND),
        (lambda result: result["what"].update(fp32={}), "must have 'what.fp32.kind'; " + KIND),
        (lambda result: result["what"].update(int8=5), "must have 'what.int8.kind'; " + KIND),
        (lambda result: result["what"]["int8"].update(device=None), "must have 'what.int8.device'; " + KIND),
        (lambda result: result["metrics"].update(int8=[]), "must have 'metrics.int8'; " + KIND),
        (lambda result: result["metrics"].pop("int8"), "must have 'metrics.int8'; " + KIND),
        (lambda result: result["counts"]["dropped"][0].pop("reason"), "must have 'counts.dropped[0].reason'; " + KIND),
        (
            lambda result: result.update(how={"aggregation": "mean of probabilities"}),
            "must have 'how.name'; " + KIND,
        ),
        (lambda result: result["how"].pop("num_clips"), "must have 'how.num_clips'; " + KIND),
        (lambda result: result["how"].update(version="1"), "must have 'how.version'; " + KIND),
        (lambda result: result["labels"].update(names=[1, 2]), "must have 'labels.names[0]'; " + KIND),
        (lambda result: result["where"].pop("num_cpus"), "must have 'where.num_cpus'; " + KIND),
        (lambda result: result["data"].pop("sha256"), "must have 'data.sha256'; " + KIND),
        (lambda result: result.update(warnings={"a.mp4": [1]}), "must have 'warnings.a.mp4[0]'; " + KIND),
        (lambda result: result["labels"]["names"].pop(), "must name the 8 classes of its predictions; it names 7"),
    ]:
        with subtests.test(message=message), restored(folder):
            edit_result(folder, edit)
            assert refusal(folder) == f"result '{folder}/result.json' {message}{CUT_OFF}"


def test_counts_that_do_not_add_up(folder: Path) -> None:
    edit_result(folder, lambda result: result["counts"].update(listed=7))
    assert refusal(folder) == (
        f"result of '{folder}' must count every listed video as decoded or dropped; "
        f"7 are listed, 3 decoded, 1 dropped{CUT_OFF}"
    )


def test_another_schema_version(folder: Path) -> None:
    edit_result(folder, lambda result: result.update(schema_version=99))
    assert refusal(folder) == (
        f"result '{folder}/result.json' must have schema version {SCHEMA_VERSION}; got 99\n\n"
        "hint: read it with the version of i3d-edge that wrote it, or run again"
    )


def test_no_run_at_all(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no") == (
        f"result '{tmp_path}/no/result.json' must be a file; got No such file or directory\n\n"
        "hint: give the folder that `i3d accuracy run` wrote"
    )


def test_a_run_that_was_killed(folder: Path) -> None:
    (folder / "result.json").unlink()
    (folder / "run.json").write_text("{}")
    assert refusal(folder) == (
        f"run '{folder}' must be finished; it has no result.json yet\n\n"
        "hint: the same `i3d accuracy run` command goes on where it stopped"
    )


def test_a_result_that_is_not_json(folder: Path) -> None:
    (folder / "result.json").write_text("{")
    assert refusal(folder).startswith(f"result '{folder}/result.json' must be JSON; got Expecting property name")
    (folder / "result.json").write_text("[]")
    assert f"must have schema version {SCHEMA_VERSION}; got None" in refusal(folder)


def test_no_predictions(folder: Path) -> None:
    (folder / "predictions.jsonl").unlink()
    assert refusal(folder) == (
        f"predictions '{folder}/predictions.jsonl' must be a file; got No such file or directory\n\n"
        "hint: they lie beside result.json, and nothing recomputes without them"
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
                f"predictions '{hashed}/predictions.jsonl' must have the same videos, views and labels throughout; "
                f"'{name}' differs between 'result.json' and 'm'{CUT_OFF}"
            )


def test_nothing_to_score(tmp_path: Path) -> None:
    made = write_run(tmp_path, Run({"m": videos_of("+")}))
    edit_rows(made, lambda rows: rows[0].update(label=None))
    edit_result(made, lambda result: result["counts"].update(scored=0, unlabelled=1))
    forget_hash(made)
    assert refusal(made) == f"run '{tmp_path}' must have videos with labels to score; it has none"


def test_what_a_run_writes_is_what_is_read(tmp_path: Path) -> None:
    """A real run, of a model that guesses, on videos of which one has no label and one is damaged."""
    labels = LabelSet("letters", tuple(NAMES))
    spec = i3d_spec(labels=labels, num_frames=9, layout="NDCHW", input_type="u8", has_preprocessing=True)
    files = [write_numbered(tmp_path / f"{number}.mp4", 20 + 4 * number) for number in range(4)]
    files[2].write_text("no video")
    videos = [ListedVideo(file.name, file, label) for file, label in zip(files, ("a", "b", "c", None), strict=True)]
    rng = np.random.default_rng(0)
    scorers = {name: Scorer(INFO, lambda _clip: rng.dirichlet(np.ones(8))) for name in ("fp32", "int8")}  # type: ignore[arg-type]
    result = run_accuracy(videos, scorers, spec, tmp_path / "out", list_path=tmp_path / "list.csv", num_clips=3)
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
        f"predictions '{hashed}/predictions.jsonl' must have each view once, and as many of them as result.json says; "
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
