import subprocess
import sys
from pathlib import Path

from synthetic import write_numbered

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name: str, *args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / name), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_classify_video(ir_path: Path, tmp_path: Path) -> None:
    video = write_numbered(tmp_path / "video.mp4", 10)
    lines = run("classify_video.py", ir_path, video).stdout.splitlines()
    assert lines[0] == f"{video}, 0.00 to 0.64 s:"
    assert [float(line.split()[0]) > 0 for line in lines[1:4]] == [True] * 3
    assert lines[4] == "warning: shorter than a clip (10 of 16 samples): it repeats from its start"


def test_stream_camera(ir_path: Path, tmp_path: Path) -> None:
    video = write_numbered(tmp_path / "video.mp4", 60)
    lines = run("stream_camera.py", ir_path, video).stdout.splitlines()
    assert [line.split()[0] for line in lines if " s: " in line] == ["0.64", "1.64"]
    assert lines[-1].startswith("2.4 s of stream in ")


def test_examples_are_short() -> None:
    for path in EXAMPLES.glob("*.py"):
        assert len(path.read_text().splitlines()) <= 30, path.name


def test_the_demo_wants_a_prefix(tmp_path: Path) -> None:
    command = ["sh", str(EXAMPLES / "demo.sh"), str(tmp_path / "demo"), str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr == f"CHECKPOINT must be a prefix: there is no {tmp_path}.index\n"
