"""What is printed: no control character of a name, a label or another program's message reaches a terminal as such."""

import codecs
import io
import json
import sys
from typing import Any, TextIO

from i3d_edge.core.text import spelled

_SPELLED = "i3d_edge.spelled"

codecs.register_error(_SPELLED, lambda error: (json.dumps(error.object[error.start : error.end])[1:-1], error.end))  # type: ignore[attr-defined]


class SpelledStream:
    """A text stream that spells out what is written to it, line breaks apart; see `spelled`.

    Attributes:
        stream: What is written to.
    """

    buffer = None  # bytes would pass unseen

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        if isinstance(stream, io.TextIOWrapper):
            # A name or a sign that the terminal cannot show is no reason to lose a result.
            stream.reconfigure(errors=_SPELLED)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write a text, and return its length."""
        self.stream.write(spelled(text, keep="\n"))
        return len(text)


def spell_output() -> None:
    """Let all that the process prints pass a `SpelledStream`, exceptions that nobody catches as well."""
    for name in ("stdout", "stderr"):
        if not isinstance(stream := getattr(sys, name), SpelledStream):
            setattr(sys, name, SpelledStream(stream))


def own_stderr() -> TextIO:
    """Return stderr as it is, for our own control characters: those of progress."""
    return sys.stderr.stream if isinstance(sys.stderr, SpelledStream) else sys.stderr
