"""The demo, run once for all slow tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _run_demo(folder: Path) -> tuple[str, float]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    started = time.perf_counter()
    command = ["sh", str(ROOT / "examples" / "demo.sh"), str(folder)]
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return result.stdout, time.perf_counter() - started


@pytest.fixture(scope="session")
def run_demo() -> Callable[[Path], tuple[str, float]]:
    """A function that runs the demo in a folder, and returns what it printed and its seconds."""
    return _run_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo that ran."""
    folder = tmp_path_factory.mktemp("demo")
    output, seconds = _run_demo(folder)
    print(f"\n{output}\nthe demo took {seconds:.0f} s")
    return folder
