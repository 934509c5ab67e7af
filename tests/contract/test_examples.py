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


def test_examples_are_short() -> None:
    for path in EXAMPLES.glob("*.py"):
        assert len(path.read_text().splitlines()) <= 30, path.name


ANNOTATIONS = """label,youtube_id,time_start,time_end,split
abseiling,aaaaaaaaaaa,1,11,validate
abseiling,bbbbbbbbbbb,20,30,validate
"massaging person's head",ccccccccccc,5,15,validate
zumba,ddddddddddd,0,10,validate
"""


def test_kinetics_list(tmp_path: Path) -> None:
    (tmp_path / "validate.csv").write_text(ANNOTATIONS)
    files = [
        tmp_path / "val" / "aaaaaaaaaaa_000001_000011.mp4",
        tmp_path / "val" / "abseiling" / "bbbbbbbbbbb_000020_000030.mp4",
        tmp_path / "val" / "ccccccccccc_000005_000015.mkv",
        tmp_path / "val" / "eeeeeeeeeee_000000_000010.mp4",
    ]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    drawn = set()
    for seed in range(8):
        result = run("kinetics_list.py", tmp_path / "validate.csv", tmp_path / "val", seed)
        header, first, second = result.stdout.splitlines()
        assert (header, second) == ("path,label", f"{files[2]},massaging person's head")
        assert result.stderr == "2 classes, of 3 videos that exist\n"
        drawn.add(first)
    assert drawn == {f"{path},abseiling" for path in files[:2]}

    same = run("kinetics_list.py", tmp_path / "validate.csv", tmp_path / "val")
    assert same.stdout == run("kinetics_list.py", tmp_path / "validate.csv", tmp_path / "val", 0).stdout


def test_the_demo_wants_a_prefix(tmp_path: Path) -> None:
    command = ["sh", str(EXAMPLES / "demo.sh"), str(tmp_path / "demo"), str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr == f"CHECKPOINT must be a prefix: there is no {tmp_path}.index\n"
