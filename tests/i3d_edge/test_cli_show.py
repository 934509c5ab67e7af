"""--annotate and --html of `i3d classify`, as a user runs them."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import click
import cv2
import numpy as np
import pytest
from answers import LABELS, answer, view
from click.testing import CliRunner, Result
from synthetic import write_numbered

from i3d_edge import runtime
from i3d_edge.cli import main
from i3d_edge.cli._show import targets
from i3d_edge.core.errors import VideoDecodeError, VideoError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.runtime.frames.sources import Source
from i3d_edge.runtime.frames.video import Video
from i3d_edge.runtime.inference import ir, placement
from i3d_edge.runtime.prediction import Classification
from i3d_edge.runtime.show import page

VIDEOS = ["a/one.avi", "b/two.mp4"]


def classify(*args: object) -> Result:
    return CliRunner().invoke(main, ["classify", *map(str, args)], catch_exceptions=False)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_numbered(tmp_path / "video.mp4", 30)


def test_everything_at_once(ir_path: Path, video: Path, tmp_path: Path) -> None:
    film, page = tmp_path / "shown.mp4", tmp_path / "shown.html"
    outputs = ["--annotate", film, "--html", page]
    result = classify(video, "--model", ir_path, "--num-clips", 2, "-k", 3, "--jsonl", *outputs)
    assert result.exit_code == 0, result.output
    assert result.stderr.endswith(f"wrote {film}: 640 x 624\nwrote {page}\n")
    assert Video.open(film).timeline.num_frames == 30
    assert len(json.loads(result.stdout)["predictions"]) == 3


class FakeClassifier:
    """Says the same of every file that is a video."""

    spec = i3d_spec(labels=LABELS)
    device, precision, flow = "CPU", "f32", None

    engine = SimpleNamespace(device="CPU", precision="f32", ran_on=lambda: ("CPU",))

    def __init__(self, *_args: object, **_options: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None: ...

    def classify_all(
        self, sources: Iterable[Source], *_views: object, **_options: object
    ) -> Iterator[Classification | VideoError]:
        for source in sources:
            try:
                source.open()
            except VideoError as error:
                yield error
            else:
                yield answer(1.2, view(0, 1.2, 0.9))


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a model that need not be there."""
    command = importlib.import_module("i3d_edge.cli.classify")
    for name in ("note_engine", "engine_fields"):
        monkeypatch.setattr(command, name, lambda *_args: {})
    monkeypatch.setattr(ir, "read_ir", lambda *_args, **_options: (None, FakeClassifier.spec))
    monkeypatch.setattr(placement, "end_notes", lambda _engine: [])
    monkeypatch.setattr(runtime, "VideoClassifier", FakeClassifier)
    return "none.xml"


def test_several_videos_go_into_a_folder_and_a_bad_one_stops_nothing(
    no_model: str, video: Path, tmp_path: Path
) -> None:
    other = shutil.copy(video, tmp_path / "other.mkv.mp4")
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    folder = tmp_path / "shown"
    result = classify(video, broken, other, "--model", no_model, "--html", folder)
    assert result.exit_code == 1
    assert sorted(path.name for path in folder.iterdir()) == ["other.mkv.html", "video.html"]


@pytest.mark.parametrize("option", ["--annotate", "--html"])
def test_what_exists_is_refused_before_the_model_is_loaded(video: Path, tmp_path: Path, option: str) -> None:
    output = tmp_path / {"--annotate": "out.mp4", "--html": "out.html"}[option]
    output.write_text("precious")
    result = classify(video, "--model", tmp_path / "none.xml", option, output)
    assert result.exit_code == 1
    assert result.stderr == (
        f"OutputError: output '{output}' exists already\n\nhint: choose another name, or pass --force to replace it\n"
    )
    assert output.read_text() == "precious"


def test_a_video_is_never_its_own_output(no_model: str, video: Path, tmp_path: Path) -> None:
    for target in (video, tmp_path):
        result = classify(video, "--model", no_model, "--annotate", target, "--force")
        assert result.exit_code == 2
        assert f"output '{video}' is one of the videos: choose another name" in result.stderr


def test_one_that_can_be_classified_and_not_shown(
    no_model: str, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise VideoDecodeError("video 'x' must decode; it does not")

    monkeypatch.setattr(page, "write_page", fail)
    result = classify(video, "--model", no_model, "--html", tmp_path / "out.html")
    assert result.exit_code == 1
    assert result.stdout.startswith(str(video))
    assert result.stderr.endswith(
        f"{video}: classified, but not shown\nVideoDecodeError: video 'x' must decode; it does not\n"
    )


def test_a_folder_of_videos_goes_into_a_folder(no_model: str, video: Path, tmp_path: Path) -> None:
    (tmp_path / "in" / "below").mkdir(parents=True)
    shutil.copy(video, tmp_path / "in" / "one.mp4")
    shutil.copy(video, tmp_path / "in" / "below" / "two.mp4")
    result = classify(tmp_path / "in", "--model", no_model, "--annotate", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["one.mp4", "two.mp4"]


def test_standard_input_and_images_can_be_shown_too(no_model: str, video: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for number in range(3):
        cv2.imwrite(str(images / f"image_{number:05}.png"), np.zeros((120, 160, 3), np.uint8))
    command = ["classify", "-", images, "--frames-fps", "10", "--model", no_model]
    command += ["--annotate", tmp_path / "out", "--html", tmp_path / "out"]
    result = CliRunner().invoke(main, [str(word) for word in command], input=video.read_bytes(), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert Video.open(tmp_path / "out" / "standard-input.mp4").timeline.num_frames == 30
    assert Video.open(tmp_path / "out" / "images.mp4").timeline.mean_fps == 10
    assert (tmp_path / "out" / "images.html").exists()


@pytest.mark.parametrize(
    ("target", "videos", "expected"),
    [
        ("out.mp4", VIDEOS[:1], ["out.mp4"]),
        ("out.MKV", VIDEOS[:1], ["out.MKV"]),
        ("out", VIDEOS[:1], ["out/one.mp4"]),
        ("out", VIDEOS, ["out/one.mp4", "out/two.mp4"]),
    ],
)
def test_where_outputs_go(target: str, videos: list[str], expected: list[str]) -> None:
    assert targets("--annotate", Path(target), videos, (".mp4", ".mkv")) == [Path(name) for name in expected]


def test_a_folder_that_is_there_may_have_a_dot(tmp_path: Path) -> None:
    folder = tmp_path / "v1.2"
    folder.mkdir()
    assert targets("--html", folder, VIDEOS, (".html",)) == [folder / "one.html", folder / "two.html"]


@pytest.mark.parametrize(
    ("target", "videos", "message"),
    [
        (
            "out.mp4",
            VIDEOS,
            "--annotate 'out.mp4' is one file, and there are 2 videos: name a folder instead, for example 'out'",
        ),
        ("out.avi", VIDEOS, "--annotate needs a file that ends in .mp4 or .mkv, or a folder; got 'out.avi'"),
        (
            "out",
            ["a/x.avi", "b/x.mp4"],
            "--annotate would write 'out/x.mp4' for both 'a/x.avi' and 'b/x.mp4': "
            "classify them separately, into two folders",
        ),
    ],
    ids=["several", "ending", "alike"],
)
def test_where_outputs_cannot_go(target: str, videos: list[str], message: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        targets("--annotate", Path(target), videos, (".mp4", ".mkv"))
    assert caught.value.message == message
