import os
import subprocess
import sys
from pathlib import Path

from synthetic import write_numbered
from tiny import write_tiny_ir

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name: str, *args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / name), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_classify_video(tmp_path: Path) -> None:
    video = write_numbered(tmp_path / "video.mp4", 8)
    lines = run("classify_video.py", write_tiny_ir(tmp_path / "tiny.xml"), video).stdout.splitlines()
    assert lines[0] == f"{video}, 0.00 to 0.36 s:"
    assert [float(line.split()[0]) > 0 for line in lines[1:4]] == [True] * 3
    assert lines[4] == "warning: shorter than a clip (8 of 9 samples): it repeats from its start"


def test_stream_camera(ir_path: Path, tmp_path: Path) -> None:
    video = write_numbered(tmp_path / "video.mp4", 60)
    lines = run("stream_camera.py", ir_path, video).stdout.splitlines()
    assert [line.split()[0] for line in lines[:-1] if not line.startswith("{")] == ["0.36", "1.36", "2.36"]
    assert lines[-1].startswith("2.4 s of stream in ")


def test_examples_are_short() -> None:
    for path in EXAMPLES.glob("*.py"):
        assert len(path.read_text().splitlines()) <= 30, path.name


def test_the_demo_checks_what_it_is_given_first(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    text = str(EXAMPLES / "demo.sh")
    for args, message in (
        (["no/model.ckpt"], "CHECKPOINT: no checkpoint 'no/model.ckpt' (no file no/model.ckpt.index)\n"),
        (["", "no.mp4"], "VIDEO: no file 'no.mp4'\n"),
        (["", text], f"VideoOpenError: '{text}' is none of the files"),
    ):
        command = ["sh", text, str(tmp_path / "demo"), *args]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert result.returncode == 2, args
        assert result.stderr.startswith(message)
        assert not (tmp_path / "demo").exists()
