"""Optical flow between a video's samples, as DeepMind's flow networks were shown it.

Greyscale of the resized frame; flow to the next sample; x before y; cut to 20 pixels each way; stored as a JPEG
picture of bytes, x in its red and y in its green. Source: kinetics-i3d's README; the bytes by an author's word in its
issue 24; JPEG and the order of the steps by MediaPipe's `tvl1_flow_and_rgb_from_file.pbtxt`, which its README names,
and by comparison with its `v_CricketShot_g04_c01_flow.gif` (docs/background/optical-flow.md).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args

import cv2
import numpy as np

from i3d_edge.core.arrays import Float32Array, UInt8Array
from i3d_edge.core.errors import ClipShapeError, DependencyError
from i3d_edge.core.processor import usable_cpus
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.frames.frame_source import FrameSource

FlowMethod = Literal["tvl1", "dis"]
"""How flow is computed: "tvl1", as DeepMind did, or "dis", about a hundredth of the work and further from theirs."""

DEFAULT_METHOD: FlowMethod = "tvl1"
MAX_MOTION_PX = 20.0

_JPEG_QUALITY = 100
_MARGIN_PX = 32
_per_thread = threading.local()
_cv2: Any = cv2  # its type hints lack the contrib modules


@dataclass(frozen=True, slots=True)
class FlowCost:
    """What the flow of a video took."""

    method: FlowMethod  # how it was computed
    seconds: float  # from the first pair of frames to the last flow; frames are decoded meanwhile
    num_pairs: int  # pairs of frames
    num_threads: int  # threads used


def flow_method(spec: ModelSpec, asked: FlowMethod | None = None) -> FlowMethod | None:
    """Return how a model's flow is computed: as asked for, "tvl1" if nothing is, None for a model that takes none.

    Raises:
        ClipShapeError: If a method is asked for and the model takes no flow.
        DependencyError: If OpenCV lacks the method.
        ValueError: If there is no such method.
    """
    if asked is not None and asked not in get_args(FlowMethod):
        raise ValueError(f"flow must be one of {', '.join(get_args(FlowMethod))}; got {asked!r}")
    if spec.stream == "rgb":
        if asked is not None:
            raise ClipShapeError(
                f"the model takes RGB alone: there is no use for flow {asked!r}", hint="omit `flow`, or --flow"
            )
        return None
    method = asked or DEFAULT_METHOD
    _algorithm(method)
    return method


def optical_flow(first: UInt8Array, second: UInt8Array, method: FlowMethod = DEFAULT_METHOD) -> Float32Array:
    """Compute where each pixel of one frame, shape (H, W), uint8, grey, is in the next.

    Return shape (H, W, 2), float32: pixels to the right, pixels down. Raises DependencyError as `flow_method`.
    """
    if first is second:
        return np.zeros((*first.shape, 2), np.float32)
    return np.asarray(_algorithm(method).calc(first, second, None), np.float32)


def quantize_flow(flow: Float32Array) -> UInt8Array:
    """Cut flow to 20 pixels each way and take it to 256 steps, towards the lower.

    Example: -25 -> 0; -20 -> 0; 0 -> 127; 10 -> 191; 20 -> 255.

    Source: MediaPipe's `flow_quantizer_model.cc`.
    """
    share = (np.clip(flow, -MAX_MOTION_PX, MAX_MOTION_PX) + MAX_MOTION_PX) / (2 * MAX_MOTION_PX)
    return (share * 255).astype(np.uint8)


def store_flow(steps: UInt8Array) -> UInt8Array:
    """Return steps, shape (H, W, 2), as they come back from a JPEG picture: x its red, y its green, blue 0.

    No motion, (127, 127), comes back as (127, 128), and most else within two steps.
    """
    picture = np.dstack([np.zeros(steps.shape[:2], np.uint8), steps[..., 1], steps[..., 0]])
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., 2:0:-1]


@dataclass
class FlowFrames:
    """Frames of a source by sample, with the flow to the next sample beside them as two more channels.

    A video's last sample has no next one: it repeats the flow before. A sample that shows the same frame as the next
    one has no motion. Pairs of frames are independent, and as many threads as there are cores work on them.
    Raises DependencyError if OpenCV lacks the method.
    """

    source: FrameSource  # what to decode
    method: FlowMethod  # how flow is computed
    num_samples: int  # of the whole source
    frame_at: Callable[[int], int]  # which frame of the source a sample shows
    fit: Callable[[UInt8Array], UInt8Array]  # resizes a frame
    # Height and width of the central part that will be shown, so that flow far from it is left out; None for all.
    crop_px: tuple[int, int] | None
    is_stopped: Callable[[], bool] = lambda: False  # asked before each frame whether nobody wants the rest
    _seconds: float = field(default=0.0, init=False)
    _num_pairs: int = field(default=0, init=False)
    _begun: float = field(default=float("inf"), init=False)

    def __post_init__(self) -> None:
        _algorithm(self.method)

    @property
    def cost(self) -> FlowCost:
        """What it took; complete once the frames have been read."""
        return FlowCost(self.method, self._seconds, self._num_pairs, usable_cpus())

    def frames(self, wanted: Sequence[int]) -> Iterator[tuple[int, UInt8Array]]:
        """Decode some samples, by numbers that increase, one at least, and compute their flow.

        Yield each with its frame, resized, shape (h, w, 5), uint8: RGB 0..255, then flow x and y in steps, as
        `store_flow` returns them. Raises VideoError as the source does.
        """
        with closing(self._computed(wanted)) as computed:
            resumed = time.perf_counter()
            for item in computed:
                self._seconds += time.perf_counter() - max(resumed, self._begun)
                yield item
                resumed = time.perf_counter()

    def _computed(self, wanted: Sequence[int]) -> Generator[tuple[int, UInt8Array]]:
        waiting = deque(self._moment(sample) for sample in wanted)
        needed = sorted({index for moment in waiting for index in (moment.shown, *moment.pair)})
        colours: dict[int, UInt8Array] = {}
        greys: dict[int, UInt8Array] = {}
        jobs: deque[tuple[int, UInt8Array, Future[UInt8Array]]] = deque()
        pair = None
        try:
            for index, picture in self.source.frames(needed):
                if self.is_stopped():
                    return
                colours[index] = self._cut(self.fit(picture))
                greys[index] = np.asarray(cv2.cvtColor(colours[index], cv2.COLOR_RGB2GRAY), np.uint8)
                while waiting and max(waiting[0].shown, waiting[0].pair[1]) <= index:
                    moment = waiting.popleft()
                    if moment.pair != pair:
                        pair, flow = moment.pair, self._submit(moment.pair, greys)
                    jobs.append((moment.sample, colours[moment.shown], flow))
                    if len(jobs) > 2 * usable_cpus():
                        yield _with_flow(*jobs.popleft())
                first = waiting[0].pair[0] if waiting else index
                for done in [done for done in colours if done < first]:
                    del colours[done], greys[done]
            while jobs:
                yield _with_flow(*jobs.popleft())
        finally:
            for _, _, waiting_flow in jobs:
                waiting_flow.cancel()

    def _moment(self, sample: int) -> _Moment:
        first = max(0, min(sample, self.num_samples - 2))
        second = min(first + 1, self.num_samples - 1)
        return _Moment(sample, self.frame_at(sample), (self.frame_at(first), self.frame_at(second)))

    def _submit(self, pair: tuple[int, int], greys: Mapping[int, UInt8Array]) -> Future[UInt8Array]:
        self._begun = min(self._begun, time.perf_counter())
        self._num_pairs += pair[0] != pair[1]
        first, second = (greys[index] for index in pair)
        return _pool().submit(lambda: store_flow(quantize_flow(optical_flow(first, second, self.method))))

    def _cut(self, frame: UInt8Array) -> UInt8Array:
        """Shorten the long side to the crop and what may move into it, centred as the crop is."""
        if self.crop_px is None:
            return frame
        height, width = frame.shape[:2]
        crop = self.crop_px[width > height]
        length = max(crop + 2 * _MARGIN_PX, min(height, width))
        if max(height, width) <= length:
            return frame
        start = (max(height, width) - crop) // 2 - (length - crop) // 2
        return frame[:, start : start + length] if width > height else frame[start : start + length]


@dataclass(frozen=True, slots=True)
class _Moment:
    """A sample, the source frame that it shows, and the two frames between which its flow is."""

    sample: int
    shown: int
    pair: tuple[int, int]


def _with_flow(sample: int, colour: UInt8Array, flow: Future[UInt8Array]) -> tuple[int, UInt8Array]:
    return sample, np.concatenate([colour, flow.result()], axis=-1)


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads that all flow is computed in, so that several videos together take no more than the cores."""
    return ThreadPoolExecutor(usable_cpus(), thread_name_prefix="flow")


def _algorithm(method: FlowMethod) -> Any:
    """Return this thread's own object: OpenCV's are not made for several at a time."""
    if not hasattr(_per_thread, method):
        setattr(_per_thread, method, {"tvl1": _tvl1, "dis": _dis}[method]())
    return getattr(_per_thread, method)


def _tvl1() -> Any:
    if not hasattr(getattr(_cv2, "optflow", None), "DualTVL1OpticalFlow_create"):
        raise DependencyError(
            f"flow 'tvl1' needs OpenCV with its contrib modules; cv2 {cv2.__version__} lacks them",
            hint="uninstall every opencv package and install opencv-contrib-python-headless alone, or take flow 'dis'",
        )
    return _cv2.optflow.DualTVL1OpticalFlow_create()


def _dis() -> Any:
    """Smoother than OpenCV's preset: flat, still background is then mostly still, as in TV-L1."""
    found = _cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found.setVariationalRefinementAlpha(40.0)
    found.setVariationalRefinementIterations(10)
    return found
