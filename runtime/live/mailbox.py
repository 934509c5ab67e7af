"""Passes windows from the thread that reads a stream to the one that runs the model."""

import threading
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Closed(Exception):  # noqa: N818 - it is no error
    """The mailbox was closed."""


class Mailbox(Generic[Item]):
    """Passes on windows, and the notes between them, in order.

    For a live source only so many windows may wait (`make_room`), and windows are dropped whole, never single frames.
    For a file the reader waits (`put`). Notes are never dropped.
    """

    def __init__(self) -> None:
        self._items: deque[tuple[Item, bool]] = deque()
        self._changed = threading.Condition()
        self._is_closed = False

    def __len__(self) -> int:
        """Return how many windows wait."""
        with self._changed:
            return sum(is_window for _, is_window in self._items)

    @property
    def has_items(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._items)

    def note(self, item: Item) -> None:
        """Add an item that is never dropped."""
        self._append(item, is_window=False)

    def make_room(self, most: int) -> int:
        """Drop all windows that wait if they are as many as `most`; return how many were dropped."""
        with self._changed:
            kept = deque(item for item in self._items if not item[1])
            num_waiting = len(self._items) - len(kept)
            if num_waiting < most:
                return 0
            self._items = kept
            return num_waiting

    def add(self, window: Item) -> None:
        """Add a window."""
        self._append(window, is_window=True)

    def put(self, window: Item) -> None:
        """Add a window once none waits; raises `Closed` if the mailbox is closed before."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or not any(is_window for _, is_window in self._items))
            if self._is_closed:
                raise Closed
            self.add(window)

    def _append(self, item: Item, *, is_window: bool) -> None:
        with self._changed:
            self._items.append((item, is_window))
            self._changed.notify_all()

    def take(self, timeout_s: float) -> Item | None:
        """Take the next item; None if none arrives within the time-out."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._items), timeout_s):
                return None
            item, _ = self._items.popleft()
            self._changed.notify_all()
            return item

    def close(self) -> None:
        """Release a thread that waits in `put`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
