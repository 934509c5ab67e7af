"""Markup that cannot be broken by what it shows: text is escaped unless it is markup already."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


class Html(str):
    """Text that is HTML or SVG already."""

    __slots__ = ()


def text(value: str) -> Html:
    """Return text as HTML; what cannot be seen, or would turn the reading direction, is spelled out."""
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in value)
    return Html(escape(shown))


def tag(name: str, /, *children: str, **attributes: object) -> Html:
    """Return an element.

    Args:
        name: Of the element.
        children: Its content, in order; what is not `Html` is escaped.
        attributes: Those that are None are left out; in names, `_` stands for `-` and one at the end is dropped, so
            that `class_` and `stroke_width` can be written.

    Example:
        tag("p", "a < b", class_="note") -> <p class="note">a &lt; b</p>
    """
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{words}>{join(children)}</{name}>")


def join(children: Sequence[str]) -> Html:
    """Return elements one after the other; what is not `Html` is escaped."""
    return Html("".join(child if isinstance(child, Html) else text(child) for child in children))


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, class_: str | None = None) -> Html:
    """Return a table that scrolls sideways where it is too wide; the first cell of a row names it."""
    head = tag("tr", *(tag("th", header, scope="col") for header in headers))
    body = [tag("tr", tag("th", cells[0], scope="row"), *(tag("td", cell) for cell in cells[1:])) for cells in rows]
    inner = tag("table", tag("thead", head), tag("tbody", *body), class_=class_)
    return tag("div", inner, class_="scroll")


def two_lines(first: str, second: str) -> Html:
    """Return a value, and what is to be said of it below."""
    return join([tag("b", first), Html("<br>"), tag("small", second)])


def facts(rows: Sequence[tuple[str, str]]) -> Html:
    """Return names and values, one below the other."""
    return tag("dl", *(join([tag("dt", name), tag("dd", value)]) for name, value in rows))


def _value(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
