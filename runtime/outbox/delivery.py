"""Delivery of an outbox's lines to one receiver: in order, each again until it arrives."""

import threading
from collections import deque
from collections.abc import Callable
from http.client import HTTPException

from i3d_edge.core.messages import Say
from i3d_edge.core.text import short_reason
from i3d_edge.runtime.live.backoff import Backoff
from i3d_edge.runtime.outbox.unread import Unread


class Refused(Exception):  # noqa: N818 - it is no error of ours
    """The receiver will never accept this line."""


class Queue:
    """Lines in memory that wait for one receiver; `changed` guards them, and is notified when one comes."""

    def __init__(self, max_waiting: int = 1000) -> None:
        """Keep so many lines besides the one that is being delivered; the next one replaces the oldest."""
        self.changed, self.num_lost = threading.Condition(), 0
        self._max_waiting = max_waiting
        self._lines: deque[str] = deque()  # the first one is being delivered

    def __len__(self) -> int:
        return len(self._lines)

    def __bool__(self) -> bool:
        return bool(self._lines)

    def put(self, line: str) -> None:
        """Take a line, and return at once."""
        with self.changed:
            if len(self._lines) > self._max_waiting:
                del self._lines[1]
                self.num_lost += 1
            self._lines.append(line)
            self.changed.notify_all()

    def first(self) -> str | None:
        """Return the oldest line."""
        with self.changed:
            return self._lines[0] if self._lines else None

    def remove(self) -> bool:
        """Take out the oldest line, which was delivered or refused; False if it is not there any more."""
        with self.changed:
            if is_there := bool(self._lines):
                self._lines.popleft()
            return is_there

    def abandon(self) -> None:
        """Lose all lines."""
        with self.changed:
            self.num_lost += len(self._lines)
            self._lines.clear()


Outbox = Queue | Unread  # true if lines wait, which is asked while `changed` is held


class Delivery:
    """Delivers the lines of an outbox to one receiver, in a thread of its own, and counts them.

    A line that fails is tried again after 1, 2, 4, ... 30 s until it arrives, and later lines wait behind it. One that
    is refused is lost, and the next one is tried.
    """

    def __init__(
        self, receiver: str, outbox: Outbox, deliver: Callable[[str], None], *, say: Say, backoff: Backoff | None = None
    ) -> None:
        """Start the thread.

        `deliver` returns when a line has arrived, and raises `Refused`, or OSError, HTTPException or ValueError to be
        called again. `say` is told when the receiver stops answering, answers again, or refuses a line.
        """
        self.num_sent = self.num_retries = self._num_refused = 0
        self._is_given_up = self._is_closing = self._is_down = False
        self.receiver, self._outbox, self._deliver, self._say = receiver, outbox, deliver, say
        self._backoff = backoff or Backoff(max_attempts=None)
        self._changed = outbox.changed
        self._thread = threading.Thread(target=self._run, name=receiver, daemon=True)
        self._thread.start()

    @property
    def num_waiting(self) -> int:
        """Lines that have not arrived yet."""
        return len(self._outbox)

    @property
    def num_lost(self) -> int:
        """Lines that will never arrive."""
        return self._num_refused + self._outbox.num_lost

    def close(self, limit_s: float = 10.0) -> None:
        """Deliver what waits within `limit_s` seconds; what is left, the outbox keeps or loses."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join(limit_s)
        with self._changed:
            self._is_given_up = True
            self._changed.notify_all()
        self._outbox.abandon()

    def _run(self) -> None:
        while True:
            try:
                if (line := self._next()) is None:
                    return
                self._deliver(line)
            except Refused as error:
                self._backoff.succeeded()
                self._num_refused += self._outbox.remove()
                self._say(f"{self.receiver} refused an event, which is lost: {error}")
            except (OSError, HTTPException, ValueError) as error:
                if not self._is_down and not self._is_given_up:
                    self._say(f"{self.receiver} does not answer ({short_reason(error)}); events are kept")
                self._is_down = True
                self._wait()
            else:
                self._backoff.succeeded()
                self.num_sent += self._outbox.remove()
                if self._is_down:
                    self._say(f"{self.receiver} answers again")
                self._is_down = False

    def _next(self) -> str | None:
        """Wait for a line to deliver and return it; None if there will be none."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closing or bool(self._outbox))
            if self._is_given_up:
                return None
            if (line := self._outbox.first()) is not None or self._is_closing:
                return line

    def _wait(self) -> None:
        """Wait before the next attempt; closing ends the wait, once."""
        with self._changed:
            self.num_retries += 1
            was_closing, delay_s = self._is_closing, self._backoff.failed()
            self._changed.wait_for(lambda: self._is_given_up or self._is_closing != was_closing, delay_s)
