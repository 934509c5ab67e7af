"""Options of commands that find events: when one starts, goes on and ends."""

from collections.abc import Callable
from typing import Any

import click

from i3d_edge.cli._base import options

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def seconds(flag: str, default: float | None, text: str, *, may_be_0: bool = False) -> Decorator:
    """Return an option in seconds; the command gets --open-timeout as `open_timeout_s`."""
    return click.option(
        flag,
        flag.strip("-").replace("-", "_") + "_s",
        type=click.FloatRange(min=0, min_open=not may_be_0),
        default=default,
        metavar="SECONDS",
        help=text,
    )


def _probability(flag: str, default: float, text: str) -> Decorator:
    kind = click.FloatRange(min=0, max=1, min_open=True)
    return click.option(flag, type=kind, default=default, help=text)


rule_options = options(
    _probability("--on", 0.5, "Probability at which an action starts."),
    _probability("--off", 0.3, "Probability below which it ends."),
    seconds("--min-duration", 0.0, "Ignore actions shorter than this.", may_be_0=True),
    seconds("--cooldown", 0.0, "Ignore an action for so long after its end.", may_be_0=True),
    seconds("--longest", None, "End an action that lasts so long; it may start again."),
    seconds(
        "--update-every",
        None,
        "Report an action that goes on this often, and when its probability has risen by 0.1.",
        may_be_0=True,
    ),
    click.option("--label", "labels", multiple=True, help="Report this action only. Repeatable."),
)
"""The options; the command gets them by the names of `EventRules`."""
