"""Learning a head: sources, folds, fitting, the threshold; and from folders of videos to an IR that commands take."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from synthetic import write_video
from tiny import write_tiny_ir

from i3d_edge import VideoClassifier, learn_ir
from i3d_edge.accuracy.data.dataset import ListedVideo, ListOptions
from i3d_edge.accuracy.learn.fitting import learn, least_sure, left_out
from i3d_edge.accuracy.learn.sources import sources_of
from i3d_edge.cli import main
from i3d_edge.core.errors import IRError, ListError, OutputError
from i3d_edge.core.numbers import softmax
from i3d_edge.runtime import read_ir


def listed(path: str, label: str = "a", source: str | None = None) -> ListedVideo:
    return ListedVideo(path, Path(path), label, source=source)


@pytest.mark.parametrize(
    ("name", "source", "how"),
    [
        ("v_Archery_g01_c02.avi", "Archery_g01", "UCF101's groups"),
        ("v_Archery_g01_c02_small.webm", "Archery_g01", "UCF101's groups"),
        ("Me_and_You_kick_ball_f_nm_np1_fr_bad_0.avi", "Me_and_You_kick", "HMDB51's recordings"),
        ("-6dz6tBH77I_000010_000020.mp4", "-6dz6tBH77I", "YouTube's ids"),
        ("v_-6dz6tBH77I_3_13.mp4", "-6dz6tBH77I", "YouTube's ids"),
        ("-6dz6tBH77I_000030.mp4", "-6dz6tBH77I", "YouTube's ids"),
        ("bench_press_1.mp4", "df7e70e5021544f4834bbee64a9e3789febc4be81470df629cad6ddb03320a5c", "its bytes"),
    ],
)
def test_the_source_of_a_video(name: str, source: str, how: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"B")
    (tmp_path / "other.mp4").write_bytes(b"C")
    videos = [listed(str(tmp_path / name)), listed(str(tmp_path / "other.mp4"))]
    others = [listed("c", "b", "3"), listed("d", "b", "4")]
    sources, said = sources_of([*videos, *others])
    assert (sources[0], sources[2:]) == (source, ["3", "4"])
    assert how in said
    assert sources_of([listed("a", source="1"), listed("b", source="2"), *others]) == (
        ["1", "2", "3", "4"],
        "4 videos by the column 'source'",
    )


@pytest.mark.parametrize(
    ("videos", "message"),
    [
        ([], "no video has a class"),
        ([("a", "1"), ("a", "2")], "all videos are of one class: 'a'"),
        (
            [("a", "1"), ("a", "2"), ("b", "3"), ("b", "3")],
            "1 of 2 classes have videos of one source only, so nothing can tell how well they are learned: 'b'",
        ),
    ],
)
def test_classes_that_cannot_be_measured(videos: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(ListError) as caught:
        sources_of([listed("v", label, source) for label, source in videos])
    assert caught.value.message == message


@pytest.mark.parametrize(("num_folds", "expected"), [(3, 3), (5, 5), (6, 6), (99, 6)])
def test_no_source_is_on_both_sides_of_a_fold(num_folds: int, expected: int) -> None:
    labels, sources = np.array([0, 0, 0, 1, 1, 2, 2, 2]), np.array(list("aabcdeff"))
    folds = list(left_out(labels, sources, num_folds))
    assert len(folds) == expected
    assert (np.sum(folds, axis=0) == 1).all()
    for out in folds:
        assert not set(sources[out]) & set(sources[~out])
        assert set(labels[~out]) == {0, 1, 2}


@pytest.mark.parametrize("num_classes", [2, 4])
def test_classes_that_features_tell_apart_are_learned(num_classes: int) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(num_classes), 5)
    features = (np.eye(num_classes, 30)[labels] + rng.normal(0, 0.05, (len(labels), 30)) + 7).astype(np.float32)
    learned = learn(features, labels, np.arange(len(labels)).astype(str))
    assert learned.num_folds == len(labels)
    assert learned.weights.shape == (num_classes, 30)
    for probs in (learned.unseen, softmax(features @ learned.weights.T + learned.bias)):
        assert (probs.argmax(axis=1) == labels).all()
        assert probs.sum(axis=1) == pytest.approx(np.ones(len(labels)))
        assert probs.max(axis=1).mean() > 0.9


def test_features_that_are_all_the_same_tell_nothing() -> None:
    labels = np.array([0, 0, 1, 1])
    learned = learn(np.ones((4, 3)), labels, np.array(["a", "b", "c", "d"]))
    assert not learned.weights.any()
    assert learned.unseen[np.arange(4), labels] == pytest.approx(1 / 3, abs=0.01)


def test_features_that_tell_sources_apart_and_no_class_are_not_rewarded() -> None:
    rng = np.random.default_rng(1)
    sources = np.repeat(np.arange(16), 3)
    labels = sources % 2
    features = rng.normal(0, 1, (16, 40))[sources] + rng.normal(0, 0.01, (48, 40))
    learned = learn(features, labels, sources.astype(str))
    unseen = learned.unseen
    assert (unseen.argmax(axis=1) == labels).mean() < 0.75
    # What a clip's sisters say of it is no evidence, and nothing is sure of itself.
    assert np.log(unseen[np.arange(48), labels]).mean() > 1.3 * np.log(0.5)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([(0.9, True), (0.6, True), (0.5, False), (0.4, True), (0.3, False), (0.2, False)], 0.4),
        ([(0.9, True), (0.8, True)], 0.8),
        ([(0.9, True), (0.8, False), (0.7, False)], 0.9),
        ([(0.9, False), (0.8, True)], None),
        ([(0.9, False)], None),
    ],
)
def test_the_probability_below_which_none_of_these_is_better(
    answers: list[tuple[float, bool]], expected: float | None
) -> None:
    confidences, are_right = map(np.array, zip(*answers, strict=True))
    assert least_sure(confidences, are_right) == expected


SHADES = {"brick": (200, 40, 40), "grass": (40, 200, 40), "sky": (40, 40, 200)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four videos each of three classes that the model does not know, of shades that differ a little."""
    root = tmp_path_factory.mktemp("classes")
    for label, colour in SHADES.items():
        (root / label).mkdir()
        for number in range(4):
            shade = np.clip(np.array(colour) + 8 * number - 12, 0, 255).astype(np.uint8)
            write_video(root / label / f"{number}.mp4", [np.full((48, 64, 3), shade)] * 12)
    return root


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_ir(tmp_path_factory.mktemp("model") / "net.xml", sees_time=True)


