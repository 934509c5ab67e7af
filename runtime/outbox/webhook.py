"""Webhook: posts events as JSON, one per request."""

import base64
import urllib.error
import urllib.request
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from i3d_edge.core.masking import masked
from i3d_edge.core.messages import Say
from i3d_edge.runtime.live.address import require_web_address
from i3d_edge.runtime.live.backoff import Backoff
from i3d_edge.runtime.outbox.delivery import Delivery, Outbox, Refused

TIMEOUT_S = 5.0
_RETRIED_STATUSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


def webhook_to(url: str, outbox: Outbox, *, say: Say, backoff: Backoff | None = None) -> Delivery:
    """Post the lines of an outbox, JSON texts, to an http or https URL, in a thread of their own; see `Delivery`.

    Messages show neither user and password nor the path, which is a password as a rule. Raises ArgumentError if the URL
    is of another kind.
    """
    require_web_address(url)
    receiver = f"webhook {masked(url, shows_path=False)}"
    return Delivery(receiver, outbox, partial(post_json, url), say=say, backoff=backoff)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """urllib would follow a redirect with a GET, and the event would be gone."""

    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        """Follow none."""


_OPENER = urllib.request.build_opener(_NoRedirects)


def post_json(url: str, text: str) -> None:
    """Post a JSON text; user and password in the URL are sent as basic authorization.

    Raises:
        Refused: If the status is 3xx or 4xx, except 408, 425 and 429.
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
