"""`python -m benchmarks.stream`: what streams do over an hour, over a broken line, and when inference falls behind."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import click
import numpy as np
import numpy.typing as npt
from tabulate import tabulate

from i3d_edge.cli._base import Command, note
from i3d_edge.core.errors import StreamLostError
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.live import Event, LiveStream, StreamOptions
from i3d_edge.runtime.live.statistics import Statistics, memory_mib

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
class Outcome:
    """One scenario.

    Attributes:
        name: What was done.
        statistics: The stream's own.
        elapsed_s: Wall time.
        memory_start_mib, memory_end_mib, memory_peak_mib: Of the process, once settled, at the end, and the most.
        events: All of them.
        noted: What was said to the user.
    """

    name: str
    statistics: Statistics
    elapsed_s: float
    memory_start_mib: float
    memory_end_mib: float
    memory_peak_mib: float
    events: list[Event]
    noted: list[str]

    def row(self) -> list[object]:
        """Return the cells of its line in the table."""
        found, latencies = self.statistics, self.statistics.latencies
        kinds = [event.type for event in self.events]
        return [
            self.name,
            f"{found.stream_s:.0f}",
            f"{self.elapsed_s:.0f}",
            found.num_frames,
            found.num_windows,
            found.num_dropped,
            f"{kinds.count('start')} / {kinds.count('end')} / {kinds.count('gap')}",
            found.hop_frames,
            f"{latencies.percentile_ms(50):.0f} / {latencies.percentile_ms(95):.0f} / {latencies.max_ms:.0f}",
            f"{self.memory_start_mib:.0f} / {self.memory_end_mib:.0f} / {self.memory_peak_mib:.0f}",
        ]


_HEADERS = [
    "scenario", "stream s", "wall s", "frames", "windows", "dropped", "start / end / gap", "hop",
    "latency ms p50 / p95 / max", "MiB start / end / peak",
]  # fmt: skip


def brightness(clip: UInt8Array) -> Float32Array:
    """Stand in for the network: tell bright clips from dark ones."""
    bright = float(clip[..., ::16, ::16].mean()) / 255
    return np.array([1 - bright, bright], np.float32)


def watch(name: str, source: object, spec: ModelSpec, infer: Infer, options: StreamOptions) -> Outcome:
    """Watch a source to its end, or until it is lost, and measure."""
    noted: list[str] = []
    events: list[Event] = []
    stream = LiveStream(str(source), spec, infer, options, say=noted.append)
    started_s = time.monotonic()
    memory: list[float] = []
    try:
        for item in stream:
            if isinstance(item, Event):
                events.append(item)
            elif not memory or stream.statistics.num_windows % 20 == 0:
                memory.append(memory_mib() or 0.0)
                if stream.statistics.stream_s < min(_SETTLED_S, (options.max_duration_s or _SETTLED_S) / 2):
                    memory = memory[-1:]
    except StreamLostError as error:
        noted.append(error.message)
    memory.append(memory_mib() or 0.0)
    elapsed_s = time.monotonic() - started_s
    return Outcome(name, stream.statistics, elapsed_s, memory[0], memory[-1], max(memory), events, noted)


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


@contextmanager
def dying_server(body: bytes, lives: int, life_s: float) -> Iterator[str]:
    """Serve an HTTP stream at its pace that breaks off so often, and then is gone; yield its URL."""
    num_connections = 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal num_connections
            num_connections += 1
            if num_connections > 2 * lives or num_connections % 2 == 0:
                self.send_error(503)  # down for one attempt after each life
                return
            self.send_response(200)
            self.end_headers()
            until = time.monotonic() + life_s
            step = len(body) // (_FILM_S * 10)
            for start in range(0, len(body), step):
                if time.monotonic() > until:
                    return
                self.wfile.write(body[start : start + step])
                time.sleep(0.1)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/live.ts"
    finally:
        server.shutdown()
        server.server_close()


@click.command(cls=Command)
@click.option("--model", type=click.Path(path_type=Path), help="An IR, for the scenarios with real inference.")
@click.option("--video", type=click.Path(path_type=Path), help="What the IR is shown; generated frames if not given.")
@click.option("--hour", type=float, default=3600.0, show_default=True, help="Length of the simulated hour, in seconds.")
@click.option("--minutes", type=float, default=3.0, show_default=True, help="Of stream, for the IR, unpaced.")
@click.option("--seconds", type=float, default=60.0, show_default=True, help="Of each scenario at a camera's pace.")
def main(model: Path | None, video: Path | None, hour: float, minutes: float, seconds: float) -> None:
    """Run streams through what happens to them, and print a table.

    \b
    Example:
      python -m benchmarks.stream --model rgb_imagenet_int8.xml --video cricket.avi
    """
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        film = write_film(Path(folder) / "film.mp4")
        transport_stream = write_film(Path(folder) / "film.ts")
        for outcome in _scenarios(film, transport_stream.read_bytes(), model, video, hour, minutes, seconds):
            note(f"{outcome.name}: {outcome.statistics.summary(time.monotonic())}")
            for line in outcome.noted[:12]:
                note(f"  {line}")
            outcomes.append(outcome)
    click.echo(tabulate([outcome.row() for outcome in outcomes], headers=_HEADERS, disable_numparse=True))


def _scenarios(
    film: Path, body: bytes, model: Path | None, video: Path | None, hour: float, minutes: float, seconds: float
) -> Iterator[Outcome]:
    endless = StreamOptions(is_looped=True, labels=["bright"])
    yield watch("an hour, no network", film, _SPEC, brightness, _for(endless, hour))
    with dying_server(body, lives=3, life_s=24) as url:
        options = StreamOptions(labels=["bright"], open_timeout_s=5, read_timeout_s=3, reconnect=3)
        yield watch("dies twice, comes back", url, _SPEC, brightness, options)
    if model is None:
        return
    engine = Engine(model)
    source = video or film
    looped = StreamOptions(is_looped=True)
    paced = StreamOptions(is_looped=True, is_real_time=True)
    name = engine.precision
    yield watch(f"{name}, unpaced", source, engine.spec, engine.probabilities, _for(looped, 60 * minutes))
    for title, hop in (("hop 100", 100), ("hop 1", 1), ("hop auto", None)):
        options = _for(paced, seconds, hop=hop)
        yield watch(f"{name}, camera's pace, {title}", source, engine.spec, engine.probabilities, options)


def _for(options: StreamOptions, seconds: float, hop: int | None = 25) -> StreamOptions:
    return replace(options, max_duration_s=seconds, hop=hop)


if __name__ == "__main__":
    main()
