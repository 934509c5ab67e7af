"""`python -m benchmarks.report`: a result file becomes a table."""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks.figures import figures, finding, percent, rounded, times
from benchmarks.result import BenchmarkResult, read_result
from benchmarks.rival import BenchmarkError
from i3d_edge.cli._base import Command, print_facts
from i3d_edge.core.files import write_text

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@click.command(cls=Command)
@click.argument("result_path", type=click.Path(path_type=Path), metavar="RESULT.json")
@click.argument("page", type=click.Path(path_type=Path), metavar="PAGE.md")
def main(result_path: Path, page: Path) -> None:
    """Write the table of RESULT.json into PAGE.md.

    A page that exists keeps all but what stands between its two markers; another is made.

    \b
    Example:
      python -m benchmarks.report result.json report.md
    """
    result = read_result(result_path)
    text = page.read_text(encoding="utf-8") if page.exists() else f"# Performance\n\n{BEGIN}\n{END}\n"
    write_text(page, filled(text, markdown(result), page), force=True)
    print_facts([("table", str(page))])


def markdown(result: BenchmarkResult) -> str:
    """Return the section of a page that a result fills: finding, table, how each rival is set up, what it ran on."""
    from i3d_edge.runtime.show.templates import environment  # here, because the runtime loads OpenVINO

    made = environment("benchmarks")
    made.filters |= {"percent": percent, "rounded": rounded, "times": times}
    template = made.get_template("section.md.j2")
    return template.render(result=result, lines=figures(result), finding=finding(result))


def filled(text: str, section: str, page: Path) -> str:
    """Return a page's text with a section between its markers, in place of what was there.

    Raises:
        BenchmarkError: If the page does not have both markers, once each and in order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in after or END in after:
        raise BenchmarkError(f"page {str(page)!r} needs one line {BEGIN!r} and, below it, one line {END!r}")
    return f"{before}{BEGIN}\n\n{section}\n{END}{after}"


if __name__ == "__main__":
    main()
