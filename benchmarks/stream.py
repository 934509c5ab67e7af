"""`python -m benchmarks.stream`: what a stream costs over an hour, and when inference falls behind."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import click
import numpy as np
import numpy.typing as npt
from tabulate import tabulate

from i3d_edge.cli._base import Command, note
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.processor import resident_mib
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.live import LiveStream, StreamOptions, WindowAnswer
from i3d_edge.runtime.live.statistics import Statistics

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
Infer = Callable[[UInt8Array], Float32Array]

_RATE_FPS = 25
_FILM_S = 60
_BRIGHT_S = (20, 30)
_SETTLED_S = 60.0
"""Stream time after which memory at the start is read: all blocks and threads are there."""

_SPEC = ModelSpec(labels=LabelSet("light", ("dark", "bright")), layout="NDCHW", input_type="u8", has_preprocessing=True)


@dataclass
class WatchedStream:
    """One scenario: its name, the stream's own statistics, its wall time, and memory once settled, at the end, at most.

    Units: seconds, MiB.
    """

    name: str
    statistics: Statistics
    elapsed_s: float
    memory_mib: tuple[float, float, float]

    def row(self) -> dict[str, object]:
        """Return the cells of its line in the table, by their headers."""
        found, latencies = self.statistics, self.statistics.latencies
        return {
            "scenario": self.name,
            "stream s": f"{found.stream_s:.0f}",
            "wall s": f"{self.elapsed_s:.0f}",
            "frames": found.num_frames,
            "windows": found.num_windows,
            "dropped": found.num_dropped,
            "start / end / gap": f"{found.num_started} / {found.num_ended} / {found.num_gaps}",
            "hop": found.hop_frames,
            "latency ms p50 / p95 / max": f"{latencies.percentile_ms(50):.0f} / {latencies.percentile_ms(95):.0f} / "
            f"{latencies.max_ms:.0f}",
            "MiB start / end / peak": " / ".join(f"{size:.0f}" for size in self.memory_mib),
        }


def brightness(clip: UInt8Array) -> Float32Array:
    """Stand in for the network: tell bright clips from dark ones."""
    bright = float(clip[..., ::16, ::16].mean()) / 255
    return np.array([1 - bright, bright], np.float32)


def watch(name: str, source: Path, spec: ModelSpec, infer: Infer, options: StreamOptions) -> WatchedStream:
    """Watch a source for as long as the options say, and measure."""
    stream = LiveStream(str(source), spec, infer, options, say=note)
    started_s = time.monotonic()
    settled_s = min(_SETTLED_S, (options.max_duration_s or _SETTLED_S) / 2)
    memory: list[float] = []
    for item in stream:
        if isinstance(item, WindowAnswer) and (not memory or stream.statistics.num_windows % 20 == 0):
            memory = [*(memory if stream.statistics.stream_s >= settled_s else []), resident_mib()]
    memory.append(resident_mib())
    return WatchedStream(name, stream.statistics, time.monotonic() - started_s, (memory[0], memory[-1], max(memory)))


def write_film(path: Path, seconds: int = _FILM_S) -> Path:
    """Write 320 x 240 at 25 fps with moving noise, bright from 20 to 30 s of each minute."""
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 60, (240, 320, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_RATE_FPS, options={"preset": "ultrafast", "g": "25"})
        stream.height, stream.width, stream.pix_fmt = 240, 320, "yuv420p"
        for number in range(seconds * _RATE_FPS):
            is_bright = _BRIGHT_S[0] <= number / _RATE_FPS % _FILM_S < _BRIGHT_S[1]
            pixels = np.roll(texture, number, axis=1) + np.uint8(190 if is_bright else 0)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, _RATE_FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@click.command(cls=Command)
@click.option("--model", type=click.Path(path_type=Path), help="An IR, for the scenarios with real inference.")
@click.option("--video", type=click.Path(path_type=Path), help="What the IR is shown; generated frames if not given.")
@click.option("--hour", type=float, default=3600.0, show_default=True, help="Length of the simulated hour, in seconds.")
@click.option("--minutes", type=float, default=3.0, show_default=True, help="Of stream, for the IR, unpaced.")
@click.option("--seconds", type=float, default=60.0, show_default=True, help="Of each scenario at a camera's pace.")
def main(model: Path | None, video: Path | None, hour: float, minutes: float, seconds: float) -> None:
    """Watch streams of several kinds, and print a table.

    \b
    Example:
      python -m benchmarks.stream --model rgb_imagenet_int8.xml --video cricket.avi
    """
    with tempfile.TemporaryDirectory() as folder:
        film = write_film(Path(folder) / "film.mp4")
        rows = [watched.row() for watched in _scenarios(film, model, video, hour, minutes, seconds)]
    click.echo(tabulate(rows, headers="keys", disable_numparse=True))


def _scenarios(
    film: Path, model: Path | None, video: Path | None, hour: float, minutes: float, seconds: float
) -> Iterator[WatchedStream]:
    looped = StreamOptions(is_looped=True)
    options = replace(looped, labels=["bright"], max_duration_s=hour)
    yield watch("an hour, no network", film, _SPEC, brightness, options)
    if model is None:
        return
    engine = Engine(model)
    source, name = video or film, engine.precision
    options = replace(looped, max_duration_s=60 * minutes)
    yield watch(f"{name}, unpaced", source, engine.spec, engine.probabilities, options)
    for title, hop in (("hop 100", 100), ("hop 1", 1), ("hop auto", None)):
        options = replace(looped, is_real_time=True, max_duration_s=seconds, hop=hop)
        yield watch(f"{name}, camera's pace, {title}", source, engine.spec, engine.probabilities, options)


if __name__ == "__main__":
    main()
