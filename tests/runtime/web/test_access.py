"""Who may ask: the token, the cookie, hosts and origins."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_box import Connect, FakeBox
from starlette.testclient import TestClient

from i3d_edge.core.errors import ArgumentError
from i3d_edge.runtime.settings import WebConfig
from i3d_edge.runtime.web import WebServer, WebSink
from i3d_edge.runtime.web.access import Access

TOKEN = "0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PROTECTED = ("/", "/review", "/classify", "/camera/door", "/metrics", "/v2", "/api/updates", "/openapi.json", "/none")


@pytest.mark.parametrize("path", PROTECTED)
def test_nothing_but_health_is_told_without_the_token(connect: Connect, path: str) -> None:
    client = connect(token=TOKEN)
    refused = client.get(path)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    asked_by_browser = client.get(path, headers={"Accept": "text/html,*/*"})
    assert (asked_by_browser.status_code, asked_by_browser.headers["location"]) == (303, "/login")
    assert client.get(path, headers={"Authorization": f"Bearer {TOKEN}x"}).status_code == 401
    if path != "/api/updates":  # it would not end
        assert client.get(path, headers=BEARER).status_code == (404 if path == "/none" else 200)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/login", "/static/page.css"])
def test_these_are_open(connect: Connect, path: str) -> None:
    assert connect(token=TOKEN).get(path).status_code == 200


def test_a_loopback_address_needs_no_token(connect: Connect) -> None:
    assert connect().get("/metrics").status_code == 200


@pytest.mark.parametrize("address", ["0.0.0.0:80", "example.invalid:80", "[::]:80"])
def test_addresses_that_are_refused(box: FakeBox, sink: WebSink, tmp_path: Path, address: str) -> None:
    with pytest.raises(ArgumentError, match="can be reached from other machines and has no token"):
        WebServer(box, sink, WebConfig(address=address), state=tmp_path, model="tiny")


def log_in(client: TestClient, token: str, **headers: str) -> int:
    return client.post("/login", data={"token": token}, headers=headers).status_code


def test_the_form_gives_a_cookie_that_is_not_the_token(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.web.access._AFTER_WRONG_S", 0)
    client = connect(token=TOKEN)
    assert log_in(client, "wrong") == 403
    assert not client.cookies
    answer = client.post("/login", data={"token": TOKEN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    assert client.get("/").status_code == 200
    behind = connect(token=TOKEN).post("/login", data={"token": TOKEN}, headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in behind.headers["set-cookie"]
    other = connect(token=TOKEN + "x")
    assert other.get("/", headers={"Cookie": f"i3d={client.cookies['i3d']}"}).status_code == 401


@pytest.mark.parametrize("cookie", ["i3d=", "i3d=x", 'i3d="', "x=1; =; i3d=\x7f"])
def test_other_cookies_open_nothing(connect: Connect, cookie: str) -> None:
    assert connect(token=TOKEN).get("/", headers={"Cookie": cookie}).status_code == 401


@pytest.mark.parametrize(
    ("bound", "host", "is_own"),
    [
        ("127.0.0.1", "127.0.0.1:8080", True),
        ("127.0.0.1", "LOCALHOST:8080", True),
        ("127.0.0.1", "[::1]:8080", True),
        ("127.0.0.1", "named.example", True),
        ("127.0.0.1", "evil.example:8080", False),
        ("127.0.0.1", "10.0.0.5:8080", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", "[::1", False),
        ("0.0.0.0", "10.0.0.5:8080", True),
        ("0.0.0.0", "evil.example", False),
    ],
)
def test_a_name_that_is_not_ours_is_not_answered(bound: str, host: str, is_own: bool) -> None:
    assert Access(bound, TOKEN, ["Named.example"]).is_own(host) == is_own


def test_rebinding_and_other_sites_are_refused(connect: Connect) -> None:
    client = connect()
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
    review = {"id": "1-a", "verdict": "seen"}
    for origin, status in (
        ("http://evil.example", 403),
        ("null", 403),
        ("http://localhost:8081", 403),
        ("http://localhost:8080", 404),  # it is let through, and there is no such event
    ):
        assert client.post("/api/reviews", json=review, headers={"Origin": origin}).status_code == status, origin


@pytest.mark.parametrize("path", ["/", "/metrics", "/static/page.js", "/none", "/api/picture/door"])
def test_every_answer_has_the_headers_of_safety(connect: Connect, path: str) -> None:
    headers = connect().get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
