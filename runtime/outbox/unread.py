"""Unread events: those of a journal that one receiver has not got yet."""

from contextlib import suppress
from pathlib import Path

from i3d_edge.core.errors import OutputError
from i3d_edge.core.files import make_folder, write_text
from i3d_edge.core.messages import Say
from i3d_edge.core.schema import Format, to_json
from i3d_edge.runtime.outbox.journal import Cursor, Journal

CURSOR = Format(kind=Cursor, noun="cursor", error=OutputError, version=1)


class Unread:
    """The events of a journal that one receiver has not got yet.

    A file remembers the place, and is replaced after each event, so that only the one under way is delivered again
    after a crash. Attributes and methods are those of a `Queue`.
    """

    def __init__(self, journal: Journal, path: Path, *, say: Say) -> None:
        """Go on where the receiver was, by the file at `path`, or with the next event if it is new."""
        self.changed, self.num_lost = journal.changed, 0
        self._journal, self._path, self._say = journal, path, say
        make_folder(path.parent)
        self._cursor = self._after = self._found()
        self._num_counted, self._counted = 0, self._cursor  # lines up to there, less those that were removed
        self._save()

    def __len__(self) -> int:
        with self.changed:
            if not (self and (self._journal.folder / self._cursor.file).exists()):  # none waits, or some were deleted
                self._num_counted, self._counted = 0, self._cursor
            self._num_counted += self._journal.count(self._counted)
            self._counted = self._journal.end
            return self._num_counted

    def __bool__(self) -> bool:
        return self._cursor < self._journal.end

    def first(self) -> str | None:
        """Return the next event, or None after all; raises OSError if it cannot be read now."""
        if not (self._journal.folder / self._cursor.file).exists():
            day, receiver = self._cursor.file[:10], self._path.stem
            self._say(f"{receiver}: the events of {day} were deleted, perhaps before all were delivered")
        line, self._after = self._journal.read(self._cursor)
        if line is None:
            self._cursor = self._after
        return line

    def remove(self) -> bool:
        """Note that the receiver has got that event."""
        with self.changed:
            self._cursor, self._num_counted = self._after, self._num_counted - 1
        self._save()
        return True

    def abandon(self) -> None:
        """Lose nothing: the rest is delivered after the next start."""

    def _found(self) -> Cursor:
        if not self._path.exists():
            return self._journal.end
        try:
            cursor = CURSOR.read(self._path)
        except OutputError as error:
            self._say(f"{error.message}; all events are delivered again")
            return self._journal.start
        return cursor if cursor <= self._journal.end else self._journal.start

    def _save(self) -> None:
        # A full disk is the journal's to report. After a crash the event would be delivered again.
        with suppress(OSError, OutputError):
            write_text(self._path, to_json(self._cursor, version=1), force=True)
