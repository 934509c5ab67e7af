"""Text that may hold anything, made safe to stand in HTML and SVG."""

from __future__ import annotations

import html
import unicodedata


def escape(text: object) -> str:
    """Return text for between tags or within a quoted attribute; what HTML does not allow becomes U+FFFD.

    Example:
        '<b> "x"' -> "&lt;b&gt; &quot;x&quot;".
    """
    return html.escape("".join("\N{REPLACEMENT CHARACTER}" if _is_barred(sign) else sign for sign in str(text)))


def _is_barred(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\t\n"


def table(columns: list[str], rows: list[list[object]], *, numeric: set[int]) -> str:
    """Return a table.

    Args:
        columns: Their names.
        rows: As many cells each.
        numeric: Which columns hold numbers, from 0.
    """

    def cells(values: list[object], tag: str) -> str:
        return "".join(
            f'<{tag} class="n">{escape(value)}</{tag}>' if number in numeric else f"<{tag}>{escape(value)}</{tag}>"
            for number, value in enumerate(values)
        )

    head = cells(list(columns), "th")
    body = "\n".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def facts(items: list[tuple[str, object]]) -> str:
    """Return names and values, side by side."""
    pairs = "".join(f"<div><dt>{escape(name)}</dt><dd><bdi>{escape(value)}</bdi></dd></div>" for name, value in items)
    return f"<dl>{pairs}</dl>"
