"""`i3d accuracy score` and `i3d accuracy reference`: numbers without inference."""

from __future__ import annotations

import json
from pathlib import Path

import click

from i3d_edge.cli._base import Command


@click.command("score", cls=Command)
@click.argument("folder", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--classes", "with_classes", is_flag=True, help="Add the table of classes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def score(folder: Path, with_classes: bool, as_json: bool) -> None:
    """Recompute the scores of RUN from its predictions, without inference.

    RUN is a folder that `i3d accuracy run` wrote. Everything in its result.json is computed anew from
    predictions.jsonl and must come out the same. A file that was cut off or edited is refused, with the line.

    \b
    Example:
      i3d accuracy score results
    """
    from i3d_edge import accuracy as room

    run = room.read_run(folder)
    scores = room.score_run(run)
    if as_json:
        document = {name: {"metrics": own.metrics, "details": own.details} for name, own in scores.items()}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo(room.format_scores(run, scores, with_classes=with_classes))
        click.echo(f"recomputed from {run.folder / 'predictions.jsonl'}, and as result.json says")


@click.command("reference", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def reference(as_json: bool) -> None:
    """Print every published number, with its protocol and which of ours is comparable.

    \b
    Example:
      i3d accuracy reference --json
    """
    from i3d_edge import accuracy as room

    if as_json:
        click.echo(json.dumps(room.references_to_json(), indent=2, ensure_ascii=False))
    else:
        click.echo(room.format_references())
