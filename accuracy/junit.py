"""The gate as a JUnit XML file, which CI systems show as a test suite: one test case per promise.

The schema is the one that Ant writes and Jenkins reads: a case that is not kept holds a `failure` with a message and
a type, one that was let through undecided a `skipped`.
"""

from __future__ import annotations

from xml.etree import ElementTree

from accuracy.gate import Verdict
from accuracy.gate_report import GateReport, format_gate

_SUITE = "i3d accuracy compare"


def gate_to_junit(report: GateReport, *, undecided_passes: bool = False) -> str:
    """Return a report as JUnit XML.

    Args:
        report: What the gate found.
        undecided_passes: Write what is undecided as skipped, and not as a failure.
    """
    suite = ElementTree.Element("testsuite", {"name": _SUITE})
    counts = {"tests": len(report.checks), "failures": 0, "errors": 0, "skipped": 0}
    model = _valid(report.comparison["run_model"])
    for check in report.checks:
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": f"accuracy.{model}", "name": check.name, "time": "0"}
        )
        if check.verdict is Verdict.PASSED:
            continue
        is_skipped = undecided_passes and check.verdict is Verdict.UNDECIDED
        attributes = {"message": _valid(check.reason)}
        if not is_skipped:
            attributes["type"] = check.verdict.value
        counts["skipped" if is_skipped else "failures"] += 1
        ElementTree.SubElement(case, "skipped" if is_skipped else "failure", attributes)
    ElementTree.SubElement(suite, "system-out").text = _valid(format_gate(report))
    for name, count in counts.items():
        suite.set(name, str(count))
    suite.set("time", "0")
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _valid(text: str) -> str:
    """Return text without the characters that XML 1.0 cannot hold even escaped; they are spelled out instead."""
    return "".join(letter if _is_xml(ord(letter)) else repr(letter)[1:-1] for letter in text)


def _is_xml(code: int) -> bool:
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
