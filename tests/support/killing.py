"""Runs in a process of their own, some of them killed on the way, and what is left of a result without its times."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def start_run(args: Sequence[object], folder: Path) -> subprocess.Popen[bytes]:
    """Start `i3d accuracy run` with these arguments, its result going to a folder."""
    command = [sys.executable, "-m", "i3d_edge", "accuracy", "run", *map(str, args), "-q", "-o", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run_killed(args: Sequence[object], folder: Path, after: Sequence[int], *, deadline_s: float = 60) -> None:
    """Kill a run each time that so many videos are done, and start it again; the last time it comes to its end.

    Args:
        args: Of `i3d accuracy run`.
        folder: For its result.
        after: Numbers of videos.
        deadline_s: Longest wait for each.
    """
    for wanted in after:
        process = start_run(args, folder)
        deadline = time.monotonic() + deadline_s
        while _num_done(folder) < wanted and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        assert process.poll() is None, "it ended before it could be killed"
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not (folder / "result.json").exists()
    assert start_run(args, folder).wait() == 0


def timeless(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Return a result without its times and places, and the bytes of its predictions."""
    result = json.loads((folder / "result.json").read_text())
    del result["time"]
    result["what"] = {name: {**info, "path": ""} for name, info in result["what"].items()}
    result["data"]["path"] = ""
    return result, (folder / "predictions.jsonl").read_bytes()


def _num_done(folder: Path) -> int:
    marks = folder / "videos.jsonl"
    return marks.read_bytes().count(b"\n") if marks.exists() else 0
