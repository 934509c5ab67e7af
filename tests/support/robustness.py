"""Odd, broken and mutated files through the classifier, in processes that may crash or hang without taking this one.

`python tests/support/robustness.py FOLDER [-o TABLE.md] [--mutations N]` prints what becomes of each file.
"""

from __future__ import annotations

import argparse
import json
import queue
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 20.0
"""Processor time that one file may take: a bound that other work on the machine does not move."""
HANG_S = 120.0
"""Wall time after which a process is ended, and the file is said to hang it."""
KINDS = ("truncated", "flipped", "zeroed", "header", "concatenated", "shuffled")
_NOT_VIDEOS = (".csv", ".md")
_LARGEST_MUTATED = 4 << 20


@dataclass(frozen=True)
class Outcome:
    """What became of a file.

    `kind` is "answered", "refused" (an error of ours), "crashed" or "hung"; `facts` what the classifier said.
    """

    name: str
    kind: str
    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_mib: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)

    def row(self) -> str:
        facts = self.facts
        numbers = (
            "| | | | "
            if self.kind != "answered"
            else (
                f"| {facts['num_frames']} | {facts['duration_s']:.2f} | {facts['mean_fps']:.3f} | {facts['rotation']} "
            )
        )
        said = "; ".join(facts.get("warnings", [])) or facts.get("error", "")
        return f"| {self.name} | {self.kind} {numbers}| {self.cpu_s:.1f} | {said.replace('|', ' ')} |"


def peak_mib() -> float:
    """Return the most memory that this process had; `ru_maxrss` would have that of whoever started it in it."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(found[1]) / 1024 if found else 0.0


HEADER = (
    "| file | outcome | frames | duration, s | fps | rotation | processor, s | warning or error |\n"
    "|---|---|---:|---:|---:|---:|---:|---|"
)


class Worker:
    """A process that classifies the files it is told of, and is replaced when it dies."""

    def __init__(self, ir_path: Path) -> None:
        self._command = [sys.executable, __file__, "--work", str(ir_path)]
        self._process: subprocess.Popen[str] | None = None

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def run(self, path: Path, name: str) -> Outcome:
        started = time.perf_counter()
        process = self._alive()
        assert process.stdin is not None
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        line = self._answer(process)
        wall_s = time.perf_counter() - started
        if line:
            answer = json.loads(line)
            return Outcome(name, answer.pop("kind"), answer.pop("cpu_s"), wall_s, answer.pop("peak_mib"), answer)
        is_hung = line is None
        self.close()
        return Outcome(name, "hung" if is_hung else "crashed", wall_s=wall_s, facts={"error": f"{process.returncode}"})

    def _alive(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd=ROOT,
                env={**__import__("os").environ, "PYTHONPATH": str(ROOT)},
            )
        return self._process

    @staticmethod
    def _answer(process: subprocess.Popen[str]) -> str | None:
        """Return a line, "" if the process ended, None if it says nothing for too long."""
        lines: queue.Queue[str] = queue.Queue()
        assert process.stdout is not None
        threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()
        try:
            return lines.get(timeout=HANG_S)
        except queue.Empty:
            return None


def work(ir_path: Path) -> None:
    """Classify the files that standard input names; print a line of JSON for each."""
    from i3d_edge import VideoClassifier
    from i3d_edge.core.errors import I3DError

    with VideoClassifier(ir_path) as classifier:
        for line in sys.stdin:
            path, before = Path(line.rstrip("\n")), time.process_time()
            try:
                result = classifier.classify(path, k=1)
                facts = {"kind": "answered", **result.to_fields(), "rotation": rotation(path)}
            except I3DError as error:
                facts = {"kind": "refused", "error": f"{type(error).__name__}: {error.message}"}
            facts["cpu_s"] = time.process_time() - before
            facts["peak_mib"] = peak_mib()
            print(json.dumps(facts), flush=True)


def rotation(path: Path) -> int | None:
    """Return by how many degrees the first frame is to be turned, as PyAV reads it."""
    import av

    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            for frame in container.decode(video=0):
                return int(frame.rotation)
    except (av.FFmpegError, OSError, IndexError, ValueError):
        pass
    return None


def files_below(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.*")) if path.is_file() and path.suffix not in _NOT_VIDEOS]


def mutate(data: bytes, kind: str, other: bytes, rng: random.Random) -> bytes:
    """Return a damaged copy of a file's bytes."""
    changed = bytearray(data)
    if kind == "truncated":
        return data[: rng.randrange(len(data))]
    if kind == "concatenated":
        return data + other if rng.random() < 0.5 else data[: rng.randrange(len(data))] + other
    if kind == "zeroed":
        start = rng.randrange(len(data))
        end = min(len(data), start + rng.randrange(1, 1 << 16))
        changed[start:end] = bytes(end - start)
    elif kind == "shuffled":
        start, target = rng.randrange(len(data)), rng.randrange(len(data))
        size = min(rng.randrange(1, 1 << 14), len(data) - max(start, target))
        changed[start : start + size], changed[target : target + size] = (
            changed[target : target + size],
            changed[start : start + size],
        )
        return bytes(changed[: len(data)])
    else:
        reach = min(len(data), 2048) if kind == "header" else len(data)
        for _ in range(rng.randrange(1, 65)):
            changed[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def mutations(files: Sequence[Path], num_copies: int, folder: Path, seed: int = 0) -> Iterator[tuple[Path, str]]:
    """Write damaged copies one after the other, each removed when the next one is asked for."""
    rng = random.Random(seed)
    small = [path for path in files if 0 < path.stat().st_size <= _LARGEST_MUTATED]
    for number in range(num_copies):
        path, other, kind = rng.choice(small), rng.choice(small), KINDS[number % len(KINDS)]
        copy = folder / f"{number:03d}{path.suffix}"
        copy.write_bytes(mutate(path.read_bytes(), kind, other.read_bytes(), rng))
        yield copy, f"{number:03d} {kind} {path.name}"
        copy.unlink()


def run(folder: Path, *, num_files: int | None = None, num_mutations: int = 0) -> Iterator[Outcome]:
    """Yield the outcome of every file below a folder, or of so many of them, and of so many damaged copies."""
    from tiny import write_tiny_ir

    files = files_below(folder)
    if num_files is not None:
        files = [files[number * len(files) // num_files] for number in range(num_files)]
    with TemporaryDirectory(prefix="i3d-") as place:
        ir_path = write_tiny_ir(Path(place, "tiny.xml"), num_frames=79, crop_px=224, short_side_px=256)
        worker = Worker(ir_path)
        try:
            for path in files:
                yield worker.run(path, str(path.relative_to(folder)))
            for path, name in mutations(files, num_mutations, Path(place)):
                yield worker.run(path, name)
        finally:
            worker.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--mutations", type=int, default=0)
    parser.add_argument("--work", type=Path)
    args = parser.parse_args()
    if args.work is not None:
        work(args.work)
        return
    rows = []
    for outcome in run(args.folder, num_mutations=args.mutations):
        rows.append(outcome.row())
        print(rows[-1], f"{outcome.wall_s:.1f} s, {outcome.peak_mib:.0f} MiB", flush=True)
    if args.output is not None:
        args.output.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
