"""Colours of classes and series, the same in videos, pages and charts.

Five hues that remain distinct for people with any common colour blindness, each in a bright form for dark backgrounds
and a dark form for light ones. Dashes and shapes distinguish them in grey.

Source: hues after M. Okabe and K. Ito, "Color Universal Design" (2008); brightness is our choice.
"""

from collections.abc import Sequence

Colour = tuple[int, int, int]  # red, green, blue, 0..255
ON_DARK: tuple[Colour, ...] = ((86, 180, 233), (240, 158, 40), (52, 190, 145), (226, 146, 196), (240, 228, 66))
ON_LIGHT: tuple[Colour, ...] = ((0, 104, 170), (200, 80, 0), (0, 122, 92), (168, 62, 130), (122, 104, 0))
DASHES: tuple[str, ...] = ("none", "9 4", "3 3", "12 3 3 3", "6 2 2 2")
OTHER: Colour = (165, 165, 165)
NUM_COLOURS = len(ON_DARK)


def colour_of(index: int, notable: Sequence[int]) -> Colour:
    """Return the colour of a class on a dark background; grey if it is not notable."""
    return ON_DARK[notable.index(index)] if index in notable else OTHER


def mix(colour: Colour, ground: Colour, share: float) -> Colour:
    """Blend a share of a colour, 0 to 1, into a background."""
    red, green, blue = (round(share * over + (1 - share) * under) for over, under in zip(colour, ground, strict=True))
    return red, green, blue
