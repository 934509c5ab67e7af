"""The page in a browser: it opens, follows the box, outlives a restart, and is reviewed by keyboard."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_box import HOSTILE, FakeBox, event

from i3d_edge.runtime.settings import WebConfig
from i3d_edge.runtime.web import WebServer, WebSink

BROWSER = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright (pip install playwright)")
pytestmark = pytest.mark.skipif(not BROWSER.exists(), reason=f"no Chromium at {BROWSER}")

Serve = Callable[[], WebServer]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"] * (os.geteuid() == 0))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    page.close()
    assert problems == []


@pytest.fixture
def serve(box: FakeBox, sink: WebSink, tmp_path: Path) -> Iterator[Serve]:
    """Start a server, always on the same port; one after another."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    servers: list[WebServer] = []

    def start() -> WebServer:
        own = sink if not servers else WebSink(tmp_path)
        servers.append(WebServer(box, own, WebConfig(address=address), state=tmp_path, model="tiny"))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_the_page_follows_the_box_and_outlives_a_restart(page: Any, serve: Serve, box: FakeBox, sink: WebSink) -> None:
    server = serve()
    page.goto(server.url)
    expect = playwright.expect
    expect(page.locator(".top li").first).to_have_text("red70.0 %")
    page.wait_for_function("document.querySelector('.picture img').naturalWidth == 480")
    title = page.title()
    sink.happened(event("start", "1-a", label=HOSTILE, severity="alert"))
    expect(page.locator("#timeline .bar.alert")).to_have_attribute(
        "title", re.compile(f"^{re.escape(HOSTILE)}, .*going on$")
    )
    expect(page.locator("#waiting")).to_have_text("(1)")
    server.close()
    expect(page.locator("#lost")).to_be_visible()
    box.put("door", regions={None: box.answer((0.1, 0.1, 0.6, 0.1, 0.1))}, state="down", reason=HOSTILE)
    serve()
    expect(page.locator("#lost")).to_be_hidden(timeout=20_000)
    expect(page.locator(".top li").first).to_have_text("blue60.0 %")
    expect(page.locator(".state")).to_have_text("✕ down")
    expect(page.locator("#sources td").last).to_have_text(HOSTILE)
    expect(page.locator("#waiting")).to_have_text("")  # the new one has no journal of that event
    assert page.title() == title


def test_a_page_that_nobody_sees_asks_for_nothing(page: Any, serve: Serve, box: FakeBox, sink: WebSink) -> None:
    page.goto(serve().url)
    expect = playwright.expect
    expect(page.locator(".top li").first).to_have_text("red70.0 %")
    tell = "(is) => { Object.defineProperty(document, 'hidden', { value: is, configurable: true });"
    tell += " document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(tell, True)
    page.wait_for_timeout(1500)
    num_pictures = box.num_pictures
    sink.happened(event("start", "1-a"))
    page.wait_for_timeout(1500)
    assert box.num_pictures == num_pictures
    expect(page.locator("#waiting")).to_have_text("")
    page.evaluate(tell, False)
    expect(page.locator("#waiting")).to_have_text("(1)")


def test_events_are_reviewed_by_keyboard(page: Any, serve: Serve, sink: WebSink, tmp_path: Path) -> None:
    for number in range(4):
        sink.happened(event("end", f"{number}-a", ago_s=100 - number, label=("red", "blue")[number % 2]))
    page.goto(f"{serve().url}/review")
    expect, chosen = playwright.expect, page.locator("#queue [aria-current]")
    expect(page.locator("#queue li")).to_have_count(4)
    expect(page.locator("#no-clip")).to_be_visible()
    expect(page.locator("#waiting")).to_have_text("(4)")
    for key in "jjk":  # now the second newest is chosen
        page.keyboard.press(key)
    expect(chosen).to_contain_text("red")
    page.keyboard.press("s")
    expect(page.locator("#waiting")).to_have_text("(3)")
    page.locator("#actual").press_sequentially("swjk")  # which are letters here
    page.locator("#actual").fill("green")
    page.locator("#actual").blur()
    page.keyboard.press("w")
    expect(page.locator("#waiting")).to_have_text("(2)")
    page.keyboard.press("p")
    expect(page.locator("#waiting")).to_have_text("(1)")
    said = [json.loads(line) for line in (tmp_path / "reviews.jsonl").read_text().splitlines()]
    assert [(review["id"], review["verdict"], review.get("label")) for review in said] == [
        ("2-a", "seen", None),
        ("1-a", "wrong", "green"),
        ("0-a", "keep", None),
    ]
    page.locator("#filter").select_option("all")
    expect(page.locator("#queue .tag")).to_have_text(["seen", "wrong: green", "keep"])


@pytest.mark.parametrize("path", ["/", "/review", "/classify", "/camera/door"])
def test_a_phone_need_not_scroll_sideways(page: Any, serve: Serve, sink: WebSink, path: str) -> None:
    sink.happened(event("start", "1-a", label="a long name " * 20, camera="door"))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(serve().url + path)
    playwright.expect(page.locator("#waiting")).to_have_text("(1)")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
