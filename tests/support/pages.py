"""An HTML page read back: its tables, its texts, and whether its elements are closed in order."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """A page.

    Attributes:
        elements: Every start tag with its attributes.
        tables: Rows of cells of each table, in order.
        texts: What stands between tags.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.tables: list[list[list[str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    @property
    def text(self) -> str:
        """All texts, with blanks between."""
        return " ".join(" ".join(self.texts).split())

    def rows(self, header: str) -> list[dict[str, str]]:
        """Return the rows of the first table that has a column of that header, by header."""
        rows = next(rows for rows in self.tables if header in rows[0])
        return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]

    def count(self, name: str, **attributes: str) -> int:
        """Return how many elements have that name and, among others, these attributes."""
        wanted = {key.rstrip("_"): value for key, value in attributes.items()}
        return sum(own == name and wanted.items() <= found.items() for own, found in self.elements)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("style", "title"):
            return
        self.texts.append(data)
        if {"td", "th"} & set(self._open):
            self.tables[-1][-1][-1] = f"{self.tables[-1][-1][-1]} {data}".strip()
