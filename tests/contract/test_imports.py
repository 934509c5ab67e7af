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
MAY_IMPORT = {"freeze": set(), "convert": {"runtime"}, "runtime": set(), "accuracy": {"runtime"}}
SHARED = {"spec", "errors", "files", "progress", "labels"}


def imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, "i3d_edge.labels" for `from i3d_edge import labels`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module in ("i3d_edge", *ROOMS):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def violations(room: str, path: Path) -> list[str]:
    found = []
    for module in imports(path):
        top, _, rest = module.partition(".")
        if top in ROOMS and top != room and top not in MAY_IMPORT[room]:
            found.append(module)
        if top == "i3d_edge" and rest.partition(".")[0] not in SHARED:
            found.append(module)
        if top == "tensorflow" and room != "freeze":
            found.append(module)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_data_flows_one_way(room: str) -> None:
    files = [path for path in (ROOT / room).rglob("*.py") if path.name != "__main__.py"]
    assert len(files) > 3
    assert {path.name: violations(room, path) for path in files if violations(room, path)} == {}


def test_nothing_imports_the_benchmarks() -> None:
    files = [path for room in (*ROOMS, "i3d_edge") for path in (ROOT / room).rglob("*.py")]
    assert [path.name for path in files if any(name.partition(".")[0] == "benchmarks" for name in imports(path))] == []


def test_only_one_file_imports_tensorflow() -> None:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    importing = [path.name for path in files if any(name.partition(".")[0] == "tensorflow" for name in imports(path))]
    assert importing == ["_tensorflow.py"]


def test_this_test_can_fail(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text(
        "import tensorflow\nfrom accuracy import metrics\nfrom i3d_edge import cli\nimport convert.parity\n"
    )
    assert violations("runtime", path) == ["tensorflow", "accuracy.metrics", "i3d_edge.cli", "convert.parity"]


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_runtime_loads_no_tensorflow_and_no_other_room() -> None:
    loaded = loaded_by("import runtime, i3d_edge; i3d_edge.VideoClassifier")
    assert "runtime" in loaded
    assert not loaded & {"tensorflow", "freeze", "convert", "accuracy", "nncf"}


def test_that_test_can_fail_too() -> None:
    assert {"tensorflow", "freeze"} <= loaded_by("from freeze import freeze_checkpoint")


def test_the_command_line_loads_nothing_heavy() -> None:
    loaded = loaded_by("import i3d_edge.cli")
    assert not loaded & {"tensorflow", "openvino", "cv2", "av", "numpy", *ROOMS}


def test_converting_opens_no_connection(graph_path: Path, tmp_path: Path) -> None:
    """OpenVINO's converter reports usage over the network unless told not to; it is told."""
    code = (
        "import socket, sys\n"
        "attempts = []\n"
        "socket.socket.connect = lambda self, address: attempts.append(address)\n"
        "socket.getaddrinfo = lambda *args, **options: attempts.append(args) or []\n"
        "{first}\n"
        "from convert import convert_graph\n"
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
