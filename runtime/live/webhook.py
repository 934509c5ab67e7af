"""A webhook: events are posted from a thread of their own, in order, and kept while nobody answers."""

from __future__ import annotations

import base64
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from i3d_edge.core.errors import ArgumentError
from i3d_edge.runtime.frames.container import short_reason
from i3d_edge.runtime.live.address import masked
from i3d_edge.runtime.live.backoff import Backoff

MAX_WAITING = 1000
"""Events that are kept; a further one takes the place of the oldest."""

TIMEOUT_S = 5.0
_RETRIED_STATUSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


class Refused(Exception):  # noqa: N818 - it is no error of ours
    """The receiver will not take this event, however often it is sent."""


class Webhook:
    """Posts events as JSON, one per request, without ever making the caller wait.

    What cannot be delivered is tried again after 1, 2, 4, ... 30 s for as long as it takes, and later events wait
    behind it. An answer of 3xx or 4xx, other than 408, 425 and 429, will not change: that event is lost and it is the
    next one's turn. Lost events are counted.

    Attributes:
        shown: The URL without what gives access.
        num_sent: Events that arrived.
        num_retries: Attempts that failed and were repeated.
        num_lost: Events that will never arrive.
    """

    def __init__(
        self,
        url: str,
        *,
        say: Callable[[str], None] = lambda _text: None,
        post: Callable[[str, str], None] | None = None,
        backoff: Backoff | None = None,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        """Start the thread.

        Args:
            url: Where to post; http or https. User and password in it are sent as basic authorization.
            say: Is told, once per outage, that the receiver does not answer, and that it does again.
            post: Sends one text to the URL, in place of the real one.
            backoff: Between attempts, without a limit.
            max_waiting: Events that are kept; a further one takes the place of the oldest.

        Raises:
            ArgumentError: If the URL is of another kind.
        """
        check_url(url)
        self.shown = masked(url)
        self.num_sent = self.num_retries = self.num_lost = 0
        self._url, self._say, self._post = url, say, post or post_json
        self._backoff = backoff or Backoff(max_attempts=None)
        self._max_waiting = max_waiting
        self._waiting: deque[str] = deque()  # the first one is being sent
        self._changed = threading.Condition()
        self._is_closing = self._is_given_up = self._is_down = False
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    @property
    def num_waiting(self) -> int:
        """How many events are kept for now."""
        return len(self._waiting)

    def send(self, event: str) -> None:
        """Take an event, a JSON text, and return at once."""
        with self._changed:
            if len(self._waiting) > self._max_waiting:
                del self._waiting[1]
                self.num_lost += 1
            self._waiting.append(event)
            self._changed.notify()

    def close(self, limit_s: float = 10.0) -> None:
        """Deliver what waits, for so many seconds at most; what is left then is lost."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(limit_s)
        with self._changed:
            self._is_given_up = True
            self.num_lost += len(self._waiting)
            self._waiting.clear()
            self._changed.notify()

    def _run(self) -> None:
        while (event := self._next()) is not None:
            try:
                self._post(self._url, event)
            except Refused as error:
                self._settle(is_lost=True)
                self._say(f"webhook {self.shown} refused an event, which is lost: {error}")
            except (OSError, HTTPException, ValueError) as error:
                if not self._is_down:
                    self._say(f"webhook {self.shown} does not answer ({short_reason(error)}); events are kept")
                self._is_down = True
                self._wait()
            else:
                self._settle(is_lost=False)
                if self._is_down:
                    self._say(f"webhook {self.shown} answers again")
                self._is_down = False

    def _next(self) -> str | None:
        """Return the event that is to be sent, once there is one; None when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closing)
            return self._waiting[0] if self._waiting else None

    def _settle(self, *, is_lost: bool) -> None:
        """Be done with the event that was sent, unless it was given up meanwhile."""
        with self._changed:
            self._backoff.succeeded()
            if self._waiting:
                self._waiting.popleft()
                self.num_lost += is_lost
                self.num_sent += not is_lost

    def _wait(self) -> None:
        """Wait before the next attempt; closing cuts that short, once."""
        with self._changed:
            self.num_retries += 1
            was_closing, delay_s = self._is_closing, self._backoff.failed()
            self._changed.wait_for(lambda: self._is_given_up or self._is_closing != was_closing, delay_s)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would follow a redirect with a GET, and the event would be gone."""

    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        """Follow none."""


_OPENER = urllib.request.build_opener(_NoRedirects)


def check_url(url: str) -> None:
    """Refuse what cannot be posted to.

    Raises:
        ArgumentError: If it is not an http or https URL with a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ArgumentError(f"webhook must be an http:// or https:// URL; got {masked(url)!r}")


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
