"""`i3d accuracy score`: numbers without inference."""

from __future__ import annotations

import json
from pathlib import Path

import click

from i3d_edge.cli._base import Command, print_lines


@click.command("score", cls=Command)
@click.argument("folder", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def score(folder: Path, as_json: bool) -> None:
    """Recompute the scores of a run, without inference.

    RUN is a folder of `i3d accuracy run`. The scores are computed again from predictions.jsonl and must equal those of
    result.json. Files that were truncated or edited are refused, with the line at fault.

    \b
    Example:
      i3d accuracy score results
    """
    from i3d_edge.accuracy import read_run, score_run
    from i3d_edge.accuracy.report.text import format_scores

    run = read_run(folder)
    scores = score_run(run)
    if as_json:
        document = {name: {"metrics": own.metrics, "details": own.details} for name, own in scores.items()}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo(format_scores(run, scores))
        print_lines(f"recomputed from {run.folder / 'predictions.jsonl'}, and as result.json says")