def test_from_folders_of_videos_to_a_model_that_commands_take(folder: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine.xml"
    (folder / "sky" / "broken.mp4").write_bytes(b"no video")
    try:
        result = CliRunner().invoke(main, ["learn", str(folder), "--model", str(model), "-o", str(output)])
    finally:
        (folder / "sky" / "broken.mp4").unlink()
    assert result.exit_code == 0, result.output
    assert "12 videos, 12 sources, 3 classes" in result.stdout
    assert "100.0 % (12/12; 95 % interval 75.8 .. 100.0 %), each of 12 folds leaving out one source" in result.stdout
    assert "skipped sky/broken.mp4" in result.stderr

    _, spec = read_ir(output)
    assert spec.labels.names == ("brick", "grass", "sky")
    assert spec.fingerprint is None
    assert spec.frozen_graph_sha256 is None
    assert "scikit-learn" in spec.made_with
    assert spec.none_below is not None

    card = json.loads(output.with_suffix(".json").read_text())
    assert card["schema_version"] == 1
    assert card["none_below"] == spec.none_below
    assert card["before"] is None
    assert list(card["skipped"]) == ["sky/broken.mp4"]
    assert {(video["label"], video["answer"]) for video in card["videos"]} == {(name, name) for name in SHADES}
    text = output.with_suffix(".md").read_text()
    assert text.startswith("# How mine.xml was learned\n")
    assert "| grass   | 4        | 4         | 4" in text

    grey = write_video(tmp_path / "grey.mp4", [np.full((48, 64, 3), 120, np.uint8)] * 12)
    with VideoClassifier(output) as classifier:
        known = classifier.classify(folder / "grass" / "1.mp4")
        strange = classifier.classify(grey)
    assert (known.predictions[0].label, known.none_of_these) == ("grass", False)
    assert strange.to_fields()["none_of_these"] is strange.none_of_these is True
    shown = CliRunner().invoke(main, ["classify", str(grey), "--model", str(output)])
    assert "none of these" in shown.stdout
    watched = CliRunner().invoke(main, ["stream", str(grey), "--model", str(output)])
    assert "below, this model's answer is none of these" in watched.stderr
    assert "none of these  below" in CliRunner().invoke(main, ["info", str(output)]).stdout


def test_a_list_with_sources_and_the_models_own_classes(folder: Path, model: Path, tmp_path: Path) -> None:
    rows = ["path,label,source"]
    rows += [
        f"{path}/{number}.mp4,{label},{number // 2}"
        for path, label in zip(SHADES, ("red", "green", "blue"), strict=True)
        for number in range(4)
    ]
    (tmp_path / "list.csv").write_text("\n".join(rows))
    card = learn_ir(tmp_path / "list.csv", model, tmp_path / "m", reading=ListOptions(root=folder))
    assert (card["num_folds"], card["sources"]) == (2, "12 videos by the column 'source'")
    assert card["before"] is not None
    assert read_ir(tmp_path / "m.xml")[1].labels.names == ("blue", "green", "red")


def test_what_cannot_be_learned_from(folder: Path, model: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    (tmp_path / "mine.md").write_text("notes")
    with subtests.test("a card that is in the way"), pytest.raises(OutputError):
        learn_ir(folder, model, tmp_path / "mine.xml")
    with subtests.test("a network without such a head"), pytest.raises(IRError):
        learn_ir(folder, write_tiny_ir(tmp_path / "flat.xml"), tmp_path / "other.xml")
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    for video in (broken / "sky").iterdir():
        video.write_bytes(video.name.encode())
    with subtests.test("a class of which no video can be read"), pytest.raises(ListError, match="read of 'sky': "):
        learn_ir(broken, model, tmp_path / "other.xml")
    assert not (tmp_path / "other.xml").exists()
