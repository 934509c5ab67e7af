"""Gives every command a pipe, a device, a socket and a folder where it reads a file; prints what is not refused."""

from __future__ import annotations

import faulthandler
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner
from runs import Run, videos_of, write_run
from synthetic import write_numbered
from tiny import write_tiny_ir

from i3d_edge.cli import main

_LIMIT_S = 60


def make_socket(path: Path) -> None:
    """Bind a socket to a path."""
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


KINDS: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "socket": make_socket,
    "folder": Path.mkdir,
}

COMMANDS = """
    info bad.mp4|info bad.csv|info bad.json|info bad.txt|info bad.npy|info bad.i3d|info bad.pb|info bad.xml
    info bad.onnx|info bad.index|info bad.bin
    classify bad.mp4 --model m.xml|classify bad.npy --model m.xml|classify v.mp4 --model bad.xml
    classify v.mp4 --model m.xml --profile bad.json|classify v.mp4 --model half.xml
    stream bad.mp4 --model m.xml|events replay bad.json|events score bad.json t.json|events score t.json bad.json
    accuracy run bad.csv --model m.xml -o r|accuracy run l.csv --model m.xml -o r
    accuracy subset l.csv --model m.xml -o s.json|accuracy run k.csv --model m.xml -o r --classes bad.txt
    accuracy score run|accuracy report run -o r.html|accuracy compare bad.json whole|accuracy baseline run -o b.json
    bundle verify bad.i3d|bundle unpack bad.i3d u|bundle pack bad.xml -o p.i3d
    freeze bad.ckpt -o g.pb|freeze bad.index -o g.pb|convert bad.pb -o n.xml|convert bad.xml -o n.xml --spec s.json
    convert bad.onnx -o n.xml --spec s.json
    parity m.xml m.xml --clips bad.npy|parity m.xml m.xml --clips bad.gif
    quantize m.xml bad.mp4 -o q.xml|probe bad.xml|probe m.xml --video bad.mp4 --device CPU
    watch bad.yaml|watch bad.yaml --check|watch c.yaml --check
    bench bad.xml|convert bad.pth -o n.xml|convert bad.params -o n.xml|info bad.pth|info bad.params
"""


def main_of(folder: Path) -> int:
    """Run every command on every kind; return how many were not refused as they should be."""
    os.chdir(folder)
    write_tiny_ir(Path("m.xml"))
    write_numbered(Path("v.mp4"), 30)
    whole = write_run(Path("whole"), Run({"m": videos_of("+-")}))
    Path("t.json").write_text(
        '{"database": {"v": {"duration": 1, "annotations": [{"label": "a", "segment": [0, 1]}]}}}'
    )
    Path("c.yaml").write_text("model: bad.xml\ncameras: {a: {source: v.mp4}, b: {source: bad.mp4}}\n")
    Path("l.csv").write_text("path,label\nbad.mp4,red\n")
    Path("k.csv").write_text("v.mp4,0\n")
    num_faults = 0
    for kind, make in KINDS.items():
        for name in (
            "mp4",
            "csv",
            "json",
            "txt",
            "npy",
            "i3d",
            "pb",
            "xml",
            "index",
            "bin",
            "gif",
            "pth",
            "params",
            "yaml",
        ):
            make(Path(f"bad.{name}"))
        shutil.copytree(whole, "run")
        Path("run/predictions.jsonl").unlink()
        make(Path("run/predictions.jsonl"))
        shutil.copy("m.xml", "half.xml")
        make(Path("half.bin"))
        for line in COMMANDS.replace("|", "\n").split("\n"):
            words = line.split()
            if words and (kind, words[0]) != ("folder", "info"):  # which describes folders
                num_faults += _is_fault(kind, words)
        for path in ("run", *(str(path) for path in Path().glob("bad.*")), "half.bin"):
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    return num_faults


def _is_fault(kind: str, words: list[str]) -> bool:
    faulthandler.dump_traceback_later(_LIMIT_S, exit=True)
    result = CliRunner().invoke(main, words)
    faulthandler.cancel_dump_traceback_later()
    is_expected = result.exception is None or isinstance(result.exception, SystemExit)
    if result.exit_code in (1, 2, 4) and is_expected:
        return False
    print(f"{kind}: {' '.join(words)}: {result.exit_code} {result.exception!r}\n{result.output}")
    return True


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(bool(main_of(Path(temporary))))
