import socket
import threading
import time

import pytest
from live import Received, hanging, webhook

from i3d_edge.core.errors import ArgumentError
from i3d_edge.runtime.live.address import require_web_address
from i3d_edge.runtime.live.backoff import Backoff
from i3d_edge.runtime.outbox.delivery import Delivery, Queue, Refused
from i3d_edge.runtime.outbox.webhook import post_json, webhook_to


def quick() -> Backoff:
    return Backoff(None, first_s=0.02, longest_s=0.05)


def test_the_oldest_event_makes_room_for_the_newest() -> None:
    posted: list[str] = []
    goes_on, began = threading.Event(), threading.Event()

    def post(text: str) -> None:
        began.set()
        goes_on.wait(5)
        posted.append(text)

    queue = Queue(max_waiting=2)
    hook = Delivery("h", queue, post, say=lambda _text: None)
    queue.put("a")
    began.wait(5)
    for event in "bcd":
        queue.put(event)
    assert (len(queue), hook.num_lost) == (3, 1)
    goes_on.set()
    hook.close()
    assert posted == ["a", "c", "d"]
    assert (hook.num_sent, hook.num_lost, len(queue)) == (3, 1, 0)


def test_events_arrive_in_order_after_the_receiver_was_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said: list[str] = []
    queue = Queue()
    hook = webhook_to(f"http://u:secret@127.0.0.1:{port}/hook", queue, say=said.append, backoff=quick())
    for number in range(5):
        queue.put(str(number))
    until = time.monotonic() + 5
    while hook.num_retries < 2 and time.monotonic() < until:
        time.sleep(0.01)
    received = Received(statuses=[503, 429])
    with webhook(received, port):
        hook.close(5)
    assert received.bodies == ["0", "1", "2", "3", "4"]
    assert set(received.authorizations) == {"Basic dTpzZWNyZXQ="}
    assert (hook.num_sent, hook.num_lost, len(queue)) == (5, 0, 0)
    assert hook.num_retries >= 4
    assert said == [
        f"webhook http://***@127.0.0.1:{port}/*** does not answer (connection refused); events are kept",
        f"webhook http://***@127.0.0.1:{port}/*** answers again",
    ]


def test_what_is_refused_is_lost_and_does_not_hold_up_the_rest() -> None:
    said: list[str] = []
    received = Received(statuses=[400, 200, 302])
    with webhook(received):
        queue = Queue()
        hook = webhook_to(received.url, queue, say=said.append, backoff=quick())
        for number in range(4):
            queue.put(str(number))
        hook.close(5)
    assert received.bodies == ["1", "3"]
    assert (hook.num_sent, hook.num_lost) == (2, 2)
    assert [line.partition("/*** ")[2] for line in said] == [
        f"refused an event, which is lost: status {status}" for status in (400, 302)
    ]


def test_nobody_waits_for_a_receiver_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.outbox.webhook.TIMEOUT_S", 0.2)
    with hanging() as host:
        queue = Queue(max_waiting=10)
        hook = webhook_to(f"http://{host}/", queue, say=lambda _text: None)
        started = time.monotonic()
        for number in range(100):
            queue.put(str(number))
        assert time.monotonic() - started < 0.2
        hook.close(0.3)
        assert time.monotonic() - started < 2
    assert (hook.num_sent, hook.num_lost, len(queue)) == (0, 100, 0)


def test_the_thread_ends_when_all_is_delivered() -> None:
    posted: list[str] = []
    queue = Queue()
    hook = Delivery("h", queue, posted.append, say=lambda _text: None)
    queue.put("a")
    hook.close()
    assert posted == ["a"]
    assert all(thread is not hook._thread for thread in threading.enumerate())


def test_other_addresses_are_refused(subtests: pytest.Subtests) -> None:
    for url, shown in [("ftp://u:secret@h/x", "ftp://***@h/***"), ("http:///x", "http:///***"), ("h/x", "h/x")]:
        with subtests.test(url=url):
            with pytest.raises(ArgumentError, match="webhook must be") as caught:
                require_web_address(url)
            assert str(caught.value) == f"webhook must be an http:// or https:// URL; got {shown!r}"


def test_statuses(subtests: pytest.Subtests) -> None:
    for status, kind in [(404, Refused), (301, Refused), (500, OSError), (408, OSError)]:
        with subtests.test(status=status):
            received = Received(statuses=[status])
            with webhook(received), pytest.raises(kind, match=f"^status {status}$"):
                post_json(received.url, "{}")
