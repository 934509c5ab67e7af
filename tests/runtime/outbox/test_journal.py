import json
import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from brokers import wait_for

from i3d_edge.core.errors import OutputError
from i3d_edge.runtime.live.backoff import Backoff
from i3d_edge.runtime.outbox import Delivery, Journal, Unread, journal
from i3d_edge.runtime.outbox.delivery import Refused

SILENT = lambda _text: None  # noqa: E731


def event(number: int, kind: str = "start", **fields: object) -> str:
    return json.dumps({"type": kind, "id": f"{number}", "camera": "Tür", **fields}, ensure_ascii=False)


def lines(written: Journal) -> list[str]:
    found, cursor = [], written.start
    while (read := written.read(cursor))[0] is not None:
        line, cursor = read
        found.append(line)
    return found


class Open:
    """Opens journals, and closes them after the test."""

    def __init__(self) -> None:
        self.journals: list[Journal] = []

    def __call__(self, folder: Path, **options: Any) -> Journal:
        self.journals.append(Journal(folder, **{"say": SILENT, **options}))
        return self.journals[-1]


@pytest.fixture
def opened() -> Iterator[Open]:
    opening = Open()
    yield opening
    for one in opening.journals:
        one.close()


def on(monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    monkeypatch.setattr(journal, "_today", lambda: f"{day}.jsonl")


@contextmanager
def file_limit(num_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, so that a write stops in the middle, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_events_are_read_in_order_across_days_also_when_the_clock_is_put_back(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, "2026-03-01")
    written = opened(tmp_path)
    for number, day in enumerate(["2026-03-01", "2026-03-01", "2026-03-04", "2026-03-03"]):
        on(monkeypatch, day)
        written.append(event(number))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["2026-03-01.jsonl", "2026-03-04.jsonl"]
    assert lines(written) == [event(number) for number in range(4)]
    assert lines(opened(tmp_path)) == lines(written)


def test_an_event_is_on_disk_when_append_returns(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_size))
    written = opened(tmp_path)
    written.append(event(1))
    assert synced == [written.end.offset] == [len(event(1).encode()) + 1]


def test_a_line_that_was_cut_off_is_skipped(opened: Open, tmp_path: Path, subtests: pytest.Subtests) -> None:
    for number, torn in enumerate(
        [event(1)[:20].encode(), b'{"type": "start"', b"\0\0\0", b'"start"', "ü".encode()[:1]]
    ):
        with subtests.test(torn=torn):
            folder = tmp_path / str(number)
            first = opened(folder)
            first.append(event(0))
            with (folder / first.end.file).open("ab") as file:
                file.write(torn)
            again = opened(folder)
            assert lines(again) == [event(0)]
            again.append(event(2))
            assert lines(again) == [event(0), event(2)]


def test_actions_of_a_killed_process_are_ended(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "2026-03-01")
    written = opened(tmp_path)
    written.append(event(1, label="knocking", start_s=1.0, end_s=None, latency_ms=2.0))
    written.append(event(2, label="the end"))
    written.append(event(3))
    on(monkeypatch, "2026-03-02")
    written.append(event(3, "update"))
    written.append(event(2, "end"))
    written.append(json.dumps({"type": "gap", "reason": '"start"'}))
    again = opened(tmp_path)
    ends = again.end_unended("the watch was interrupted")
    over = {"end_s": None, "latency_ms": None, "reason": "the watch was interrupted"}
    assert [json.loads(line) for line in ends] == [
        json.loads(event(1, "end", label="knocking", start_s=1.0, **over)),
        json.loads(event(3, "end", **over)),
    ]
    assert lines(again)[-2:] == ends
    assert opened(tmp_path).end_unended("again") == []


def test_old_files_are_deleted(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("2026-02-21.jsonl", "2026-02-22.jsonl", "2026-02-21.txt"):
        (tmp_path / name).write_text("")
    on(monkeypatch, "2026-03-01")
    written = opened(tmp_path, keep_days=7)
    assert written.names() == ["2026-02-22.jsonl", "2026-03-01.jsonl"]
    on(monkeypatch, "2026-03-02")
    written.append(event(1))
    assert written.names() == ["2026-03-01.jsonl", "2026-03-02.jsonl"]
    assert (tmp_path / "2026-02-21.txt").exists()


def test_events_wait_while_the_disk_is_full(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MAX_WAITING", 5)
    monkeypatch.setattr(journal, "RETRY_S", 0.02)
    said: list[str] = []
    written = opened(tmp_path, say=said.append)
    written.append(event(0))
    path = tmp_path / written.end.file
    with file_limit(path.stat().st_size + 30):
        for number in range(1, 8):
            written.append(event(number))
        time.sleep(0.1)
        assert lines(written) == [event(0)]
        assert path.read_text() == event(0) + "\n"
        assert threading.active_count() < 6
    wait_for(lambda: len(said) == 2)
    assert lines(written) == [event(number) for number in (0, 3, 4, 5, 6, 7)]
    assert written.num_lost == 2
    assert said == [
        f"cannot write events to {str(tmp_path)!r} (no space left on device); up to 5 are kept",
        f"events are written to {str(tmp_path)!r} again; 2 lost",
    ]


def test_what_never_fits_is_counted(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    written = opened(tmp_path, say=said.append)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _fd: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        written.append(event(0))
        written.close()
    assert written.num_lost == 1
    assert said[1:] == [f"1 event could not be written to {str(tmp_path)!r}"]
    assert lines(opened(tmp_path)) == []


def test_threads_write_whole_lines(opened: Open, tmp_path: Path) -> None:
    written = opened(tmp_path)
    numbers = [range(start, start + 50) for start in (0, 100, 200, 300)]
    threads = [threading.Thread(target=lambda own=own: [written.append(event(n)) for n in own]) for own in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [int(json.loads(line)["id"]) for line in lines(written)]
    assert [[number for number in ids if number in own] for own in numbers] == [list(own) for own in numbers]


def test_a_folder_that_cannot_be_written_is_an_error(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write to folder"):
        opened(tmp_path / "file" / "events")


def test_a_new_receiver_begins_now_and_an_old_one_where_it_was(opened: Open, tmp_path: Path) -> None:
    written, got = opened(tmp_path / "events"), []
    written.append(event(0))
    path = tmp_path / "cursors" / "hook.json"
    delivery = Delivery("hook", Unread(written, path, say=SILENT), got.append, say=SILENT)
    written.append(event(1))
    delivery.close()
    written.append(event(2))
    again = Delivery("hook", Unread(written, path, say=SILENT), got.append, say=SILENT)
    written.append(event(3))
    again.close()
    assert got == [event(1), event(2), event(3)]
    assert json.loads(path.read_text()) == {
        "schema_version": 1, "file": written.end.file, "offset": written.end.offset
    }  # fmt: skip


def test_what_was_not_delivered_waits_for_the_next_start(opened: Open, tmp_path: Path) -> None:
    written, got, said = opened(tmp_path / "events"), [], []

    def deliver(line: str) -> None:
        if line == event(1):
            raise Refused("status 400")
        if line == event(3):
            raise OSError("Down")
        got.append(line)

    backoff = Backoff(None, first_s=0.01, longest_s=0.01)
    mailbox = Unread(written, tmp_path / "c.json", say=SILENT)
    delivery = Delivery("hook", mailbox, deliver, say=said.append, backoff=backoff)
    for number in range(5):
        written.append(event(number))
    wait_for(lambda: delivery.num_retries > 1)
    delivery.close(0)
    assert (got, delivery.num_sent, delivery.num_lost) == ([event(0), event(2)], 2, 1)
    assert said == [
        "hook refused an event, which is lost: status 400",
        "hook does not answer (down); events are kept",
    ]
    Delivery("hook", Unread(written, tmp_path / "c.json", say=SILENT), got.append, say=SILENT).close()
    assert got == [event(0), event(2), event(3), event(4)]


def test_cursors_that_lead_nowhere_repeat_rather_than_lose(
    opened: Open, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    written = opened(tmp_path / "events")
    written.append(event(0))
    path = tmp_path / "c.json"
    for text, notes in [
        ("", 1),
        ('{"schema_version": 1, "file": "../x", "offset": 0}', 1),
        ('{"schema_version": 1, "file": "2999-01-01.jsonl", "offset": 0}', 0),
        (json.dumps({"schema_version": 1, "file": written.end.file, "offset": 10**6}), 0),
    ]:
        with subtests.test(text=text):
            path.write_text(text)
            got: list[str] = []
            said: list[str] = []
            Delivery("hook", Unread(written, path, say=said.append), got.append, say=SILENT).close()
            assert got == [event(0)]
            assert len(said) == notes


def test_it_is_said_that_events_were_deleted(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "2026-03-01")
    written, got, said = opened(tmp_path / "events", keep_days=7), [], []
    Unread(written, tmp_path / "mqtt.json", say=SILENT)
    written.append(event(0))
    on(monkeypatch, "2026-04-01")
    written.append(event(1))
    Delivery("mqtt", Unread(written, tmp_path / "mqtt.json", say=said.append), got.append, say=SILENT).close()
    assert got == [event(1)]
    assert said == ["mqtt: the events of 2026-03-01 were deleted, perhaps before all were delivered"]


def test_what_waits_is_counted_without_reading_it_again(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, "2026-03-01")
    written, froms = opened(tmp_path / "events", keep_days=7), []
    count = written.count
    monkeypatch.setattr(written, "count", lambda cursor: froms.append(cursor) or count(cursor))
    unread = Unread(written, tmp_path / "c.json", say=SILENT)
    for number in range(5):
        written.append(event(number))
    assert (unread.first(), unread.remove(), len(unread)) == (event(0), True, 4)
    end = written.end
    written.append(event(5))
    assert (unread.first(), unread.remove(), len(unread), froms[1]) == (event(1), True, 4, end)
    on(monkeypatch, "2026-04-01")  # the first day is deleted, and what is left of it with it
    written.append(event(6))
    assert len(unread) == 1
    assert (unread.first(), unread.remove(), len(unread)) == (event(6), True, 0)
