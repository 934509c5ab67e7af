"""The thread that reads a stream and cuts its windows."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from i3d_edge.runtime.live.mailbox import Closed, Mailbox
from i3d_edge.runtime.live.source import Gap, LiveSource
from i3d_edge.runtime.live.window import StreamWindow, WindowBuilder

_JOIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Ended:
    """The stream has ended, with an error or without."""

    error: BaseException | None


class StreamReader:
    """Reads, decodes and cuts windows in its own thread; see `Mailbox` for what happens when nobody takes them.

    Attributes:
        num_dropped: Windows dropped so far.
    """

    def __init__(self, source: LiveSource, builder: WindowBuilder, *, most_waiting: int = 1) -> None:
        """Prepare to read; once `most_waiting` windows of a live source wait, the next one replaces them all."""
        self.num_dropped, self._most_waiting = 0, most_waiting
        self._source, self._builder = source, builder
        self._mailbox: Mailbox[StreamWindow | Gap | Ended] = Mailbox()
        self._thread = threading.Thread(target=self._run, name="stream-reader", daemon=True)

    @property
    def num_waiting(self) -> int:
        """How many windows wait to be taken."""
        return len(self._mailbox)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def take(self, timeout_s: float) -> StreamWindow | Gap | Ended | None:
        """Return the next item; None if none arrives within the time-out."""
        return self._mailbox.take(timeout_s)

    def close(self) -> None:
        """End the thread, and wait for it briefly, since it may be stuck in a driver."""
        self._mailbox.close()
        if self._thread.ident is not None:  # it was started
            self._thread.join(_JOIN_S)

    def _run(self) -> None:
        try:
            for item in self._source:
                if isinstance(item, Gap):
                    self._builder.restart()
                    self._mailbox.note(item)
                    continue
                for window in self._builder.add(item):
                    self._hand_over(window)
            for window in self._builder.finish(self._source.frame_duration):
                self._hand_over(window)
            self._mailbox.note(Ended(None))
        except Closed:
            pass
        except BaseException as error:  # re-raised by whoever takes windows
            self._mailbox.note(Ended(error))

    def _hand_over(self, window: StreamWindow) -> None:
        if self._source.is_live:
            num_dropped = self._mailbox.make_room(self._most_waiting)
            self.num_dropped += num_dropped
            self._mailbox.add(replace(window, follows=False) if num_dropped else window)
        else:
            self._mailbox.put(window)
