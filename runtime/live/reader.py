"""The thread that reads a stream."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from i3d_edge.runtime.live.frame import LiveFrame
from i3d_edge.runtime.live.lane import Ended, Lane
from i3d_edge.runtime.live.mailbox import Closed
from i3d_edge.runtime.live.source import Gap, LiveSource

JOIN_S = 1.0  # how long a thread that ends is waited for


class StreamReader:
    """Reads and decodes in its own thread, and feeds lanes there; keeps the newest frame."""

    def __init__(self, source: LiveSource, lanes: Sequence[Lane]) -> None:
        self.newest: LiveFrame | None = None
        self._source, self._lanes = source, lanes
        self._thread = threading.Thread(target=self._run, name="stream-reader", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def close(self, limit_s: float | None = None) -> None:
        """End the thread, and wait for it briefly, `JOIN_S` by default, since it may be stuck in a driver."""
        for lane in self._lanes:
            lane.close()
        if self._thread.ident is not None:  # it was started
            self._thread.join(JOIN_S if limit_s is None else limit_s)

    def _run(self) -> None:
        try:
            for item in self._source:
                if isinstance(item, Gap):
                    self._note(item)
                    continue
                frame = replace(item, image=item.rgb()) if len(self._lanes) > 1 else item  # converted once for all
                self.newest = frame
                for lane in self._lanes:
                    lane.add(frame)
            self._note(Ended(None))
        except Closed:
            pass
        except BaseException as error:  # re-raised by whoever takes windows
            self._note(Ended(error))

    def _note(self, item: Gap | Ended) -> None:
        for lane in self._lanes:
            lane.note(item)
