"""`i3d events`: events without inference, and how good they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from i3d_edge.cli._base import CONTEXT_SETTINGS, Command, Group, note
from i3d_edge.cli._rules import rule_options
from i3d_edge.core.text import some


@click.group("events", cls=Group, context_settings=CONTEXT_SETTINGS)
def events() -> None:
    """Find events again in recorded answers, and measure them."""


@events.command("replay", cls=Command)
@click.argument("predictions", type=click.Path(path_type=Path))
@rule_options
def replay(predictions: Path, **rules: Any) -> None:
    """Find events again in recorded answers, without inference.

    PREDICTIONS is a file of `i3d stream --predictions`. With the options of that stream, the lines are those that it
    printed; with others, those that it would have printed. Smoothing stays as it was.

    \b
    Example:
      i3d events replay answers.jsonl --on 0.7 --min-duration 2 > events.jsonl
    """
    from i3d_edge.api.events import replay_events
    from i3d_edge.runtime.live import EventRules

    for event in replay_events(predictions, EventRules(**rules)):
        click.echo(event.to_json())


@events.command("score", cls=Command)
@click.argument("found", type=click.Path(path_type=Path), metavar="EVENTS")
@click.argument("truth", type=click.Path(path_type=Path), metavar="TRUTH")
@click.option("--subset", metavar="NAME", help="Videos of TRUTH that count, for instance validation.  [default: all]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def score(found: Path, truth: Path, subset: str | None, as_json: bool) -> None:
    """Compare events with annotated ones.

    EVENTS is a file of events, or predictions in ActivityNet's JSON format; TRUTH is ground truth in that format. A
    camera is found there by its name, or by that of the file that it played. Intervals are of 95 %, by video.

    \b
    Example:
      i3d events score events.jsonl truth.json
    """
    from i3d_edge.accuracy.events.scores import SCHEMA_VERSION, format_event_scores
    from i3d_edge.api.events import score_events
    from i3d_edge.core.schema import to_json

    scores = score_events(found, truth, subset=subset)
    if scores.not_annotated:
        note(f"not in the ground truth, so what was found there is wrong: {some(scores.not_annotated)}")
    click.echo(to_json(scores, version=SCHEMA_VERSION).rstrip() if as_json else format_event_scores(scores))
