"""Reads the published accuracies in `published.toml`."""

from __future__ import annotations

import textwrap
import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec

_WIDTH = 110


@dataclass(frozen=True, slots=True)
class PublishedNumber:
    """A published accuracy.

    Attributes:
        model: The network, by the name of its source.
        top1: In percent.
        top5: In percent; None if it was not published.
        note: Further details.
        weights: The published checkpoint, by the name that results give it; None for other networks.
    """

    model: str
    top1: float
    top5: float | None = None
    note: str = ""
    weights: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Numbers that were published together.

    Attributes:
        name: Its name in reports.
        protocol: How they were measured, on what, and whether per clip or per video.
        source: Where they were published.
        comparable: The name of our protocol that measures the same, or None.
        remark: What to mind when comparing, or why nothing is comparable.
        numbers: The numbers.
        metric: Our metric that the top-1 figures are.
    """

    name: str
    protocol: str
    source: str
    comparable: str | None = None
    remark: str
    numbers: tuple[PublishedNumber, ...]
    metric: str = "video_top1"


@cache
def references() -> tuple[Reference, ...]:
    """Return all published numbers."""
    text = resources.files("i3d_edge.accuracy.report").joinpath("published.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["reference"], tuple[Reference, ...])


def references_to_json() -> list[dict[str, Any]]:
    """Return the published numbers as plain data."""
    return [asdict(reference) for reference in references()]


def format_references() -> str:
    """Return the published numbers as text for the terminal."""
    width = max(len(number.model) for reference in references() for number in reference.numbers)
    return "\n\n".join(_section(reference, width) for reference in references())


def _section(reference: Reference, width: int) -> str:
    lines = [reference.name]
    for number in reference.numbers:
        top5 = "-" if number.top5 is None else f"{number.top5:.2f}"
        note = f"  {number.note}" if number.note else ""
        lines.append(f"  {number.model:<{width}}  {number.top1:5.2f} / {top5:>5}{note}")
    comparable = f"our protocol {reference.comparable}" if reference.comparable else "nothing"
    for name, text in (
        ("protocol", reference.protocol),
        ("source", reference.source),
        ("comparable", f"{comparable}: {reference.remark}"),
    ):
        lines += textwrap.wrap(
            text, _WIDTH, initial_indent=f"  {name + ':':<12}", subsequent_indent=" " * 14, break_on_hyphens=False
        )
    return "\n".join(lines)
