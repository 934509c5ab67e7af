import json
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from broken import BREAKS, listed_name
from synthetic import write_numbered

from i3d_edge.accuracy.data.dataset import ListedVideo
from i3d_edge.accuracy.report.text import format_result
from i3d_edge.accuracy.run.protocol import spread
from i3d_edge.accuracy.run.runner import Scorer, score_videos
from i3d_edge.core.errors import ListError, NotFiniteError, OutputError, ResultError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime import Clip

SPEC = i3d_spec(
    labels=LabelSet("six", tuple("abcdef")), num_frames=9, layout="NDCHW", input_type="u8", has_preprocessing=True
)
INFO = {
    "kind": "ir",
    "path": "m.xml",
    "sha256": "0",
    "weights_sha256": None,
    "frozen_graph_sha256": None,
    "origin": "unknown",
    "fingerprint": None,
    "weights_precision": "FP32",
    "executed_precision": "f32",
    "device": "CPU",
}


def by_start(clip: Clip) -> np.ndarray:
    """A model that says "a" of clips at the start of a video and "b" of later ones, less surely."""
    return np.array([0.9, 0.1, 0, 0, 0, 0] if clip.start_s == 0 else [1 / 3, 2 / 3, 0, 0, 0, 0])


@pytest.fixture
def videos(tmp_path: Path) -> list[ListedVideo]:
    good = write_numbered(tmp_path / "good.mp4", 30)
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    rows = [(good, "a"), (bad, "a"), (tmp_path / "absent.mp4", "b"), (good, None), (good, "b")]
    return [ListedVideo(f"{number}/{file.name}", file, label) for number, (file, label) in enumerate(rows)]


def test_counts_metrics_and_reasons(videos: list[ListedVideo], tmp_path: Path) -> None:
    result = score_videos(
        videos, {"ir": Scorer(INFO, by_start)}, SPEC, tmp_path / "out", list_path=tmp_path / "l.csv", preset=spread(2)
    )
    counts = result["counts"]
    assert (counts["listed"], counts["decoded"], counts["unlabelled"], counts["scored"]) == (5, 3, 1, 2)
    assert [item["path"] for item in counts["dropped"]] == ["1/bad.mp4", "2/absent.mp4"]
    assert counts["dropped"][0]["reason"].startswith("VideoOpenError: cannot open video ")
    metrics = {name: (item["num_correct"], item["num_total"]) for name, item in result["metrics"]["ir"].items()}
    assert metrics == {"clip_top1": (2, 4), "clip_top5": (4, 4), "video_top1": (1, 2), "video_top5": (2, 2)}
    assert result["how"]["num_clips"] == 2
    assert json.loads((tmp_path / "out" / "result.json").read_text()) == result


def test_what_is_broken_is_dropped_and_nothing_else(videos: list[ListedVideo], tmp_path: Path) -> None:
    listed = videos[:1]
    for number, kind in enumerate(("image_link_to_nothing", "image_that_is_a_folder", "name_too_long", "below_a_file")):
        file = tmp_path / listed_name(kind, number).replace("whole", "good")
        BREAKS[kind][1](videos[0].file, file)
        listed.append(ListedVideo(kind, file, "a", frames_fps=Fraction(25)))
    result = score_videos(listed, {"ir": Scorer(INFO, by_start)}, SPEC, tmp_path / "out", list_path=tmp_path / "l.csv")
    assert [video["path"] for video in result["videos"]] == ["0/good.mp4"]
    reasons = {item["path"]: item["reason"] for item in result["counts"]["dropped"]}
    assert list(reasons) == [video.path for video in listed[1:]]
    assert reasons["image_link_to_nothing"] == (
        f"VideoOpenError: cannot read video '{listed[1].file}': no such file or directory: 'image_00003.png'"
    )
    assert reasons["image_that_is_a_folder"] == (
        f"EmptyVideoError: frame folder '{listed[2].file}' holds no numbered images"
    )
    assert reasons["name_too_long"].endswith(": file name too long")


def test_what_prepares_a_model_is_not_inference(videos: list[ListedVideo], tmp_path: Path) -> None:
    prepared = []

    def prepare(clip: Clip) -> None:
        prepared.append(clip.start_s)
        time.sleep(0.2)

    scorer = Scorer(INFO, by_start, prepare)
    spent = score_videos(videos, {"ir": scorer}, SPEC, tmp_path / "out", list_path=tmp_path / "l.csv")["time"]
    assert len(prepared) == 3
    assert spent["prepare_s"] >= 0.6 > 0.2 > spent["infer_s"]["ir"]


