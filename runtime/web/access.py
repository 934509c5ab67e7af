"""Who may ask: the token, and requests that a browser sends because another site wants it to."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from i3d_edge.core.errors import ArgumentError
from i3d_edge.runtime.settings.rules import is_loopback
from i3d_edge.runtime.web.uploads import read_body

COOKIE = "i3d"
_COOKIE_S = 30 * 24 * 3600
_OPEN = ("/healthz", "/readyz", "/login")
_MAX_FORM_BYTES = 4096
_AFTER_WRONG_S = 1.0
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Access:
    """The rules of one server, which is reached as `host`, `localhost`, this machine's name and those of `hosts`."""

    def __init__(self, host: str, token: str | None, hosts: Collection[str]) -> None:
        """Take the token that programs send and people type; without one, anybody on this machine may ask.

        Raises:
            ArgumentError: If there is none although other machines can connect.
        """
        self._is_loopback = is_loopback(host)
        if token is None and not self._is_loopback:
            raise ArgumentError(
                f"the page at {host} can be reached from other machines and has no token",
                hint="set `web: token:`, or listen on 127.0.0.1",
            )
        self.token = token
        self._hosts = {name.lower() for name in ("localhost", host, socket.gethostname(), *hosts)}
        # It proves that its holder knew the token, outlives a restart, and is not the token itself.
        self._cookie = hmac.new((token or "").encode(), b"cookie", hashlib.sha256).hexdigest()

    def is_own(self, host: str) -> bool:
        """Return whether a Host header is ours. An address cannot be rebound; a name that we do not know might be."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._hosts:
            return True
        try:
            return ipaddress.ip_address(name).is_loopback or not self._is_loopback
        except ValueError:
            return False

    def is_known(self, headers: Headers) -> bool:
        """Return whether a request comes with the token, or the cookie made of it, or needs none."""
        if self.token is None:
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(given.strip(), self.token):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and _same(cookie.value, self._cookie)

    async def log_in(self, request: Request) -> Response | None:
        """Answer a form with the token in it by a cookie; None, a second later, if it is the wrong one."""
        form = parse_qs((await read_body(request, _MAX_FORM_BYTES)).decode(errors="replace"))
        if self.token is None or not _same(form.get("token", [""])[0].strip(), self.token):
            await asyncio.sleep(_AFTER_WRONG_S)
            return None
        response = RedirectResponse("/", 303)
        is_secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
        response.set_cookie(COOKIE, self._cookie, max_age=_COOKIE_S, httponly=True, samesite="strict", secure=is_secure)
        return response


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


class Guard:
    """Answers requests that may not be answered otherwise, and adds the headers of safety to all answers."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if message["status"] >= 400 and scope["method"] not in _SAFE_METHODS:
                    headers["Connection"] = "close"  # what else comes of a refused body is not read
            await send(message)

        answer = self._refusal(scope["method"], scope["path"], Headers(scope=scope)) or self._app
        await answer(scope, receive, send_safely)

    def _refusal(self, method: str, path: str, headers: Headers) -> Response | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._access.is_own(host):
            return JSONResponse({"error": "this host is not served here: name it in `web: hosts:`"}, 421)
        if method not in _SAFE_METHODS and origin is not None and urlsplit(origin).netloc != host:
            return JSONResponse({"error": "another site may not send this"}, 403)
        if path in _OPEN or path.startswith("/static/") or self._access.is_known(headers):
            return None
        if method == "GET" and "text/html" in headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        return JSONResponse({"error": "the token is missing or wrong"}, 401, {"WWW-Authenticate": "Bearer"})
