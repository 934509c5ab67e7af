"""A webhook: a thread posts events in order, and keeps them while the receiver does not answer."""

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
from i3d_edge.core.masking import masked
from i3d_edge.core.messages import Say
from i3d_edge.core.text import short_reason
from i3d_edge.runtime.live.backoff import Backoff

MAX_WAITING = 1000
"""Number of events to keep; the next one replaces the oldest."""

TIMEOUT_S = 5.0
_RETRIED_STATUSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


class Refused(Exception):  # noqa: N818 - it is no error of ours
    """The receiver will never accept this event."""


class Webhook:
    """Posts events as JSON, one per request, and never makes the caller wait.

    A failed event is sent again after 1, 2, 4, ... 30 s until it arrives, and later events wait behind it. A status
    of 3xx or 4xx, except 408, 425 and 429, is final: that event is lost, and the next one is sent.

    Attributes:
        shown: The URL without credentials and path, which is a password as a rule.
        num_sent: Events that arrived.
        num_retries: Attempts that failed and were repeated.
        num_lost: Events that will never arrive.
    """

    def __init__(
        self,
        url: str,
        *,
        say: Say = lambda _text: None,
        post: Callable[[str, str], None] | None = None,
        backoff: Backoff | None = None,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        """Start the thread.

        Args:
            url: An http or https URL. User and password in it are sent as basic authorization.
            say: Called with a message when the receiver stops answering, and when it answers again.
            post: Sends a text to the URL; a replacement for tests.
            backoff: Delays between attempts, without a limit.
            max_waiting: Number of events to keep; the next one replaces the oldest.

        Raises:
            ArgumentError: If the URL is of another kind.
        """
        check_url(url)
        self.shown = masked(url, shows_path=False)
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
        """How many events are waiting."""
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
        """Deliver the waiting events within `limit_s` seconds; those left are lost."""
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
        """Wait for an event to send and return it; None if the webhook is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closing)
            return self._waiting[0] if self._waiting else None

    def _settle(self, *, is_lost: bool) -> None:
        """Remove the event that was sent, unless closing already gave it up."""
        with self._changed:
            self._backoff.succeeded()
            if self._waiting:
                self._waiting.popleft()
                self.num_lost += is_lost
                self.num_sent += not is_lost

    def _wait(self) -> None:
        """Wait before the next attempt; closing ends the wait, once."""
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
    """Check that a URL can be posted to.

    Raises:
        ArgumentError: If it is not an http or https URL with a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ArgumentError(f"webhook must be an http:// or https:// URL; got {masked(url, shows_path=False)!r}")


def post_json(url: str, text: str) -> None:
    """Post a JSON text; user and password in the URL are sent as basic authorization.

    Raises:
        Refused: If the status is final.
        OSError: If it does not arrive, or the status may change.
        HTTPException: If the answer is not HTTP.
    """
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    headers = {"Content-Type": "application/json", "User-Agent": "i3d-edge"}
    if user:
        headers["Authorization"] = "Basic " + base64.b64encode(unquote(user).encode()).decode()
    request = urllib.request.Request(
        urlunsplit(parts._replace(netloc=host)),
        data=text.encode(errors="backslashreplace"),
        headers=headers,
        method="POST",
    )
    try:
        with _OPENER.open(request, timeout=TIMEOUT_S) as response:
            response.read(1024)
    except urllib.error.HTTPError as error:
        error.close()
        if 300 <= error.code < 500 and error.code not in _RETRIED_STATUSES:
            raise Refused(f"status {error.code}") from None
        raise OSError(f"status {error.code}") from None
