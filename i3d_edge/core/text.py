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


def probability_text(prob: float) -> str:
    """Return a probability in percent. It is never shown as 0 or 100 %: a network excludes nothing.

    Example:
        0.83036 -> "83.0 %"; 0.99997 -> "> 99.9 %"; 0.0002 -> "< 0.1 %".
    """
    if prob >= 0.9995:
        return "> 99.9 %"
    return "< 0.1 %" if prob < 0.0005 else f"{100 * prob:.1f} %"


def shown(text: str, limit: int = 120) -> str:
    """Return a text, cut short where it is longer than a limit of characters."""
    return text if len(text) <= limit else f"{text[:limit]}..."
