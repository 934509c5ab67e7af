"""Text from outside stays text: JSON is parsed in one place, and what is printed moves no cursor and forges no line."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner
from runs import Run, sure, write_run
from runs import Video as RunVideo
from synthetic import write_numbered
from tiny import write_tiny_ir

from i3d_edge.cli import main
from i3d_edge.core.labels import LabelSet

ROOT = Path(__file__).parents[2]
PACKAGES = ("freeze", "convert", "runtime", "accuracy", "i3d_edge/api", "i3d_edge/cli", "i3d_edge/core")
ONLY_IN = {
    r"json\.loads?\(|json\.decode\(|JSONDecoder": {"json_text.py"},
    r"\btabulate\(|isprintable\(": {"text.py"},
    r"open_memmap\(|np\.load\(": {"arrays.py"},
    r"sys\.__std|os\.write\([12]": set(),
}
"""What is done in one place, which guards it, and nowhere else."""

EVIL = "\x1b]0;T\x07\r\n\n   99.9 %  FORGED\x9b2J\u202e"
NAME = f"a{EVIL}"


def test_what_is_guarded_is_done_in_one_place() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    for pattern, places in ONLY_IN.items():
        assert {file.name for file in files if re.search(pattern, file.read_text(encoding="utf-8"))} == places, pattern


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models, videos, lists and runs whose every name and label would write over a terminal."""
    folder = tmp_path_factory.mktemp("hostile")
    labels = LabelSet(NAME, tuple(f"{letter}{EVIL}" for letter in "abcde"))
    write_tiny_ir(folder / "m.xml", labels=labels, origin=NAME, made_with={NAME: EVIL}, fingerprint=EVIL)
    (folder / "v").mkdir()
    write_numbered(folder / "v" / f"{NAME}.mp4", 30)
    (folder / "v" / f"bad{NAME}.mp4").write_text("no video")
    lists = [f"v/{NAME}.mp4", f"v/bad{NAME}.mp4"]
    database = {path.removesuffix(".mp4"): {"subset": "validation", "annotations": {"label": EVIL}} for path in lists}
    (folder / "o.json").write_text(json.dumps({"database": database}))
    (folder / "classes.txt").write_text(f"{EVIL}\n")
    videos = [RunVideo(f"{NAME}{number}", 0, [sure(number % 2, 0.9, 5)]) for number in range(4)]
    dropped = [f"dropped{EVIL}"]
    run = Run({NAME: videos}, dropped=dropped, names=labels.names, overrides={"warnings": {NAME + "0": [EVIL]}})
    write_run(folder / "run", run)
    videos = [RunVideo(f"{NAME}{number}", 0, [sure(0, 0.9, 5)]) for number in range(4)]
    write_run(folder / "other", Run({NAME: videos}, dropped=dropped, names=labels.names))
    (folder / f"{NAME}.json").write_text(json.dumps({"manifest_version": EVIL, "labels": EVIL, "videos": [EVIL]}))
    return folder


COMMANDS = """
    info m.xml|info V|info BAD|info o.json|info classes.txt|info run|info MANIFEST|info v
    classify v --model m.xml|classify v --model m.xml --json|classify v --model m.xml --jsonl --hop 5
    classify V --model m.xml --html t.html|classify V --model m.xml --hop 5|classify MISSING --model m.xml
    labels m.xml|stream V --model m.xml|stream V --model m.xml --label EVIL
    accuracy run v --model m.xml -o r|accuracy run o.json --model m.xml -o r|accuracy run MANIFEST --model m.xml -o r
    accuracy subset o.json --model m.xml -o s.json|accuracy score run|accuracy score run --json
    accuracy report run -o r.html|accuracy baseline run -o b.json|accuracy compare b.json other
    accuracy compare b.json other --json --markdown g.md --junit g.xml
    bundle pack m.xml -o b.i3d|bundle verify b.i3d|bundle unpack b.i3d u|info b.i3d
    parity m.xml m.xml|bench m.xml --rounds 1|convert BAD -o n.xml|freeze BAD -o n.pb|EVIL|info --EVIL
"""


def test_no_command_prints_what_a_name_or_label_wants(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(hostile)
    places = {"V": f"v/{NAME}.mp4", "BAD": f"v/bad{NAME}.mp4", "MISSING": f"no{NAME}", "MANIFEST": f"{NAME}.json"}
    for line in COMMANDS.replace("|", "\n").strip().split("\n"):
        words = [places.get(word, word).replace("EVIL", EVIL) for word in line.split()]
        result = CliRunner().invoke(main, words)
        assert result.exception is None or isinstance(result.exception, SystemExit), line
        printed = result.stdout + result.stderr
        odd = {sign for sign in printed if unicodedata.category(sign)[0] == "C" or sign in "\u2028\u2029"} - {"\n"}
        assert not odd, (line, odd, printed)
        assert not re.search(r"(?m)^ *99.9 %  FORGED", result.stdout), (line, printed)
        if "--json" in words:
            json.loads(result.stdout)
