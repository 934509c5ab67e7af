"""Pieces of sentences that messages share."""

from __future__ import annotations

from collections.abc import Sequence


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


def shown(text: str, limit: int = 120) -> str:
    """Return a text, cut short where it is longer than a limit of characters."""
    return text if len(text) <= limit else f"{text[:limit]}..."
