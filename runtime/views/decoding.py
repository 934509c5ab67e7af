"""Decoding ahead of inference: views of several videos at once, in order, and never more than so many in memory."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from threading import Event
from typing import Generic, Protocol, Self, TypeVar

from i3d_edge.core.errors import ClipShapeError, VideoError
from i3d_edge.runtime.frames.frame_source import FrameSource
from i3d_edge.runtime.frames.timeline import Timeline
from i3d_edge.runtime.frames.video import ShortcutError, one_of_many
from i3d_edge.runtime.views.flow import FlowCost
from i3d_edge.runtime.views.plan import Clip, ViewPlan, ViewReader

_POLL_S = 0.1
_QUEUE_LENGTH = 2  # views of one video that wait for being used


class Openable(Protocol):
    """Something with frames, not opened yet."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def open(self, *, thorough: bool = False) -> FrameSource:
        """Open it; in a thread. For `thorough` see `Video.open`."""


Video = TypeVar("Video", bound=Openable)


@dataclass(frozen=True, slots=True)
class Restart:
    """The views of this video so far do not count: it is decoded again, from its start."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How decoding a video ended."""

    error: VideoError | ClipShapeError | None  # why its views do not count, or None
    timeline: Timeline | None  # its clock, or None if it was not found out
    warnings: tuple[str, ...]  # what a user should know of it
    decode_s: float  # time that opening, decoding, resizing and cropping took, and computing flow
    flow: FlowCost | None = None  # what computing flow took, where it was


@dataclass
class VideoFeed(Generic[Video]):
    """One video's views, as they are decoded."""

    video: Video
    queue: Queue[Clip | Restart | Outcome | BaseException]
    outcome: Outcome | None = None  # how decoding ended; there once `views` is exhausted
    wait_s: float = field(default=0.0)  # how long `views` waited for decoding

    def views(self, patience_s: float | None = None) -> Iterator[Clip | Restart | None]:
        """Yield views in order, and None whenever the next one takes longer than `patience_s`."""
        while True:
            started = time.perf_counter()
            try:
                item = self.queue.get(timeout=patience_s)
            except Empty:
                yield None
                continue
            finally:
                self.wait_s += time.perf_counter() - started
            if isinstance(item, Outcome):
                self.outcome = item
                return
            if isinstance(item, BaseException):
                raise item
            yield item


class DecodePool(Generic[Video]):
    """Decodes videos in threads, and hands out their feeds in the order of the videos.

    In memory are at most 2 x (`num_workers` + 2) + `num_workers` views beside the one in use, and of each video
    being decoded the frames that its next clip needs; however long the videos are, and however many.
    """

    def __init__(self, videos: Iterable[Video], plan: ViewPlan, *, num_workers: int = 2) -> None:
        """Prepare to decode; the threads begin with the first feed, and videos are taken as far as is worked ahead."""
        self._videos, self._plan = videos, plan
        self._num_videos = num_workers + 2  # decoded, or waiting for being used, at once
        self._stop = Event()
        self._threads = ThreadPoolExecutor(num_workers, thread_name_prefix="decode")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop.set()
        self._threads.shutdown(wait=kind is not KeyboardInterrupt, cancel_futures=True)

    def __iter__(self) -> Iterator[VideoFeed[Video]]:
        """Yield a feed for each video; the views of one must be read before the next one is taken."""
        ahead: deque[VideoFeed[Video]] = deque()
        waiting = iter(self._videos)
        while True:
            while len(ahead) < self._num_videos and (video := next(waiting, None)) is not None:
                feed = VideoFeed(video, Queue(_QUEUE_LENGTH))
                self._threads.submit(self._decode, feed)
                ahead.append(feed)
            if not ahead:
                return
            yield ahead.popleft()

    def _decode(self, feed: VideoFeed[Video]) -> None:
        try:
            for item in _decoded(feed.video, self._plan, self._stop):
                if not self._put(feed, item):
                    return
        except BaseException as error:  # whatever it is, whoever waits must hear of it
            self._put(feed, error)

    def _put(self, feed: VideoFeed[Video], item: Clip | Restart | Outcome | BaseException) -> bool:
        """Hand an item on; return False if nobody wants it any more."""
        while not self._stop.is_set():
            with suppress(Full):
                feed.queue.put(item, timeout=_POLL_S)
                return True
        return False


def _decoded(video: Openable, plan: ViewPlan, stop: Event) -> Iterator[Clip | Restart | Outcome]:
    """Yield a video's views, and then how it ended; only the time that decoding takes counts, not what waiting does."""
    reader: ViewReader | None = None
    error: VideoError | ClipShapeError | None = None
    decode_s, started = 0.0, time.perf_counter()
    for thorough in (False, True):
        try:
            with one_of_many(video.name):
                reader = ViewReader(video.open(thorough=thorough), plan, is_stopped=stop.is_set)
                for view in reader:
                    decode_s += time.perf_counter() - started
                    yield view
                    started = time.perf_counter()
            break
        except ShortcutError:
            if thorough:
                raise
            yield Restart()
        except (VideoError, ClipShapeError) as failure:
            error = failure
            break
    decode_s += time.perf_counter() - started
    if reader is None:
        yield Outcome(error, None, (), decode_s)
    else:
        yield Outcome(error, reader.source.timeline, reader.warnings, decode_s, reader.flow_cost)
