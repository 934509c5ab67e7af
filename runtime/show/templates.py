"""Jinja2 templates of pages and charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from i3d_edge.core.text import probability_text, spelled
from i3d_edge.runtime.show.palette import DASHES, ON_DARK, ON_LIGHT

if TYPE_CHECKING:
    from jinja2 import Environment

_SHARED = "i3d_edge.runtime.show"


def environment(package: str = _SHARED) -> Environment:
    """Return an environment that renders the `templates` of a package, and the shared ones.

    Text is escaped unless it is markup already. Its unprintable characters are spelled out, so that none can hide text
    or change its direction.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined  # loaded where a page is made

    loader = ChoiceLoader([PackageLoader(name) for name in dict.fromkeys([package, _SHARED])])
    made = Environment(
        loader=loader,
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals |= {"on_light": ON_LIGHT, "on_dark": ON_DARK, "dashes": DASHES}
    made.filters |= {"percent": percent, "probability": probability_text}
    return made


def visible(value: object) -> object:
    """Spell out the control characters of a text, see `spelled`; leave markup as it is."""
    return value if isinstance(value, Markup) else spelled(str(value))


def percent(fraction: float) -> str:
    """Return a fraction in percent, with one decimal: "83.0 %"."""
    return f"{100 * fraction:.1f} %"
