"""`python -m benchmarks.report`: a result file becomes a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from benchmarks.figures import figures, finding, percent, rounded, times
from i3d_edge.cli._base import Command
from i3d_edge.core.json_text import parse_json
from i3d_edge.core.reading import read_bytes


@click.command(cls=Command)
@click.argument("result_path", type=click.Path(path_type=Path), metavar="RESULT.json")
def main(result_path: Path) -> None:
    """Print RESULT.json as Markdown.

    \b
    Example:
      python -m benchmarks.report result.json > report.md
    """
    click.echo(markdown(parse_json(read_bytes(result_path))), nl=False)


def markdown(result: Mapping[str, Any]) -> str:
    """Return the finding of a result, its table, how each rival is set up, and what it ran on."""
    from i3d_edge.runtime.show.templates import environment  # here, because the runtime loads OpenVINO

    made = environment("benchmarks")
    made.filters |= {"percent": percent, "rounded": rounded, "times": times}
    template = made.get_template("section.md.j2")
    return template.render(result=result, lines=figures(result), finding=finding(result))


if __name__ == "__main__":
    main()
