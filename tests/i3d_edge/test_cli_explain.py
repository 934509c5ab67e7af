"""What explains answers, and what finds alike videos, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from pages import Page
from small import write_small_ir
from synthetic import write_video

from i3d_edge.cli import main
from i3d_edge.runtime.frames.video import Video


def i3d(*args: object) -> Result:
    return CliRunner().invoke(main, [*map(str, args)], catch_exceptions=False)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_ir(tmp_path_factory.mktemp("small") / "m.xml")


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A folder of a video of noise, its copy at half the size, one that darkens, and a file that is none."""
    folder, random = tmp_path / "videos", np.random.default_rng(0)
    folder.mkdir()
    noise = [np.kron(random.integers(0, 256, (4, 4, 3), np.uint8), np.ones((32, 32, 1), np.uint8)) for _ in range(20)]
    write_video(folder / "a.mp4", noise)
    write_video(folder / "copy.mp4", [frame[::2, ::2] for frame in noise])
    write_video(folder / "dark.mp4", [np.full((64, 96, 3), 8 * number, np.uint8) for number in range(20)])
    return folder


def pictures(film: Path) -> list[np.ndarray]:
    opened = Video.open(film)
    return [picture.astype(int) for _, picture in opened.frames(range(opened.timeline.num_frames))]


def test_an_explanation_is_drawn_and_written(model: Path, videos: Path, tmp_path: Path) -> None:
    plain, out = tmp_path / "plain.mp4", tmp_path / "out"
    assert i3d("classify", videos / "a.mp4", "--model", model, "--annotate", plain).exit_code == 0
    outputs = ["--annotate", out / "a.mp4", "--html", out / "a.html", "--maps", out / "a.npy"]
    result = i3d("classify", videos / "a.mp4", "--model", model, "--explain", "--json", *outputs)
    assert result.exit_code == 0, result.output
    best = json.loads(result.stdout)["videos"][0]["predictions"][0]["label"]
    text = Page((out / "a.html").read_text(encoding="utf-8")).text
    assert f"Where the network saw “{best}”" in text
    assert np.load(out / "a.npy").shape == (1, 4, 4, 4)
    assert json.loads((out / "a.json").read_text())["label"] == best
    # The clip is the 9 frames from the sixth on; nothing is drawn on the others but the legend.
    changes = [
        np.abs(one - other)[:240].mean() for one, other in zip(pictures(plain), pictures(out / "a.mp4"), strict=True)
    ]
    assert min(changes[6:13]) > 3 * max(*changes[:4], *changes[16:])


def test_another_class_is_explained(model: Path, videos: Path, tmp_path: Path) -> None:
    for label in "abc":
        output = tmp_path / f"{label}.npy"
        assert (
            i3d("classify", videos / "a.mp4", "--model", model, "--explain-class", label, "--maps", output).exit_code
            == 0
        )
        assert json.loads(output.with_suffix(".json").read_text())["label"] == label
    result = i3d("classify", videos / "a.mp4", "--model", model, "--explain-class", "z", "--maps", tmp_path / "z.npy")
    assert result.exit_code != 0
    assert "label 'z' is not among" in result.stderr
    assert not (tmp_path / "z.npy").exists()


def test_videos_side_by_side(model: Path, videos: Path, tmp_path: Path) -> None:
    (videos / "none.mp4").write_text("no video")
    result = i3d("classify", videos, "--model", model, "--html", tmp_path / "out", "--by-likeness")
    assert result.exit_code == 1
    page = Page((tmp_path / "out" / "index.html").read_text(encoding="utf-8"))
    links = [attributes["href"] for name, attributes in page.elements if name == "a"]
    assert sorted(links) == ["a.html", "copy.html", "dark.html"]
    assert abs(links.index("a.html") - links.index("copy.html")) == 1
    assert page.text.count("near-duplicate:") >= 2
    assert page.count("img") == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--explain"], "--explain needs --annotate, --html or --maps"),
        (["--by-likeness"], "--by-likeness needs --html with a folder"),
        (["--by-likeness", "--html", "a.html"], "--by-likeness needs --html with a folder"),
        (["--maps", "a.txt"], "--maps needs a file that ends in .npy, or a folder; got 'a.txt'"),
    ],
)
def test_options_that_lack_another(options: list[str], message: str) -> None:
    result = i3d("classify", "a.mp4", "--model", "m.xml", *options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_video_called_index(model: Path, videos: Path, tmp_path: Path) -> None:
    (videos / "a.mp4").rename(videos / "index.mp4")
    result = i3d("classify", videos, "--model", model, "--html", tmp_path / "out", "--by-likeness")
    assert result.exit_code == 2
    assert "index.html' is another output: choose another name" in result.stderr


def test_near_duplicates_of_a_subset_are_named(model: Path, videos: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("path,label\na.mp4,a\ncopy.mp4,b\ndark.mp4,c\n")
    command = ["accuracy", "subset", listed, "--videos", videos, "-o", tmp_path / "m.json", "--near-duplicates"]
    result = i3d(*command, "--model", model)
    assert result.exit_code == 0, result.output
    named = [line.split(" (")[0] for line in result.stderr.splitlines() if line.startswith("near-duplicates")]
    assert named[0] == "near-duplicates: a.mp4 and copy.mp4"
    assert "--near-duplicates needs --model" in i3d(*command, "--force").stderr
