"""`i3d accuracy report`: runs as one page."""

from __future__ import annotations

from pathlib import Path

import click

from i3d_edge.cli._base import Command, force_option, output_option, print_lines


@click.command("report", cls=Command)
@click.argument("run_names", metavar="RUN[:NAME]...", nargs=-1, required=True)
@output_option("HTML page to write; one self-contained file.")
@click.option(
    "--videos", "root", type=click.Path(path_type=Path), help="Folder of the videos.  [default: as in the run]"
)
@click.option("--no-thumbnails", is_flag=True, help="Show no pictures of videos.")
@force_option
def report(run_names: tuple[str, ...], output: Path, root: Path | None, no_thumbnails: bool, force: bool) -> None:
    """Write one or more runs as a page.

    RUN is a folder of `i3d accuracy run`; with NAME, only that model of it is shown. The page has accuracy with
    intervals, speed against accuracy, classes, confusions, and the videos whose answer changed. The first model of
    each protocol and set of videos is the one that the others are compared with.

    \b
    Example:
      i3d accuracy report results results-10x3:int8 -o report.html
    """
    from i3d_edge.api import accuracy as api

    api.write_report(run_names, output, root=root, with_thumbnails=not no_thumbnails, force=force)
    print_lines(f"written: {output}")
