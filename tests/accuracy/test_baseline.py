import json
from pathlib import Path

import pytest
from runs import NAMES, PROTOCOL, Run, Video, sure, videos_of, write_run

from i3d_edge.accuracy.gate.baseline import (
    answers,
    make_baseline,
    pick_model,
    read_baseline,
    write_baseline,
)
from i3d_edge.accuracy.result.recorded_run import read_run
from i3d_edge.core.errors import ComparisonError, OutputError, ResultError
from i3d_edge.core.labels import hash_names

HINT = "\n\nhint: make it anew with `i3d accuracy baseline`"


def write(tmp_path: Path, run: Run, model: str = "m") -> Path:
    made = make_baseline(read_run(write_run(tmp_path / "run", run)), model)
    write_baseline(tmp_path / "b.json", made)
    return tmp_path / "b.json"


def test_what_it_keeps(tmp_path: Path) -> None:
    videos = [
        Video("b.mp4", 3, [[0.05, 0.1, 0.2, 0.4, 0.15, 0.04, 0.03, 0.03]], sha256="bb"),
        Video("a.mp4", 1, [sure(0, 0.9), sure(0, 0.8)], sha256="aa"),
        Video("c.mp4", None, [sure(0)], sha256="cc"),
    ]
    path = write(tmp_path, Run({"m": videos}, dropped=["d.mp4"]))
    document = json.loads(path.read_text())
    assert document["videos"] == [
        {
            "video": "sha256:aa",
            "path": "a.mp4",
            "label": 1,
            "top5": [0, 1, 2, 3, 4],
            "probs": [0.85, 0.0214286, 0.0214286, 0.0214286, 0.0214286],
        },
        {
            "video": "sha256:bb",
            "path": "b.mp4",
            "label": 3,
            "top5": [3, 2, 4, 1, 0],
            "probs": [0.4, 0.2, 0.15, 0.1, 0.05],
        },
    ]
    assert document["labels"] == {"name": "letters", "num_classes": 8, "sha256": hash_names(NAMES)}
    assert (document["num_listed"], document["left_out"]) == (4, ["d.mp4"])
    assert document["what"]["path"] == "m.xml"  # no folders of the machine it was made on
    assert read_baseline(path) == document


def test_a_video_is_a_line(tmp_path: Path) -> None:
    lines = write(tmp_path, Run({"m": videos_of("+-+")})).read_text().splitlines()
    assert [line.partition(",")[0] for line in lines[-5:-2]] == [
        f'    {{"video": "{number:04d}.mp4"' for number in range(3)
    ]


def test_it_is_small_enough_to_commit(tmp_path: Path) -> None:
    views = [[0.123456, *[0.876544 / 399] * 399]]
    videos = [Video(f"{number}.mp4", number, views, sha256=f"{number:064d}") for number in range(400)]
    path = write(tmp_path, Run({"m": videos}, names=[f"class {number}" for number in range(400)]))
    assert path.stat().st_size < 100_000


def test_the_order_of_the_run_does_not_show(tmp_path: Path) -> None:
    videos = videos_of("+-+-")
    one = write(tmp_path / "one", Run({"m": videos}))
    other = write(tmp_path / "other", Run({"m": videos[::-1]}))
    assert one.read_bytes() == other.read_bytes()


def test_fewer_classes_than_five(tmp_path: Path) -> None:
    path = write(tmp_path, Run({"m": [Video("a.mp4", 0, [[0.25, 0.75]])]}, names=("a", "b")))
    assert read_baseline(path)["videos"][0]["top5"] == [1, 0]


def test_which_model(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path / "r", Run({"fp32": videos_of("+"), "int8": videos_of("-")})))
    assert pick_model(run, "int8") == "int8"
    with pytest.raises(ComparisonError) as caught:
        pick_model(run, None)
    assert str(caught.value) == (
        f"run '{tmp_path}/r' has several models: 'fp32', 'int8'\n\nhint: write {tmp_path}/r:fp32"
    )
    with pytest.raises(ComparisonError) as caught:
        pick_model(run, "int4")
    assert str(caught.value) == f"no model 'int4' in run '{tmp_path}/r'; available: 'fp32', 'int8'"
    assert pick_model(read_run(write_run(tmp_path / "s", Run({"only": videos_of("+")}))), None) == "only"


