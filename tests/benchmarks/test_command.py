"""`python -m benchmarks` up to where it measures, and what the lot may import."""

import ast
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.rivals import OURS, REFERENCE, RIVALS, STOCK

ROOT = Path(__file__).resolve().parents[2]
PURE = ("report", "rival", "rivals", "run", "worker")


def test_the_graph_must_describe_itself(tmp_path: Path) -> None:
    nodes = [b"\x0a" + bytes([len(name)]) + name for name in (b"Placeholder", b"Softmax")]
    path = tmp_path / "graph.pb"
    path.write_bytes(b"".join(b"\x0a" + bytes([len(node)]) + node for node in nodes))
    outcome = CliRunner().invoke(main, [str(path), "a.mp4", "-o", str(tmp_path / "r.json")])
    assert outcome.exit_code == 1
    assert f"frozen graph {str(path)!r} does not describe itself" in outcome.output
    assert "hint: freeze it again with `i3d freeze`" in outcome.output


def test_the_rivals() -> None:
    names = [rival.name for rival in RIVALS]
    assert len({rival.slug for rival in RIVALS}) == len(set(names)) == len(names)
    assert RIVALS[0].group == REFERENCE
    assert {OURS, STOCK} < {rival.group for rival in RIVALS}
    for rival in RIVALS:
        tree = ast.parse((ROOT / f"{rival.module.replace('.', '/')}.py").read_text())
        [function] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "open_rival"]
        assert set(rival.options) == {argument.arg for argument in function.args.kwonlyargs} & set(rival.options)
        assert rival.precision in rival.name


def test_driver_and_report_load_no_engine() -> None:
    code = f"import sys; from benchmarks import {', '.join(PURE)}; print(*{{n.partition('.')[0] for n in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert "benchmarks" in loaded.split()
    assert not set(loaded.split()) & {"tensorflow", "openvino", "nncf", "cv2"}


def test_the_script_wants_a_prefix(tmp_path: Path) -> None:
    command = ["sh", str(ROOT / "benchmarks" / "bench.sh"), str(tmp_path / "bench"), "1", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr == f"CHECKPOINT must be a prefix: there is no {tmp_path}.index\n"
