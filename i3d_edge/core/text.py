"""Pieces of sentences that messages share."""

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from i3d_edge.core.masking import masked_text

_LONGEST = 2000
"""Characters of a message, or of a line of an answer: a name or another program's words may be of any length."""

_NOT_PLAIN = re.compile(r"[^ -~]")


def some(names: Sequence[str], limit: int = 3) -> str:
    """Return the first names, quoted, and how many there are besides.

    Example:
        ["a", "b", "c", "d", "e"] -> "'a', 'b', 'c' and 2 more".
    """
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(repr, names[:limit])) + more


def plural(number: int, noun: str) -> str:
    """Return a number with its noun.

    Example:
        (1, "video") -> "1 video"; (400, "video") -> "400 videos".
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def probability_text(prob: float) -> str:
    """Return a probability in percent. It is never shown as 0 or 100 %: a network excludes nothing.

    Example:
        0.83036 -> "83.0 %"; 0.99997 -> "> 99.9 %"; 0.0002 -> "< 0.1 %".
    """
    if prob >= 0.9995:
        return "> 99.9 %"
    return "< 0.1 %" if prob < 0.0005 else f"{100 * prob:.1f} %"


def is_utf8(name: str) -> bool:
    """Whether a name of a file can be written as UTF-8: one of other bytes holds surrogates instead."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def spelled(text: str, keep: str = "") -> str:
    r"""Return a text with its control characters, line breaks and marks of direction spelled out, as JSON does it.

    So no name or foreign message can move a terminal's cursor, begin a line of its own or turn letters round; and JSON
    remains the same JSON. The characters in `keep` stay as they are.

    Example:
        "a\x1b[31m\n" -> r"a\u001b[31m\n".
    """

    def spell(match: re.Match[str]) -> str:
        sign = match[0]
        if sign in keep or sign.isprintable() or unicodedata.category(sign) == "Zs":
            return sign
        return json.dumps(sign)[1:-1]

    return _NOT_PLAIN.sub(spell, text)


def shown(text: str, limit: int = 120) -> str:
    """Return a text as one line of no more than a limit of characters; see `spelled`."""
    return spelled(text if len(text) <= limit else f"{text[:limit]}...")


def one_line(text: str) -> str:
    """Return a line of an answer as it is printed: `shown`, of a length that no line of ours has."""
    return shown(text, _LONGEST)


def message(text: str) -> str:
    """Return a message as it is shown: on one line, and with `masked_text` for addresses."""
    return one_line(masked_text(text[: 2 * _LONGEST]))


def short_reason(error: BaseException) -> str:
    """Return why something failed, in a few words that can end a sentence."""
    cause = getattr(error, "reason", None) or error  # urllib wraps what went wrong
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def table(rows: Sequence[Sequence[Any]], headers: Sequence[str], **options: Any) -> str:
    """Return a table for people, with a line for each row whatever its cells hold; `options` are `tabulate`'s."""
    from tabulate import tabulate

    cells = [[one_line(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    return tabulate(cells, headers=headers, **{"disable_numparse": True, **options})
