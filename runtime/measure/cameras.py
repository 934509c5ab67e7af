"""How many cameras this machine carries: a video is played as one, two, three... of them, until it falls behind."""

import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict
from pathlib import Path

from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.progress import phase
from i3d_edge.core.text import plural
from i3d_edge.core.timing import percentiles
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.inference.ir import read_ir
from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.live.answers import StreamAnswers
from i3d_edge.runtime.live.connection import Connection
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.stream import LiveStream
from i3d_edge.runtime.measure.profile import CameraFindings, CameraRun, Setting

_FEWEST_PACE = 0.95
"""Below it a video is played too slowly. A late frame delays all that follow, and so does each new beginning of it."""
_WARM_UP = 2
"""Answers of each camera before it is measured: what was dropped during the first one is then known, and left out."""
_PATIENCE_S = 20.0
"""How long the warm-up may take beyond what it takes a machine that keeps up."""


def probe_cameras(
    ir_path: Path,
    video: Path,
    setting: Setting,
    *,
    hop: int | None = None,
    spec_path: Path | None = None,
    measured_s: float = 15.0,
) -> CameraFindings:
    """Play a video as more and more cameras, each decoded and watched by itself, with one compiled model for all.

    They begin at the same time, so that their windows come at the same time too, which is the hardest. Each number of
    them is measured for `measured_s` seconds, or four hops if these are longer; the hop is a step model's own, or 25.

    Raises IRError, ArgumentError for a step model of another hop, ClipShapeError if no pixels are taken, DeviceError,
    StreamError.
    """
    ir = read_ir(ir_path, spec_path=spec_path, steps=True)
    _, spec = ir
    own_hop = spec.stepping.hop if spec.stepping else None
    if own_hop and hop not in (None, own_hop):
        raise ArgumentError(f"the model's steps are of {own_hop} frames; a hop of {hop} takes another step model")
    hop = hop or own_hop or 25
    with Connection(Address.parse(str(video)), StreamOptions()) as connection:
        rate_fps = float(spec.frame_rate_fps or 1 / connection.frame_duration)
    hop_s = hop * (spec.frame_stride if own_hop else 1) / rate_fps
    measured_s = max(measured_s, 4 * hop_s)
    warm_up_s = _PATIENCE_S + 2 * (spec.span / rate_fps + hop_s)
    engine = Engine(ir_path, ir=ir, fallback=False, **asdict(setting))
    bound_ms = 1000 * (hop_s + 1 / rate_fps)
    runs: list[CameraRun] = []
    while not runs or runs[-1].is_carried:
        cameras = [_Camera(engine, video, hop) for _ in range(len(runs) + 1)]
        with phase(f"playing {video.name} as {plural(len(cameras), 'camera')}"):
            runs.append(_measure(cameras, warm_up_s=warm_up_s, measured_s=measured_s, bound_ms=bound_ms))
    return CameraFindings(
        video=video.name,
        hop=hop,
        setting=setting,
        measured_s=measured_s,
        latency_bound_ms=round(bound_ms, 2),
        num_carried=len(runs) - 1,
        runs=tuple(runs),
    )


def keeps_up(num_dropped: int, latency_p95_ms: float | None, pace: float, bound_ms: float) -> bool:
    """Return whether cameras were carried.

    They are if no window is dropped, 95 % of the answers are there within the bound, and the videos keep their pace.
    The bound is one hop, so that an answer is there before the next window is, and one frame: which frame is the last
    of a window may be known with the next frame only.
    """
    return not num_dropped and latency_p95_ms is not None and latency_p95_ms <= bound_ms and pace >= _FEWEST_PACE


class _Camera:
    """A video that is played and watched as `i3d stream` does it.

    Attributes:
        live: The stream.
        answers: When each came, on the monotonic clock; the end of its window, in stream time; its latency. Units:
            seconds, seconds, milliseconds.
    """

    def __init__(self, engine: Engine, video: Path, hop: int) -> None:
        answers = StreamAnswers(engine)
        options = StreamOptions(hop=hop, is_real_time=True, is_looped=True)
        self.live = LiveStream(str(video), engine.spec, answers.infer, options, restart=answers.restart)
        self.answers: list[tuple[float, float, float]] = []

    def play(self) -> None:
        for item in self.live:
            if item.type == "window":
                self.answers.append((time.monotonic(), item.end_s, item.latency_ms))

    def pace(self, since_s: float) -> float:
        """Return how fast the video is played since a moment, by its answers; 0 if there are fewer than two."""
        ends = [(came_s - latency_ms / 1000, end_s) for came_s, end_s, latency_ms in self.answers if came_s >= since_s]
        if len(ends) < 2:
            return 0.0
        (began_s, first_s), (ended_s, last_s) = ends[0], ends[-1]
        return (last_s - first_s) / (ended_s - began_s)


def _measure(cameras: list[_Camera], *, warm_up_s: float, measured_s: float, bound_ms: float) -> CameraRun:
    """Play cameras at once; measure them once each has answered, or should have."""
    with ThreadPoolExecutor(len(cameras)) as pool:
        playing = [pool.submit(camera.play) for camera in cameras]
        try:
            deadline_s = time.monotonic() + warm_up_s
            while time.monotonic() < deadline_s and any(len(camera.answers) < _WARM_UP for camera in cameras):
                if wait(playing, 0.05, FIRST_COMPLETED).done:
                    break
            started_s, num_before = time.monotonic(), sum(camera.live.statistics.num_dropped for camera in cameras)
            wait(playing, measured_s, FIRST_COMPLETED)
            ended_s, num_after = time.monotonic(), sum(camera.live.statistics.num_dropped for camera in cameras)
        finally:
            for camera in cameras:
                camera.live.stop()
    for played in playing:
        played.result()  # raises what ended a camera: of itself a video that is looped does not end
    latencies = [
        latency_ms for camera in cameras for came_s, _, latency_ms in camera.answers if started_s <= came_s <= ended_s
    ]
    p50, p95 = (round(value, 2) for value in percentiles(latencies, 50, 95)) if latencies else (None, None)
    pace = round(min(camera.pace(started_s) for camera in cameras), 3)
    return CameraRun(
        num_cameras=len(cameras),
        is_carried=keeps_up(num_after - num_before, p95, pace, bound_ms),
        answers_per_s=round(len(latencies) / (ended_s - started_s), 3),
        num_dropped=num_after - num_before,
        latency_p50_ms=p50,
        latency_p95_ms=p95,
        pace=pace,
    )