def test_short_videos_are_named_in_the_result(tmp_path: Path) -> None:
    video = ListedVideo("short.mp4", write_numbered(tmp_path / "short.mp4", 4), "a")
    result = score_videos([video], {"ir": Scorer(INFO, by_start)}, SPEC, tmp_path / "o", list_path=tmp_path / "l.csv")
    assert result["warnings"] == {"short.mp4": ["shorter than a clip (4 of 9 samples): it repeats from its start"]}


def test_a_file_under_two_names_is_told(tmp_path: Path) -> None:
    file = write_numbered(tmp_path / "a.mp4", 12)
    (tmp_path / "b.mp4").write_bytes(file.read_bytes())
    videos = [ListedVideo(name, tmp_path / name, "a") for name in ("a.mp4", "b.mp4")]
    result = score_videos(videos, {"ir": Scorer(INFO, by_start)}, SPEC, tmp_path / "o", list_path=tmp_path / "l.csv")
    assert result["warnings"] == {"b.mp4": ["the same file as 'a.mp4', so it counts twice"]}
    many = {**result, "warnings": {f"{number}.mp4": ["short", "doubled"] for number in range(5)}}
    lines = format_result(many).splitlines()
    first = lines.index("warnings: 5 of the decoded videos")
    assert lines[first + 1 : first + 5] == [
        "  0.mp4: short; doubled",
        "  1.mp4: short; doubled",
        "  2.mp4: short; doubled",
        "  and 2 more: see result.json",
    ]
    assert "warnings" not in format_result({**result, "warnings": {}})


def test_the_table(videos: list[ListedVideo], tmp_path: Path) -> None:
    scorer = Scorer(INFO, by_start)
    result = score_videos(videos, {"ir": scorer}, SPEC, tmp_path / "out", list_path=tmp_path / "l.csv")
    lines = format_result(result).splitlines()
    assert lines[0].split() == ["model", "metric", "↑", "value", "95", "%", "interval", "count"]
    assert lines[2].split() == ["ir", "clip_top1", "50.0", "%", "9.5", "..", "90.5", "%", "1/2"]
    assert "videos: 5 listed, 3 decoded, 2 scored, 1 without a label, 2 dropped" in lines


def test_nothing_to_score(videos: list[ListedVideo], tmp_path: Path) -> None:
    scorers = {"ir": Scorer(INFO, by_start)}
    with pytest.raises(ListError) as caught:
        score_videos([videos[3]], scorers, SPEC, tmp_path / "a", list_path=Path("l.csv"))
    assert str(caught.value) == "list 'l.csv' has no labels to score: none of its 1 listed videos has one"
    assert not (tmp_path / "a").exists() or list((tmp_path / "a").iterdir()) == []
    with pytest.raises(ListError) as caught:
        score_videos([videos[1], videos[3]], scorers, SPEC, tmp_path / "a", list_path=Path("l.csv"))
    assert str(caught.value) == "list 'l.csv' has no labels to score: none of its decodable videos has one"
    with pytest.raises(ListError) as caught:
        score_videos(videos[1:3], scorers, SPEC, tmp_path / "b", list_path=Path("l.csv"))
    assert caught.value.message.startswith(
        "none of the 2 videos of list 'l.csv' can be decoded; the first: VideoOpenError"
    )
    assert list((tmp_path / "b").iterdir()) == []


def test_an_existing_result_is_kept(videos: list[ListedVideo], tmp_path: Path) -> None:
    scorers = {"ir": Scorer(INFO, by_start)}
    (tmp_path / "result.json").write_text("before")
    with pytest.raises(OutputError, match=r"holds result\.json of an unknown run: there is no run\.json"):
        score_videos(videos, scorers, SPEC, tmp_path, list_path=Path("l.csv"))
    assert (tmp_path / "result.json").read_text() == "before"
    score_videos(videos, scorers, SPEC, tmp_path, list_path=Path("l.csv"), force=True)
    assert (tmp_path / "result.json").read_text() != "before"


def test_a_model_of_other_classes(videos: list[ListedVideo], tmp_path: Path) -> None:
    scorer = Scorer(INFO, lambda _clip: np.full(2, 0.5))
    with pytest.raises(ResultError, match=r"^model 'ir' tells 2 classes apart; [0-9]+ have names$"):
        score_videos(videos, {"ir": scorer}, SPEC, tmp_path, list_path=Path("l.csv"))


def test_a_model_that_gives_no_number(videos: list[ListedVideo], tmp_path: Path) -> None:
    def failing(_clip: Clip) -> np.ndarray:
        raise NotFiniteError("model must give finite probabilities; got NaN", hint="try f32")

    with pytest.raises(NotFiniteError) as caught:
        score_videos(videos, {"ir": Scorer(INFO, failing)}, SPEC, tmp_path, list_path=Path("l.csv"))
    assert str(caught.value) == (
        f"model must give finite probabilities; got NaN; by 'ir' of {videos[0].path!r}\n\nhint: try f32"
    )
