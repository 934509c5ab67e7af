"""From the start of a process to its first answer: how long, and which part of it takes how much."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from i3d_edge.core.errors import I3DError, VideoError

# The process that is timed loads what `i3d classify` loads, and does what it does for one video.
_PROCESS = "import i3d_edge.cli; from i3d_edge.runtime.measure.start_up import main; main()"


@dataclass(frozen=True, slots=True)
class StartUp:
    """What the parts of one start took. Unit: seconds.

    Attributes:
        imports_s: The interpreter, and the modules that it loads.
        read_s: Reading the IR.
        compile_s: Compiling it, or loading it from the cache.
        decode_s: Opening the video, decoding it, and cutting the centre clip.
        infer_s: The first inference.
    """

    imports_s: float
    read_s: float
    compile_s: float
    decode_s: float
    infer_s: float

    @property
    def total_s(self) -> float:
        """From the start of the process to the answer."""
        return float(sum(asdict(self).values()))

    @classmethod
    def median(cls, starts: Sequence[Self]) -> StartUp:
        """Return the median of each part."""
        return cls(*(statistics.median(getattr(start, item.name) for start in starts) for item in fields(cls)))


def time_start_up(ir_path: Path, video: Path, *, device: str = "CPU", rounds: int = 5) -> StartUp:
    """Start processes, one after the other, that answer for one video and end; return the median of each part.

    A first process fills the cache of compiled models and does not count.

    Args:
        ir_path: The IR's .xml, of one RGB input.
        video: Whose centre clip is classified.
        device: An OpenVINO device.
        rounds: Processes that count.

    Raises:
        VideoError: If a process fails, for instance because the video cannot be used.
    """
    with TemporaryDirectory(prefix="i3d-") as cache:
        command = [sys.executable, "-c", _PROCESS, str(ir_path), str(video), cache, device]
        return StartUp.median([_timed(command) for _ in range(rounds + 1)][1:])


def _timed(command: list[str]) -> StartUp:
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise VideoError(f"the process that was to be timed failed: {done.stderr.strip()}")
    parts = json.loads(done.stdout)
    return StartUp(imports_s=parts.pop("imported_at") - started, **parts)


def main() -> None:
    """Answer for one video, and print when and how: what `time_start_up` starts."""
    from i3d_edge.runtime import Engine, model_inputs, read_clips

    imported_at = time.monotonic()
    ir_path, video, cache, device = sys.argv[1:]
    try:
        engine = Engine(Path(ir_path), device=device, cache=Path(cache))
        loaded_at = time.monotonic()
        [clip] = read_clips(Path(video), engine.spec).clips
    except I3DError as error:
        sys.exit(error.message)
    decoded_at = time.monotonic()
    engine.probabilities(model_inputs(clip, engine.spec))
    parts = {
        "imported_at": imported_at,
        "read_s": engine.read_s,
        "compile_s": loaded_at - imported_at - engine.read_s,
        "decode_s": decoded_at - loaded_at,
        "infer_s": time.monotonic() - decoded_at,
    }
    print(json.dumps(parts))
