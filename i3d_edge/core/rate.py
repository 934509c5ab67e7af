"""Frame rates as users and files write them."""

import re
from fractions import Fraction

_RATE = re.compile(r"-?(?:\d{1,9}(?:\.\d{1,17})?|\d{1,26}/0*[1-9]\d{0,17})", re.ASCII)
_MAX = 10**9


def parse_rate(text: str) -> Fraction | None:
    """Return a number of frames a second, or None for what is none; no exponent makes a number of any length.

    What a float or a decimal becomes is read too, so that every rate that was read can be written as a fraction.

    Example:
        "25" -> 25; "29.97" -> 2997/100; "30000/1001" -> 30000/1001; "1e9", "1/0", "fast" -> None.
    """
    rate = Fraction(text) if _RATE.fullmatch(text) else None
    return None if rate is None or abs(rate) > _MAX else rate
