"""A webhook: events are posted from a thread of their own, in order, and kept while nobody answers."""

from __future__ import annotations

import base64
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from i3d_edge.runtime.frames.container import short_reason
from i3d_edge.runtime.live.address import masked
from i3d_edge.runtime.live.backoff import Backoff

MAX_WAITING = 1000
"""Events that are kept; a further one takes the place of the oldest."""

TIMEOUT_S = 5.0
_RETRIED_STATUSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


class Refused(Exception):  # noqa: N818 - it is no error of ours
    """The receiver will not take this event, however often it is sent."""


@dataclass
class DeliveryCounts:
    """What became of the events."""

    num_sent: int = 0
    num_retries: int = 0
    num_lost: int = 0


class Outbox:
    """Events that wait to be sent, oldest first, and when to try the first one next. Pure: it is told the time."""

    def __init__(self, max_waiting: int = MAX_WAITING, backoff: Backoff | None = None) -> None:
        self.counts = DeliveryCounts()
        self.due_s = 0.0
        self._backoff = backoff or Backoff(max_attempts=None)
        self._waiting: deque[tuple[int, str]] = deque()
        self._max_waiting = max_waiting
        self._num_added = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, event: str) -> None:
        """Keep an event; the oldest is lost where there are too many."""
        if len(self._waiting) == self._max_waiting:
            self._waiting.popleft()
            self.counts.num_lost += 1
        self._waiting.append((self._num_added, event))
        self._num_added += 1

    def first(self) -> tuple[int, str] | None:
        """Return the number and the text of the event that is to be sent next."""
        return self._waiting[0] if self._waiting else None

    def sent(self, number: int) -> None:
        """Say that an event arrived."""
        self.counts.num_sent += 1
        self._remove(number)

    def refused(self, number: int) -> None:
        """Say that an event will never be taken."""
        self.counts.num_lost += self._remove(number)

    def failed(self, now_s: float) -> None:
        """Say that an attempt failed, and may succeed later."""
        self.counts.num_retries += 1
        self.due_s = now_s + (self._backoff.failed() or 0.0)

    def _remove(self, number: int) -> bool:
        """Take an event out, unless it was lost while it was being sent."""
        self._backoff.succeeded()
        self.due_s = 0.0
        if self._waiting and self._waiting[0][0] == number:
            self._waiting.popleft()
            return True
        return False

    def abandon(self) -> None:
        """Give up what still waits."""
        self.counts.num_lost += len(self._waiting)
        self._waiting.clear()


class Webhook:
    """Posts events as JSON, one per request, without ever making the caller wait.

    What cannot be delivered is tried again after 1, 2, 4, ... 30 s for as long as it takes, and later events wait
    behind it. An answer of 3xx or 4xx, other than 408, 425 and 429, will not change: that event is lost and it is the
    next one's turn. Lost events are counted.
    """

    def __init__(
        self,
        url: str,
        *,
        say: Callable[[str], None] = lambda _text: None,
        post: Callable[[str, str], None] | None = None,
        outbox: Outbox | None = None,
    ) -> None:
        """Start the thread.

        Args:
            url: Where to post; http or https. User and password in it are sent as basic authorization.
            say: Is told, once per outage, that the receiver does not answer, and that it does again.
            post: Sends one text to the URL, in place of the real one.
            outbox: In place of an empty one.

        Raises:
            ValueError: If the URL is of another kind.
        """
        check_url(url)
        self.shown = masked(url)
        self._url, self._say, self._post = url, say, post or post_json
        self._outbox = Outbox() if outbox is None else outbox
        self._changed = threading.Condition()
        self._is_closing = False
        self._is_down = False
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    @property
    def counts(self) -> DeliveryCounts:
        """What became of the events so far."""
        return self._outbox.counts

    @property
    def num_waiting(self) -> int:
        """How many events are kept for now."""
        return len(self._outbox)

    def send(self, event: str) -> None:
        """Take an event, a JSON text, and return at once."""
        with self._changed:
            self._outbox.add(event)
            self._changed.notify()

    def close(self, limit_s: float = 10.0) -> None:
        """Deliver what waits, for so many seconds at most; what is left then is lost."""
        with self._changed:
            self._is_closing = True
            self._outbox.due_s = 0.0
            self._changed.notify()
        self._thread.join(limit_s)
        with self._changed:
            self._outbox.abandon()
            self._changed.notify()

    def _run(self) -> None:
        while (first := self._next()) is not None:
            number, event = first
            try:
                self._post(self._url, event)
            except Refused as error:
                with self._changed:
                    self._outbox.refused(number)
                self._say(f"webhook {self.shown} refused an event, which is lost: {error}")
            except (OSError, HTTPException, ValueError) as error:
                with self._changed:
                    self._outbox.failed(time.monotonic())
                self._tell_down(error)
            else:
                with self._changed:
                    self._outbox.sent(number)
                if self._is_down:
                    self._is_down = False
                    self._say(f"webhook {self.shown} answers again")

    def _next(self) -> tuple[int, str] | None:
        """Wait for an event whose time has come; None when there will be none."""
        with self._changed:
            while True:
                first = self._outbox.first()
                if first is None and self._is_closing:
                    return None
                wait_s = None if first is None else self._outbox.due_s - time.monotonic()
                if first is not None and wait_s is not None and wait_s <= 0:
                    return first
                self._changed.wait(wait_s)

    def _tell_down(self, error: Exception) -> None:
        if not self._is_down:
            self._is_down = True
            self._say(f"webhook {self.shown} does not answer ({short_reason(error)}); events are kept")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would follow a redirect with a GET, and the event would be gone."""

    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        """Follow none."""


_OPENER = urllib.request.build_opener(_NoRedirects)


def check_url(url: str) -> None:
    """Refuse what cannot be posted to.

    Raises:
        ValueError: If it is not an http or https URL with a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"webhook must be an http:// or https:// URL; got {masked(url)!r}")


def post_json(url: str, text: str) -> None:
    """Post a JSON text; user and password in the URL are sent as basic authorization.

    Raises:
        Refused: If the answer is a status that will not change.
        OSError: If it does not arrive, or the answer is a status that may change.
        HTTPException: If the answer is not HTTP.
    """
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    headers = {"Content-Type": "application/json", "User-Agent": "i3d-edge"}
    if user:
        headers["Authorization"] = "Basic " + base64.b64encode(unquote(user).encode()).decode()
    request = urllib.request.Request(
        urlunsplit(parts._replace(netloc=host)), data=text.encode(), headers=headers, method="POST"
    )
    try:
        with _OPENER.open(request, timeout=TIMEOUT_S) as response:
            response.read(1024)
    except urllib.error.HTTPError as error:
        error.close()
        if 300 <= error.code < 500 and error.code not in _RETRIED_STATUSES:
            raise Refused(f"status {error.code}") from None
        raise OSError(f"status {error.code}") from None
