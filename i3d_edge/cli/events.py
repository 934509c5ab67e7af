"""`i3d events`: events without inference, and how good they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from i3d_edge.cli._base import CONTEXT_SETTINGS, PATH, Command, Group, json_option, note
from i3d_edge.cli._rules import rule_options
from i3d_edge.core.text import some


@click.group("events", cls=Group, context_settings=CONTEXT_SETTINGS)
def events() -> None:
    """Find events again in recorded answers, and measure them."""


@events.command("replay", cls=Command)
@click.argument("predictions", type=PATH)
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
@click.argument("found", type=PATH, metavar="[EVENTS", required=False)
@click.argument("truth", type=PATH, metavar="TRUTH]", required=False)
@click.option("--subset", metavar="NAME", help="Videos of TRUTH that count, for instance validation.  [default: all]")
@click.option("--reviews", "state", type=PATH, metavar="STATE", help="Folder of state of i3d watch, with reviews.")
@json_option
def score(found: Path | None, truth: Path | None, subset: str | None, state: Path | None, as_json: bool) -> None:
    """Compare events with annotated ones, or with what people said of them.

    EVENTS is a file of events, or predictions in ActivityNet's JSON format; TRUTH is ground truth in that format. A
    camera is found there by its name, or by that of the file that it played. Intervals are of 95 %, by video.

    \b
    Example:
      i3d events score events.jsonl truth.json
      i3d events score --reviews i3d-watch
    """
    from i3d_edge.accuracy.events.reviewed import format_review_scores
    from i3d_edge.accuracy.events.scores import SCHEMA_VERSION, format_event_scores
    from i3d_edge.api.events import score_events, score_reviews
    from i3d_edge.core.schema import to_json

    if state is not None and not (found or subset):
        reviewed = score_reviews(state)
        click.echo(to_json(reviewed, version=SCHEMA_VERSION).rstrip() if as_json else format_review_scores(reviewed))
        return
    if state is not None or found is None or truth is None:
        raise click.UsageError("give either EVENTS and TRUTH, or --reviews STATE")
    scores = score_events(found, truth, subset=subset)
    if scores.not_annotated:
        note(f"not in the ground truth, so what was found there is wrong: {some(scores.not_annotated)}")
    click.echo(to_json(scores, version=SCHEMA_VERSION).rstrip() if as_json else format_event_scores(scores))