def test_the_same_file_twice(tmp_path: Path) -> None:
    videos = [Video("a.mp4", 0, [sure(0)], sha256="aa"), Video("b.mp4", 0, [sure(0)], sha256="aa")]
    run = read_run(write_run(tmp_path, Run({"m": videos})))
    with pytest.raises(ComparisonError) as caught:
        answers(run, "m")
    assert str(caught.value) == (
        f"run '{tmp_path}' has a video twice: 'a.mp4' and 'b.mp4' are the same file\n\n"
        "hint: take one of them off the list"
    )


def test_the_last_video_where_the_protocol_does_not_count_it(tmp_path: Path) -> None:
    """The last one with a label, in the order of the list or of names."""
    videos = [Video(name, label, [sure(0)], name * 2) for name, label in (("c", 0), ("b", 0), ("a", 0), ("d", None))]
    for rule, counted, left_out in [(True, ["b", "c"], "a"), ("by name", ["a", "b"], "c")]:
        run = Run({"m": videos}, protocol={**PROTOCOL, "drops_last_video": rule}, dropped=["e"])
        made = read_baseline(write(tmp_path / str(rule), run))
        assert [video["path"] for video in made["videos"]] == counted
        assert made["left_out"] == ["e", left_out]


def test_a_run_of_which_the_protocol_counts_nothing(tmp_path: Path) -> None:
    run = Run({"m": videos_of("+")}, protocol={**PROTOCOL, "drops_last_video": True})
    with pytest.raises(ComparisonError) as caught:
        answers(read_run(write_run(tmp_path, run)), "m")
    assert str(caught.value) == (
        f"run '{tmp_path}' has no videos with labels besides the last, which its protocol does not count"
    )


def test_an_interrupted_run(tmp_path: Path) -> None:
    made = write_run(tmp_path, Run({"m": videos_of("++")}, dropped=["x"], overrides={"is_complete": False}))
    result = json.loads((made / "result.json").read_text())
    result["counts"]["listed"] = 9
    (made / "result.json").write_text(json.dumps(result))
    with pytest.raises(ComparisonError) as caught:
        make_baseline(read_run(made), "m")
    assert str(caught.value) == (
        f"run '{tmp_path}' is not complete: it was interrupted after 3 of 9 videos\n\n"
        "hint: the same `i3d accuracy run` command continues it"
    )


def test_an_existing_one_is_kept(tmp_path: Path) -> None:
    run = Run({"m": videos_of("+")})
    write(tmp_path, run)
    with pytest.raises(OutputError, match="exists already"):
        write(tmp_path, run)


def test_what_is_no_baseline(tmp_path: Path, subtests: pytest.Subtests) -> None:
    path = write(tmp_path, Run({"m": videos_of("+-")}))
    whole = path.read_text()
    for edit, message in [
        (lambda document: document.pop("kind"), "is damaged: missing field 'kind'"),
        (lambda document: document.update(schema_version=1), "has version 1; this program reads version 2"),
        (lambda document: document["labels"].pop("sha256"), "is damaged: labels: missing field 'sha256'"),
        (lambda document: document.update(model=None), "is damaged: model: expected str, got null"),
        (lambda document: document.update(left_out=[3]), "is damaged: left_out[0]: expected str, got int"),
        (lambda document: document.update(videos=[]), "is damaged: videos: expected array of length >= 1"),
        (
            lambda document: document["videos"][1].update(label=8),
            "is damaged: videos[1]: class 8, but there are only 8",
        ),
        (
            lambda document: document["videos"][1].update(video="0000.mp4"),
            "is damaged: videos[1]: '0000.mp4' is listed twice",
        ),
        (
            lambda document: document["videos"][1].update(top5=[0, 1]),
            "is damaged: videos[1]: 2 classes, but 5 probabilities",
        ),
        (
            lambda document: document["videos"][1].update(probs=[-1]),
            "is damaged: videos[1].probs[0]: expected float >= 0.0",
        ),
    ]:
        with subtests.test(message=message):
            document = json.loads(whole)
            edit(document)
            path.write_text(json.dumps(document))
            with pytest.raises(ResultError) as caught:
                read_baseline(path)
            assert str(caught.value) == f"baseline '{path}' {message}{HINT}"


def test_absent_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ResultError) as caught:
        read_baseline(tmp_path / "no.json")
    assert str(caught.value) == f"cannot read baseline '{tmp_path}/no.json': No such file or directory{HINT}"
    with pytest.raises(ResultError, match="is a folder, not a file"):
        read_baseline(tmp_path)
