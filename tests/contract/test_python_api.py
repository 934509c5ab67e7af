"""Each command's function, called as the page on Python says."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthetic import write_numbered

import i3d_edge

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "python.md"


@pytest.fixture(scope="module")
def model(ir_path: Path) -> str:
    return str(ir_path)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for number, label in enumerate(("archery", "yoga")):
        (folder / label).mkdir()
        write_numbered(folder / label / "0.mp4", 12 + number)
    return folder


def test_every_public_name_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in i3d_edge.__all__ if name not in text] == []


def test_stages_and_speed(model: str) -> None:
    [step] = i3d_edge.compare_stages([model, f"{model}@f32"])
    assert step.agrees
    timings = i3d_edge.bench_models([model], rounds=2)
    assert timings[model].percentile_ms(50) > 0


def test_videos(model: str, videos: Path) -> None:
    (videos / "archery" / "1.mp4").write_text("no video")
    answers = dict(i3d_edge.classify_videos([videos / "archery"], model, i3d_edge.ViewOptions(num_clips=2), k=1))
    assert [type(answer).__name__ for answer in answers.values()] == ["Classification", "VideoOpenError"]
    (videos / "archery" / "1.mp4").unlink()


def test_features(model: str, videos: Path, tmp_path: Path) -> None:
    with i3d_edge.FeatureExtractor([model], i3d_edge.FeatureOptions(stride=2)) as extractor:
        [(name, found)] = extractor.write([videos / "archery"], tmp_path)
        assert (name, found.values.shape) == (str(videos / "archery" / "0.mp4"), (2, 1024))
        assert list(extractor.write([videos / "archery"], tmp_path)) == [(name, None)]


def test_stream(model: str, videos: Path) -> None:
    options = i3d_edge.StreamOptions(hop=2)
    answers = list(i3d_edge.open_stream(str(videos / "yoga" / "0.mp4"), model, options))
    assert [type(answer).__name__ for answer in answers] == ["WindowAnswer"] * len(answers)
    assert answers


def test_accuracy_from_run_to_report(model: str, videos: Path, tmp_path: Path) -> None:
    from i3d_edge.accuracy.gate.baseline import make_baseline, write_baseline
    from i3d_edge.accuracy.result.recorded_run import read_run

    said: list[str] = []
    result = i3d_edge.run_accuracy(str(videos), [model], str(tmp_path / "run"), say=said.append)
    assert result["counts"]["scored"] == 2
    assert i3d_edge.run_accuracy(videos, [model], tmp_path / "run", say=said.append)["is_complete"]
    assert said == ["already complete: all 2 videos are done; --force runs them again"]
    write_baseline(tmp_path / "baseline.json", make_baseline(read_run(tmp_path / "run"), Path(model).stem))
    report = i3d_edge.compare_run(tmp_path / "baseline.json", f"{tmp_path / 'run'}:{Path(model).stem}")
    assert report.verdict.value == "passed"
    i3d_edge.write_report([str(tmp_path / "run")], tmp_path / "report.html")
    assert "<svg" in (tmp_path / "report.html").read_text(encoding="utf-8")
