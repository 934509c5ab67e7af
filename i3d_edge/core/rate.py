"""Frame rates as users and files write them."""

from __future__ import annotations

import re
from fractions import Fraction

_RATE = re.compile(r"-?\d{1,9}(?:\.\d{1,17}|/0*[1-9]\d{0,8})?", re.ASCII)


def parse_rate(text: str) -> Fraction | None:
    """Return a number of frames a second, or None for what is none; no exponent makes a number of any length.

    Example:
        "25" -> 25; "29.97" -> 2997/100; "30000/1001" -> 30000/1001; "1e9", "1/0", "fast" -> None.
    """
    return Fraction(text) if _RATE.fullmatch(text) else None
