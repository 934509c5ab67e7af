"""`i3d accuracy baseline` and `i3d accuracy compare`: the gate."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import PATH, Command, force_option, json_option, note, output_option, print_lines
from i3d_edge.core.errors import GateFailedError, GateUndecidedError, I3DError
from i3d_edge.core.files import check_output, write_text
from i3d_edge.core.reading import read_bytes
from i3d_edge.core.text import plural

if TYPE_CHECKING:
    from i3d_edge.accuracy.gate.text import GateReport

_DEFAULT_POINTS = 2.0
_SUSPICIOUS_POINTS = 0.1


def _finite(_ctx: click.Context, _param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a finite number.")
    return value


@click.command("baseline", cls=Command)
@click.argument("run_name", metavar="RUN[:NAME]")
@output_option("Baseline to write, a JSON file.")
@force_option
def baseline(run_name: str, output: Path, force: bool) -> None:
    """Save a model's answers as the baseline of later runs.

    RUN is a folder of `i3d accuracy run`; add NAME if it has several models. The file is small enough to commit. For
    each labelled video it holds the hash, the label and the five best classes with their probabilities.

    \b
    Example:
      i3d accuracy baseline results -o baseline.json
    """
    from i3d_edge.accuracy.gate.baseline import make_baseline, pick_model, write_baseline
    from i3d_edge.accuracy.gate.pairs import videos_needed
    from i3d_edge.accuracy.result.recorded_run import read_named_runs

    check_output(output, force=force)
    [(run, name)] = read_named_runs([run_name])
    model = pick_model(run, name)
    made = make_baseline(run, model)
    write_baseline(output, made, force=force)
    num_videos = len(made["videos"])
    print_lines(f"written: {output}, {plural(num_videos, 'video')} by {model!r}")
    needed = videos_needed(0, 0, num_videos, _DEFAULT_POINTS / 100)
    if needed is not None and needed > num_videos + 1:
        note(f"note: too few: a limit of {_DEFAULT_POINTS:g} points takes {needed} videos at least, and better 400")


@click.command("compare", cls=Command)
@click.argument("baseline_path", type=PATH, metavar="BASELINE")
@click.argument("run_name", metavar="RUN[:NAME]")
@click.option(
    "--max-drop-top1",
    "max_drop_points",
    type=click.FloatRange(0, 100),
    callback=_finite,
    default=_DEFAULT_POINTS,
    metavar="POINTS",
    help="Largest loss of top-1 accuracy, in percentage points.",
)
@click.option(
    "--max-drift",
    type=click.FloatRange(min=0),
    callback=_finite,
    metavar="NATS",
    help="Largest mean change of ln p of the baseline's best class.  [default: no limit]",
)
@click.option(
    "--undecided", type=click.Choice(["pass", "fail"]), help="Exit with 0 or 3, not 4, if there are too few videos."
)
@click.option(
    "--allow-dropped", "num_allowed_dropped", type=click.IntRange(min=0), default=0, help="Videos that RUN may lack."
)
@click.option("--allow-mixed", is_flag=True, help="Also compare runs that mix kinds of CPUs or precisions.")
@click.option("--junit", type=PATH, help="Also write JUnit XML.")
@click.option("--markdown", type=PATH, help="Also write Markdown.")
@json_option
@force_option
def compare(
    baseline_path: Path,
    run_name: str,
    max_drop_points: float,
    junit: Path | None,
    markdown: Path | None,
    as_json: bool,
    force: bool,
    **limits: Any,
) -> None:
    """Compare a run with a baseline, and fail if accuracy fell.

    RUN is a folder of `i3d accuracy run` on the same videos; add NAME if it has several models.

    \b
    Exit codes:
      0  passed: the upper 95 % bound of the drop is within the limit
      3  failed: the drop exceeds the limit, with p < 0.05 by McNemar's test, or the drift exceeds its limit
      4  undecided: too few videos to tell; the message says how many are needed
      1  nothing to compare: another list, protocol or set of classes

    \b
    Example:
      i3d accuracy compare baseline.json results --max-drop-top1 2 --junit gate.xml
    """
    from i3d_edge.accuracy.gate import junit as junit_xml
    from i3d_edge.accuracy.gate import text
    from i3d_edge.api import accuracy as api

    for path in (junit, markdown):
        if path is not None:
            check_output(path, force=force or _is_own(path))
    if 0 < max_drop_points < _SUSPICIOUS_POINTS:
        note(
            f"note: --max-drop-top1 {max_drop_points:g} is {max_drop_points:g} points, not {100 * max_drop_points:g} %"
        )
    try:
        report = api.compare_run(baseline_path, run_name, max_drop_points=max_drop_points, **limits)
    except I3DError as error:
        _write_files(
            junit, junit_xml.refusal_to_junit(error.message), markdown, text.refusal_to_markdown(error.message)
        )
        raise
    _write_files(junit, junit_xml.gate_to_junit(report), markdown, text.gate_to_markdown(report))
    if as_json:
        click.echo(json.dumps(text.gate_to_json(report), indent=2, ensure_ascii=False))
    else:
        click.echo(text.format_gate(report))
    _exit(report)


def _is_own(path: Path) -> bool:
    """Whether a file is an earlier report of this command, which the next one replaces."""
    try:
        start = read_bytes(path)[:200]
    except OSError:
        return False
    return b'<testsuite name="i3d accuracy compare"' in start or start.startswith(b"## Accuracy gate")


def _write_files(junit: Path | None, xml: str, markdown: Path | None, text: str) -> None:
    for path, content in ((junit, xml), (markdown, text)):
        if path is not None:
            write_text(path, content, force=True)  # as checked before


def _exit(report: GateReport) -> None:
    from i3d_edge.accuracy.gate.verdict import Verdict

    if report.verdict is Verdict.PASSED:
        return
    message = f"model {report.comparison['run_model']!r} against the baseline: {report.reason}"
    if report.verdict is Verdict.FAILED:
        raise GateFailedError(message)
    if report.undecided == "fail":
        raise GateFailedError(message, hint="--undecided fail makes this a failure")
    if report.undecided == "pass":
        note(f"undecided, and let through by --undecided pass: {report.reason}")
        return
    raise GateUndecidedError(message, hint="compare on more videos, or choose with --undecided pass or fail")
