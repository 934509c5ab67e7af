"""Decoding ahead of inference: views of several videos at once, in order, and never more than so many in memory."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Full, Queue
from threading import Event
from types import TracebackType
from typing import Self

from accuracy.dataset import ListedVideo
from accuracy.video_check import content_sha256
from i3d_edge.errors import VideoError
from runtime import Clip, ShortcutError, ViewPlan, ViewReader, open_source

_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Restart:
    """The views of this video so far do not count: it is decoded again, from its start."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How decoding a video ended.

    Attributes:
        reason: Why its views do not count, or None.
        sha256: Of its bytes, or None if they were not read.
        warnings: What a user should know of it.
        decode_s: Time that decoding, resizing and cropping took.
    """

    reason: str | None
    sha256: str | None
    warnings: tuple[str, ...]
    decode_s: float


class _StoppedError(Exception):
    """Nobody wants the rest."""


@dataclass
class VideoFeed:
    """One video's views, as they are decoded.

    Attributes:
        video: Which.
        outcome: How decoding ended; there once `views` is exhausted.
        wait_s: How long `views` waited for decoding.
    """

    video: ListedVideo
    queue: Queue[Clip | Restart | Outcome | BaseException]
    outcome: Outcome | None = None
    wait_s: float = field(default=0.0)

    def views(self) -> Iterator[Clip | Restart]:
        """Yield views in order."""
        while True:
            started = time.perf_counter()
            item = self.queue.get()
            self.wait_s += time.perf_counter() - started
            if isinstance(item, Outcome):
                self.outcome = item
                return
            if isinstance(item, BaseException):
                raise item
            yield item


class DecodePool:
    """Decodes videos in threads, which PyAV and OpenCV allow, and hands out their feeds in the order of the videos.

    In memory are at most `num_workers` x (`queue_length` + 1) views beside the one in use, and of each video being
    decoded the frames that its next clip needs.
    """

    def __init__(
        self, videos: Sequence[ListedVideo], plan: ViewPlan, *, num_workers: int = 2, queue_length: int = 3
    ) -> None:
        self._videos = videos
        self._plan = plan
        self._num_workers = num_workers
        self._queue_length = queue_length
        self._stop = Event()
        self._threads = ThreadPoolExecutor(num_workers, thread_name_prefix="decode")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._threads.shutdown(cancel_futures=True)

    def __iter__(self) -> Iterator[VideoFeed]:
        """Yield a feed for each video; the views of one must be read before the next one is taken."""
        ahead: deque[VideoFeed] = deque()
        waiting = iter(self._videos)
        while True:
            while len(ahead) < self._num_workers and (video := next(waiting, None)) is not None:
                feed = VideoFeed(video, Queue(self._queue_length))
                self._threads.submit(self._decode, feed)
                ahead.append(feed)
            if not ahead:
                return
            yield ahead.popleft()

    def _decode(self, feed: VideoFeed) -> None:
        decoding = _Decoding(feed.video, self._plan)
        try:
            try:
                self._send(feed, decoding, thorough=False)
            except ShortcutError:
                self._put(feed, Restart())
                self._send(feed, decoding, thorough=True)
            self._put(feed, decoding.outcome())
        except _StoppedError:
            pass
        except VideoError as error:
            self._finish(feed, decoding.outcome(f"{type(error).__name__}: {error.message}"))
        except BaseException as error:  # whatever it is, whoever waits must hear of it
            self._finish(feed, error)

    def _send(self, feed: VideoFeed, decoding: _Decoding, *, thorough: bool) -> None:
        for view in decoding.views(thorough=thorough):
            self._put(feed, view)

    def _finish(self, feed: VideoFeed, item: Outcome | BaseException) -> None:
        try:
            self._put(feed, item)
        except _StoppedError:
            return

    def _put(self, feed: VideoFeed, item: Clip | Restart | Outcome | BaseException) -> None:
        while not self._stop.is_set():
            try:
                feed.queue.put(item, timeout=_POLL_S)
            except Full:
                continue
            return
        raise _StoppedError


class _Decoding:
    """One video on its way through a thread; counts only the time that decoding takes, not what waiting does."""

    def __init__(self, video: ListedVideo, plan: ViewPlan) -> None:
        self._video = video
        self._plan = plan
        self._reader: ViewReader | None = None
        self._sha256 = video.sha256
        self._decode_s = 0.0

    def views(self, *, thorough: bool) -> Iterator[Clip]:
        started = time.perf_counter()
        try:
            video = self._video
            source = open_source(
                video.file, frames_fps=video.frames_fps, num_frames=video.num_frames, thorough=thorough
            )
            if self._sha256 is None:
                self._sha256 = content_sha256(video.file)
            self._reader = ViewReader(source, self._plan)
            for view in self._reader:
                self._decode_s += time.perf_counter() - started
                yield view
                started = time.perf_counter()
        finally:
            self._decode_s += time.perf_counter() - started

    def outcome(self, reason: str | None = None) -> Outcome:
        warnings = () if self._reader is None else self._reader.warnings
        return Outcome(reason, self._sha256, warnings, self._decode_s)
