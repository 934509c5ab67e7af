"""`i3d accuracy baseline` and `i3d accuracy compare`: the gate."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import Command, force_option, note, output_option
from i3d_edge.cli._runs import read_named
from i3d_edge.core.errors import GateFailedError, GateUndecidedError, I3DError
from i3d_edge.core.files import check_output, write_text

if TYPE_CHECKING:
    from i3d_edge.accuracy import GateReport, Undecided

_DEFAULT_POINTS = 2.0
_SUSPICIOUS_POINTS = 0.1


def _finite(_ctx: click.Context, _param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a finite number.")
    return value


@click.command("baseline", cls=Command)
@click.argument("run_name", metavar="RUN[:NAME]")
@output_option("The baseline, JSON, small enough to commit.")
@force_option
def baseline(run_name: str, output: Path, force: bool) -> None:
    """Keep what a model said of each video, for later runs to be compared with.

    RUN is a folder that `i3d accuracy run` wrote; NAME is needed where it has several models. Per labelled
    video the file holds its hash, its path, the label, and the five best classes with their probabilities;
    besides that, the model, the protocol, the classes and which videos were dropped.

    \b
    Example:
      i3d accuracy baseline results -o baseline.json
    """
    from i3d_edge import accuracy as room

    check_output(output, force=force)
    run, name = read_named(run_name)
    model = room.pick_model(run, name)
    made = room.make_baseline(run, model)
    room.write_baseline(output, made, force=force)
    click.echo(f"written: {output}, {len(made['videos'])} videos by {model!r}")


@click.command("compare", cls=Command)
@click.argument("baseline_path", type=click.Path(path_type=Path), metavar="BASELINE")
@click.argument("run_name", metavar="RUN[:NAME]")
@click.option(
    "--max-drop-top1",
    "max_drop_points",
    type=click.FloatRange(0, 100),
    callback=_finite,
    default=_DEFAULT_POINTS,
    show_default=True,
    metavar="POINTS",
    help="Largest loss of top-1 accuracy per video, in percentage points.",
)
@click.option(
    "--max-drift",
    type=click.FloatRange(min=0),
    callback=_finite,
    metavar="NATS",
    help="Largest mean |change of ln p| of the baseline's best class; no limit if not given.",
)
@click.option(
    "--undecided",
    type=click.Choice(["pass", "fail"]),
    help="Exit with 0 or 3, and not with 4, where the videos are too few to tell.",
)
@click.option(
    "--allow-dropped",
    "num_allowed_dropped",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="How many of the baseline's videos RUN may have dropped; the others are compared.",
)
@click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML here.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write Markdown here.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@force_option
def compare(
    baseline_path: Path,
    run_name: str,
    max_drop_points: float,
    max_drift: float | None,
    undecided: Undecided | None,
    num_allowed_dropped: int,
    junit: Path | None,
    markdown: Path | None,
    as_json: bool,
    force: bool,
) -> None:
    """Hold a run to a baseline, on the same videos, pair by pair.

    RUN is a folder that `i3d accuracy run` wrote; NAME is needed where it has several models. Exit code 0:
    the predictions are identical, or the upper 95 % bound of the drop is within the limit. 3: the drop
    exceeds the limit and McNemar's test says p < 0.05, or the drift exceeds its own. 4: neither; it says how
    many videos would be needed. 1: there is nothing to compare, for instance another list, protocol or set
    of classes; the files say so too.

    \b
    Example:
      i3d accuracy compare baseline.json results --max-drop-top1 2 --junit gate.xml
    """
    from i3d_edge import accuracy as room

    for path in (junit, markdown):
        if path is not None:
            check_output(path, force=force)
    if 0 < max_drop_points < _SUSPICIOUS_POINTS:
        note(
            f"note: --max-drop-top1 {max_drop_points:g} is {max_drop_points:g} points, not {100 * max_drop_points:g} %"
        )
    try:
        kept = room.read_baseline(baseline_path)
        run, name = read_named(run_name)
        model = room.pick_model(run, name)
        comparison = room.compare(kept, run, model, num_allowed_dropped=num_allowed_dropped)
    except I3DError as error:
        _write_files(
            junit, room.refusal_to_junit(error.message), markdown, room.refusal_to_markdown(error.message), force
        )
        raise
    limits = room.Limits(max_drop=max_drop_points / 100, max_drift=max_drift)
    protocol = f"{kept['how']['name']} v{kept['how']['version']}"
    report = room.GateReport(comparison, limits, room.judge(comparison, limits), protocol, undecided)
    _write_files(junit, room.gate_to_junit(report), markdown, room.gate_to_markdown(report), force)
    if as_json:
        click.echo(json.dumps(room.gate_to_json(report), indent=2, ensure_ascii=False))
    else:
        click.echo(room.format_gate(report))
    _exit(report)


def _write_files(junit: Path | None, xml: str, markdown: Path | None, text: str, force: bool) -> None:
    if junit is not None:
        write_text(junit, xml, force=force)
    if markdown is not None:
        write_text(markdown, text, force=force)


def _exit(report: GateReport) -> None:
    from i3d_edge.accuracy import Verdict

    if report.verdict is Verdict.PASSED:
        return
    message = f"model {report.comparison['run_model']!r} must keep what the baseline has; {report.reason}"
    if report.verdict is Verdict.FAILED:
        raise GateFailedError(message)
    if report.undecided == "fail":
        raise GateFailedError(message, hint="--undecided fail makes this a failure")
    if report.undecided == "pass":
        note(f"undecided, and let through by --undecided pass: {report.reason}")
        return
    raise GateUndecidedError(message, hint="compare on more videos, or choose with --undecided pass or fail")
