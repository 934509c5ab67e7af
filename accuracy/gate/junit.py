"""The gate as a JUnit XML file, which CI systems show as a test suite: one test case per promise.

The schema is the one that Ant writes and Jenkins reads: a case that is not kept holds a `failure` with a message and
a type, one that was let through undecided a `skipped`, and a comparison that was refused an `error`.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from i3d_edge.accuracy.gate.text import GateReport, format_gate
from i3d_edge.accuracy.gate.verdict import Verdict
from i3d_edge.core.text import spelled

_SUITE = "i3d accuracy compare"


def gate_to_junit(report: GateReport) -> str:
    """Return a report as JUnit XML; a check that is undecided and let through is skipped, and not a failure."""
    cases = []
    for check in report.checks:
        case = _case(f"{report.protocol.replace(' ', '-')}.{report.comparison['run_model']}", check.name)
        cases.append(case)
        if check.verdict is Verdict.PASSED:
            continue
        attributes = {"message": _valid(check.reason)}
        is_skipped = report.undecided == "pass" and check.verdict is Verdict.UNDECIDED
        if not is_skipped:
            attributes["type"] = check.verdict.value
        ElementTree.SubElement(case, "skipped" if is_skipped else "failure", attributes)
    return _suite(cases, format_gate(report))


def refusal_to_junit(reason: str) -> str:
    """Return JUnit XML that says that there was nothing to compare, and why."""
    case = _case("refused", "comparison")
    ElementTree.SubElement(case, "error", {"message": _valid(reason), "type": "refused"})
    return _suite([case], reason)


def _case(name: str, promise: str) -> ElementTree.Element:
    return ElementTree.Element("testcase", {"classname": f"accuracy.{_valid(name)}", "name": promise, "time": "0"})


def _suite(cases: Sequence[ElementTree.Element], text: str) -> str:
    suite = ElementTree.Element("testsuite", {"name": _SUITE, "tests": str(len(cases))})
    for kind in ("failure", "error", "skipped"):
        plural = kind if kind == "skipped" else f"{kind}s"
        suite.set(plural, str(sum(case.find(kind) is not None for case in cases)))
    suite.set("time", "0")
    suite.extend(cases)
    ElementTree.SubElement(suite, "system-out").text = _valid(text)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _valid(text: str) -> str:
    """Return text with control characters spelled out: XML 1.0 cannot hold them even escaped."""
    return spelled(text, keep="\n")
