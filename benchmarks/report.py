"""`python -m benchmarks.report`: a result file becomes a table of medians, spreads, and ratios taken round by round."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.rivals import OURS, STOCK
from i3d_edge.cli._base import Command
from i3d_edge.core.json_text import parse_json
from i3d_edge.core.reading import read_bytes
from i3d_edge.core.timing import percentiles, times_faster


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


@dataclass(frozen=True, slots=True)
class Figure:
    """One rival's line."""

    rival: Mapping[str, Any]
    median_ms: float  # this, p10 and p90 are of its times per clip
    p10_ms: float
    p90_ms: float
    times_reference: float  # how many times faster than the reference: median over rounds of the quotient
    times_stock: float | None  # the same against stock OpenVINO of its precision; None where that did not run


def figures(result: Mapping[str, Any]) -> list[Figure]:
    """Return a line for each rival, slowest first."""
    reference = result["rivals"][0]
    stock = {rival["precision"]: rival for rival in result["rivals"] if rival["group"] == STOCK}
    lines = [_figure(rival, reference, stock.get(rival["precision"])) for rival in result["rivals"]]
    return sorted(lines, key=lambda line: -line.median_ms)


def finding(result: Mapping[str, Any]) -> str:
    """Return in one sentence what our fastest way of answering a single clip comes to."""
    ours = [line for line in figures(result) if line.rival["group"] == OURS]
    best = [line for line in ours if "throughput" not in line.rival["name"]][-1]
    sentence = (
        f"{best.rival['name']} takes {rounded(best.median_ms)} ms a clip: "
        f"{times(best.times_reference)} the speed of {result['rivals'][0]['name']}"
    )
    if best.times_stock is not None:
        sentence += f", {times(best.times_stock)} that of stock OpenVINO {best.rival['precision']}"
    return sentence


def rounded(value: float) -> str:
    """Return three significant digits, without an exponent."""
    return f"{float(f'{value:.3g}'):g}" if value < 1000 else f"{round(value, -1 if value < 10000 else -2):.0f}"


def times(value: float) -> str:
    """Return a ratio for people, for instance "1.24x"."""
    return f"{rounded(value)}x"


def percent(value: float) -> str:
    """Return a part of one as a percentage; what is below a thousandth of a percent is said to be."""
    return f"{float(f'{100 * value:.2g}'):g} %" if value >= 1e-5 else "below 0.001 %"


def _figure(rival: Mapping[str, Any], reference: Mapping[str, Any], stock: Mapping[str, Any] | None) -> Figure:
    p10_ms, median_ms, p90_ms = percentiles(rival["clip_ms"], 10, 50, 90)
    times_stock = None if stock is None else times_faster(rival["clip_ms"], stock["clip_ms"])
    times_reference = times_faster(rival["clip_ms"], reference["clip_ms"])
    return Figure(rival, median_ms, p10_ms, p90_ms, times_reference, times_stock)


if __name__ == "__main__":
    main()
