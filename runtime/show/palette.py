"""Colours of classes, the same in pictures and pages.

Five hues that people with any common colour blindness tell apart, each in a bright form for dark ground and a dark form
for light ground. Dashes tell lines apart in grey.

Source: hues after M. Okabe and K. Ito, "Color Universal Design" (2008); brightness is our choice.
"""

from __future__ import annotations

from collections.abc import Sequence

Colour = tuple[int, int, int]
"""Red, green, blue, 0..255."""

ON_DARK: tuple[Colour, ...] = ((86, 180, 233), (240, 158, 40), (52, 190, 145), (226, 146, 196), (240, 228, 66))
ON_LIGHT: tuple[Colour, ...] = ((0, 104, 170), (200, 80, 0), (0, 122, 92), (168, 62, 130), (122, 104, 0))
DASHES: tuple[str, ...] = ("none", "9 4", "3 3", "12 3 3 3", "6 2 2 2")
OTHER: Colour = (165, 165, 165)
NUM_COLOURS = len(ON_DARK)


def colour_of(index: int, notable: Sequence[int]) -> Colour:
    """Return a class's colour on dark ground; grey for one that is not notable."""
    return ON_DARK[notable.index(index)] if index in notable else OTHER


def mix(colour: Colour, ground: Colour, share: float) -> Colour:
    """Return so much of a colour, 0 to 1, over a ground."""
    red, green, blue = (round(share * over + (1 - share) * under) for over, under in zip(colour, ground, strict=True))
    return red, green, blue


def to_hex(colour: Colour) -> str:
    """Return a colour as CSS writes it.

    Example:
        (0, 104, 170) -> "#0068aa".
    """
    return "#{:02x}{:02x}{:02x}".format(*colour)


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, 1 to 21.

    Source: WCAG 2.1, "relative luminance" and "contrast ratio".
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
