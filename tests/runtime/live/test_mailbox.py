import threading
import time

import pytest

from i3d_edge.runtime.live.mailbox import Closed, Mailbox


def test_the_newest_windows_win_and_notes_stay_in_order() -> None:
    mailbox: Mailbox[str] = Mailbox()

    def offer(window: str, most: int) -> int:
        num_dropped = mailbox.make_room(most)
        mailbox.add(window)
        return num_dropped

    assert [offer(window, 1) for window in ("1", "2")] == [0, 1]
    mailbox.note("gap")
    assert [offer(window, 2) for window in ("3", "4", "5")] == [0, 2, 0]
    mailbox.note("end")
    assert len(mailbox) == 2
    assert [mailbox.take(0) for _ in range(5)] == ["gap", "4", "5", "end", None]


def test_a_reader_that_may_wait_waits_until_the_window_is_taken() -> None:
    mailbox: Mailbox[int] = Mailbox()
    taken = []

    def read() -> None:
        for number in range(50):
            mailbox.put(number)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    for _ in range(50):
        assert len(mailbox) <= 1
        taken.append(mailbox.take(5))
    thread.join(5)
    assert taken == list(range(50))


def test_closing_lets_a_waiting_reader_go() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put(1)
    threading.Timer(0.05, mailbox.close).start()
    with pytest.raises(Closed):
        mailbox.put(2)


def test_taking_waits_for_so_long_only() -> None:
    started = time.monotonic()
    assert Mailbox[int]().take(0.05) is None
    assert 0.04 < time.monotonic() - started < 1
