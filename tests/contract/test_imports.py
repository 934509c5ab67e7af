"""Who may import whom, and that nothing heavy is loaded unasked."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("freeze", "convert", "runtime", "accuracy")
MAY_IMPORT = {
    "core": {"core"},
    "freeze": {"core", "freeze"},
    "convert": {"core", "freeze", "convert", "runtime"},
    "runtime": {"core", "runtime"},
    "accuracy": {"core", *ROOMS},
    "api": {"core", "api", *ROOMS},
}


def imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, "i3d_edge.cli" for `from i3d_edge import cli`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "i3d_edge":
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def violations(room: str, path: Path) -> list[str]:
    found = []
    for module in imports(path):
        top, _, rest = module.partition(".")
        if top == "i3d_edge" and rest.partition(".")[0] not in MAY_IMPORT[room]:
            found.append(module)
        if top in ("benchmarks", "tensorflow") and (room, path.name) != ("freeze", "_tensorflow.py"):
            found.append(module)
    return found


def files_of(room: str) -> list[Path]:
    return list((ROOT / "i3d_edge" / room).rglob("*.py"))


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_data_flows_one_way(room: str) -> None:
    assert len(files_of(room)) > 3
    assert {path.name: found for path in files_of(room) if (found := violations(room, path))} == {}


def test_this_test_can_fail(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text(
        "import tensorflow\nfrom i3d_edge.accuracy import metrics\nfrom i3d_edge import cli\n"
        "import i3d_edge.convert.parity\nfrom i3d_edge.core import spec\nimport benchmarks.report\n"
    )
    wrong = ["tensorflow", "i3d_edge.accuracy", "i3d_edge.cli", "i3d_edge.convert.parity", "benchmarks.report"]
    assert violations("runtime", path) == wrong


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_runtime_loads_no_tensorflow_and_no_other_room() -> None:
    loaded = loaded_by("import i3d_edge; i3d_edge.VideoClassifier")
    assert "i3d_edge.runtime" in loaded
    assert not loaded & {"tensorflow", "i3d_edge.freeze", "i3d_edge.convert", "i3d_edge.accuracy", "nncf"}


def test_that_test_can_fail_too() -> None:
    assert {"tensorflow", "i3d_edge.freeze"} <= loaded_by("import i3d_edge.freeze.frozen_graph")


def test_checkpoints_are_opened_without_tensorflow() -> None:
    assert "tensorflow" not in loaded_by("from i3d_edge.freeze import fetch_checkpoint, freeze_checkpoint")


def test_the_command_line_loads_nothing_heavy() -> None:
    loaded = loaded_by("import i3d_edge.cli")
    assert not loaded & {"tensorflow", "openvino", "cv2", "av", "numpy", *(f"i3d_edge.{room}" for room in ROOMS)}


def test_converting_opens_no_connection(graph_path: Path, tmp_path: Path) -> None:
    """OpenVINO's converter reports usage over the network unless told not to; it is told."""
    code = (
        "import socket, sys\n"
        "attempts = []\n"
        "socket.socket.connect = lambda self, address: attempts.append(address)\n"
        "socket.getaddrinfo = lambda *args, **options: attempts.append(args) or []\n"
        "{first}\n"
        "from i3d_edge.convert import convert_graph\n"
        "from pathlib import Path\n"
        "convert_graph(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "import time; time.sleep(0.5)\n"
        "print(attempts, [name for name in sys.modules if name == 'requests'])\n"
    )
    for number, first in enumerate(("", "import openvino")):
        args = [str(graph_path), str(tmp_path / f"{number}.xml")]
        result = subprocess.run(
            [sys.executable, "-c", code.format(first=first), *args],
            capture_output=True,
            text=True,
            check=True,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        )
        assert result.stdout.startswith("[] "), (first, result.stdout)
