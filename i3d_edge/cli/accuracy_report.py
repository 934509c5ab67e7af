"""`i3d accuracy report`: runs as one page."""

from __future__ import annotations

from pathlib import Path

import click

from i3d_edge.cli._base import Command, force_option, output_option
from i3d_edge.cli._runs import read_all_named
from i3d_edge.core.files import check_output, write_text


@click.command("report", cls=Command)
@click.argument("run_names", metavar="RUN[:NAME]...", nargs=-1, required=True)
@output_option("The page, one HTML file that needs nothing else.")
@click.option(
    "--videos", "root", type=click.Path(path_type=Path), help="Where the videos are, if not where they were scored."
)
@click.option("--no-thumbnails", is_flag=True, help="Put no picture of any video into the page.")
@force_option
def report(run_names: tuple[str, ...], output: Path, root: Path | None, no_thumbnails: bool, force: bool) -> None:
    """Write one or several runs as a page: numbers, speed against accuracy, classes, and the videos that flipped.

    RUN is a folder that `i3d accuracy run` wrote; with NAME only that model of it is shown. The first model of each
    protocol and set of videos is what the others are compared with, so the order matters. Runs of different videos get
    charts of their own. Flipped videos are shown by pictures from their files, where these are still the scored ones.

    \b
    Example:
      i3d accuracy report results results-10x3:int8 -o report.html
    """
    from i3d_edge import accuracy as room

    check_output(output, force=force)
    page = room.make_report(read_all_named(run_names), root=root, with_thumbnails=not no_thumbnails)
    write_text(output, page, force=force)
    click.echo(f"written: {output}")
