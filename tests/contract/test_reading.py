"""Whatever a user or a file names is read through `core.reading`, so that nothing waits, nor fills memory."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("freeze", "convert", "runtime", "accuracy", "i3d_edge/api", "i3d_edge/cli", "i3d_edge/core")

READERS = {"read_bytes", "read_text", "fromfile", "memmap", "imread", "VideoCapture"}
"""Methods and functions that take a path and read it."""
OPENERS = {"open", "load", "ZipFile", "open_memmap", "read_model", "convert_model"}
"""Functions of libraries that take a path, unless it is to be written."""
CHECKED = {"open_input", "require_file", "_require_files", "read_graph_def"}
"""A function that calls one of these knows what it opens."""
KNOWN = {
    ("core/processor.py", "read_text"): "files of the operating system, by names of our own",
    ("live/address.py", "_name"): "likewise",
    ("live/connection.py", "_open"): "an address, a camera or standard input",
    ("freeze/package_index.py", "read_member"): "what was just downloaded into a folder of our own",
    ("freeze/package_index.py", "_download"): "likewise",
    ("frames/remote.py", "_read"): "an address",
    ("bundle/archive.py", "_opened"): "a stream",
    ("record/codec.py", "stream_for"): "likewise",
    ("weights/torch_file.py", "_read_zip"): "likewise",
    ("convert/conversion.py", "_load"): "read by `read_graph_def`",
    ("convert/parity.py", "_run_ir"): "just written",
    ("cli/info.py", "_undescribed"): "read before",
    ("core/files.py", "_locked"): "likewise",
}


def calls(function: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Call)]


def name_of(call: ast.Call) -> str:
    called = call.func
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def is_read(call: ast.Call) -> bool:
    name = name_of(call)
    if name not in READERS | OPENERS:
        return False
    text = ast.unparse(call)
    if name in READERS:
        return isinstance(call.func, ast.Attribute) and "resources.files" not in text
    if name == "load" and not text.startswith("np."):
        return False
    modes = [value.value for value in ast.walk(call) if isinstance(value, ast.Constant)]
    if any(mode in ("w", "wb", "xb", "a", "ab", "a+b") for mode in modes):
        return False
    return (
        name != "open" or text.startswith(("av.", "os.", "open(", "tarfile.")) or "rb" in modes or "encoding=" in text
    )


def test_every_reader_knows_what_it_opens() -> None:
    found = {}
    for file in (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            called = calls(function)
            reads = [ast.unparse(call) for call in called if is_read(call)]
            if reads and not CHECKED & {name_of(call) for call in called}:
                found["/".join(file.parts[-2:]), function.name] = reads
    assert found.keys() <= KNOWN.keys(), {key: found[key] for key in found.keys() - KNOWN.keys()}


def test_every_command_refuses_what_is_no_file() -> None:
    """In another process, since what waits for a pipe cannot be interrupted."""
    script = ROOT / "tests" / "support" / "every_reader.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
