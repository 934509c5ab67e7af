"""What the gate found: for the terminal, as Markdown for a pull request, and as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from i3d_edge.accuracy.gate.changes import format_changes
from i3d_edge.accuracy.gate.comparison import Comparison, Flip
from i3d_edge.accuracy.gate.verdict import GateCheck, Limits, Verdict, combine, format_points
from i3d_edge.core.text import message, spelled, table
from i3d_edge.runtime.show.templates import percent

Undecided = Literal["pass", "fail"]

_UNDECIDED_MEANS: Mapping[Undecided, str] = {"pass": "and let through", "fail": "which counts as failed"}
_HEADERS = ("per video ↑", "baseline", "run", "change")
_SHOWN_FLIPS = 10
_MARKDOWN_FLIPS = 100


@dataclass(frozen=True, slots=True)
class GateReport:
    """A comparison, what it was held to, and what came of it."""

    comparison: Comparison  # of a run with a baseline
    limits: Limits  # what the run may lose
    checks: Sequence[GateCheck]  # what came of each limit
    protocol: str  # both runs', by name and version
    # What is to become of a check that the videos are too few to decide; None leaves that to the caller.
    undecided: Undecided | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst of the checks."""
        return combine(self.checks)

    @property
    def reason(self) -> str:
        """Why, in one line: the reasons of the checks that decided."""
        return "; ".join(check.reason for check in self.checks if check.verdict is self.verdict)


def gate_to_json(report: GateReport) -> dict[str, Any]:
    """Return a report as one document."""
    return {
        "verdict": report.verdict.value,
        "limits": asdict(report.limits),
        "checks": [asdict(check) for check in report.checks],
        "comparison": report.comparison,
    }


def format_gate(report: GateReport) -> str:
    """Return a report as text for the terminal."""
    found = report.comparison
    facts = _facts(report)
    width = max(len(name) for name, _ in facts)
    lines = [f"{name:<{width}}  {value}" for name, value in facts]
    for title, flips in (("lost", found["lost"]), ("gained", found["gained"])):
        if flips:
            lines += ["", f"{title}: {len(flips)}"]
            lines += [
                f"  {flip['video']}: {flip['label']}; {' -> '.join(_answers(flip))}" for flip in flips[:_SHOWN_FLIPS]
            ]
        if (hidden := len(flips) - _SHOWN_FLIPS) > 0:
            lines.append(f"  and {hidden} more: see --json")
    lines += ["", *_notes(found), f"{report.verdict.value.upper()}: {report.reason}"]
    return "\n".join([table(_accuracies(found), _HEADERS), "", *map(message, lines)])


def gate_to_markdown(report: GateReport) -> str:
    """Return a report as Markdown: verdict first, then the numbers, then the videos."""
    found = report.comparison
    outcome = report.verdict.value
    if report.verdict is Verdict.UNDECIDED and report.undecided is not None:
        outcome += f" ({_UNDECIDED_MEANS[report.undecided]})"
    model = spelled(found["run_model"]).replace("`", "'")
    lines = [
        f"## Accuracy gate {outcome}: `{model}` against the baseline",
        "",
        *(f"- **{check.name} {check.verdict.value}**: {_escape(check.reason)}" for check in report.checks),
        "",
        markdown_table(_accuracies(found), _HEADERS),
        "",
        markdown_table(_facts(report), ("", "value")),
    ]
    for name, flips in (("Lost", found["lost"]), ("Gained", found["gained"])):
        if flips:
            rows = [(flip["video"], flip["label"], *_answers(flip)) for flip in flips[:_MARKDOWN_FLIPS]]
            videos = markdown_table(rows, ("video", "label", "baseline said", "run says"))
            lines += ["", f"<details><summary>{name}: {len(flips)}</summary>", "", videos, ""]
            lines += [f"and {more} more", ""] if (more := len(flips) - _MARKDOWN_FLIPS) > 0 else []
            lines.append("</details>")
    lines += [f"\n{_escape(note)}" for note in _notes(found)]
    return "\n".join(lines) + "\n"


def refusal_to_markdown(reason: str) -> str:
    """Return, as Markdown, that there was nothing to compare, and why."""
    return f"## Accuracy gate: nothing to compare\n\n{_escape(reason)}\n"


def markdown_table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    """Return a table in Markdown, its cells shown as they are."""
    return table([[_escape(cell) for cell in row] for row in rows], headers, tablefmt="github")


def _accuracies(found: Comparison) -> list[list[str]]:
    return [
        [name, percent(before), percent(after), f"{100 * (after - before):+.2f} points" if after != before else "none"]
        for name, before, after in (
            ("top-1", found["before_top1"], found["after_top1"]),
            ("top-5", found["before_top5"], found["after_top5"]),
        )
    ]


def _facts(report: GateReport) -> list[tuple[str, str]]:
    found, limits = report.comparison, report.limits
    drift = found["drift"]
    drift_limit = "no limit" if limits.max_drift is None else f"limit {limits.max_drift:g}"
    largest = f"; largest {drift['largest']:.3g}: {drift['largest_video']}" if drift["largest"] else ""
    return [
        (
            "videos",
            f"{found['num_videos']} compared, {found['num_identical']} identical, "
            f"{found['num_other_class']} with another best class",
        ),
        ("flips", f"{len(found['lost'])} lost, {len(found['gained'])} gained"),
        (
            "top-1 drop",
            f"{100 * found['drop']:.2f} points, limit {format_points(limits.max_drop)}; "
            f"upper 95 % bound {100 * found['drop_upper_bound']:.2f}",
        ),
        ("McNemar", f"p = {found['mcnemar_p']:.2g} (exact, two-sided)"),
        ("drift", f"{drift['mean']:.3g}, {drift_limit}{largest}"),
        ("protocol", report.protocol),
        ("changed", format_changes(found["changes"])),
    ]


def _notes(found: Comparison) -> list[str]:
    """Return which videos were not compared."""
    sides = ((found["missing"], "baseline", "run"), (found["added"], "run", "baseline"))
    return [
        f"not compared: {len(videos)} of the {has}'s videos, which the {lacks} dropped"
        for videos, has, lacks in sides
        if videos
    ]


def _answers(flip: Flip) -> tuple[str, str]:
    """Return what the baseline and the run say of a video, with their probabilities."""
    return f"{flip['before']} {flip['before_prob']:.2f}", f"{flip['after']} {flip['after_prob']:.2f}"


def _escape(text: str) -> str:
    """Return text that Markdown shows as it is, inside a cell of a table too."""
    return re.sub(r"([\\`*_{}\[\]<>|~#&])", r"\\\1", spelled(text))
