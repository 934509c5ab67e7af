"""What the gate prints, and what it writes for CI."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from runs import NAMES, Run, Video, sure, videos_of, write_run

from i3d_edge.accuracy.gate.baseline import make_baseline
from i3d_edge.accuracy.gate.comparison import compare
from i3d_edge.accuracy.gate.junit import gate_to_junit, refusal_to_junit
from i3d_edge.accuracy.gate.text import (
    GateReport,
    Undecided,
    format_gate,
    gate_to_json,
    gate_to_markdown,
    refusal_to_markdown,
)
from i3d_edge.accuracy.gate.verdict import Limits, judge
from i3d_edge.accuracy.result.recorded_run import read_run

DEFAULT = Limits()
NASTY = "a|b`c*_<d>&\"e'\n\x00\ufffe.mp4"


def report(tmp_path: Path, before: Run, after: Run, limits: Limits = DEFAULT, **options: int) -> GateReport:
    baseline = make_baseline(read_run(write_run(tmp_path / "before", before)), "m")
    comparison = compare(baseline, read_run(write_run(tmp_path / "after", after)), "m", **options)
    return GateReport(comparison, limits, judge(comparison, limits), "centre v1")


@pytest.fixture
def undecided(tmp_path: Path) -> GateReport:
    before = "+" * 30 + "-" * 20
    after = "+" * 27 + "-" * 3 + "+" + "-" * 19
    return report(tmp_path, Run({"m": videos_of(before)}), Run({"m": videos_of(after)}), Limits(0.02, 0.5))


@pytest.fixture
def nasty(tmp_path: Path) -> GateReport:
    names = ("one | two", "<script>", *NAMES[2:])
    before = Run({"m": [Video(NASTY, 0, [sure(0)])]}, names=names)
    return report(tmp_path, before, Run({"m": [Video(NASTY, 0, [sure(1)])]}, names=names))


def test_the_text(undecided: GateReport) -> None:
    assert format_gate(undecided).splitlines() == [
        "per video ↑    baseline    run      change",
        "-------------  ----------  -------  ------------",
        "top-1          60.0 %      56.0 %   -4.00 points",
        "top-5          100.0 %     100.0 %  none",
        "",
        "videos      50 compared, 46 identical, 4 with another best class",
        "flips       3 lost, 1 gained",
        "top-1 drop  4.00 points, limit 2 points; upper 95 % bound 12.46",
        "McNemar     p = 0.62 (exact, two-sided)",
        "drift       0.331, limit 0.5; largest 4.14: 0027.mp4",
        "protocol    centre v1",
        "changed     nothing that the two record: same model, precision, device, processor and versions",
        "",
        "lost: 3",
        "  0027.mp4: a; a 0.90 -> b 0.90",
        "  0028.mp4: a; a 0.90 -> b 0.90",
        "  0029.mp4: a; a 0.90 -> b 0.90",
        "",
        "gained: 1",
        "  0030.mp4: a; b 0.90 -> a 0.90",
        "",
        "UNDECIDED: the drop of 4.00 points exceeds the limit of 2 points, but McNemar's p is 0.62: "
        "416 videos would be needed",
    ]


def test_long_lists_are_cut_and_said_so(tmp_path: Path) -> None:
    text = format_gate(report(tmp_path, Run({"m": videos_of("+" * 13)}), Run({"m": videos_of("-" * 13)})))
    assert "lost: 13\n" in text
    assert text.count(" -> b") == 10
    assert "\n  and 3 more: see --json\n" in text


def test_videos_that_were_not_compared(tmp_path: Path) -> None:
    after = Run({"m": videos_of("+++")[1:]}, dropped=["0000.mp4"])
    made = report(tmp_path, Run({"m": videos_of("+++")}), after, num_allowed_dropped=1)
    note = "not compared: 1 of the baseline's videos, which the run dropped"
    assert note in format_gate(made).splitlines()
    assert note in gate_to_markdown(made)


def test_the_markdown(undecided: GateReport) -> None:
    lines = gate_to_markdown(undecided).splitlines()
    assert lines[:4] == [
        "## Accuracy gate undecided: `m` against the baseline",
        "",
        "- **top-1 drop undecided**: the drop of 4.00 points exceeds the limit of 2 points, but McNemar's p is 0.62: "
        "416 videos would be needed",
        "- **drift passed**: the drift of 0.331 is within the limit of 0.5",
    ]
    assert "<details><summary>Lost: 3</summary>" in lines
    assert re.sub(" +", " ", lines[lines.index("<details><summary>Lost: 3</summary>") + 4]) == (
        "| 0027.mp4 | a | a 0.90 | b 0.90 |"
    )
    assert lines.count("</details>") == 2


def cells(line: str) -> list[str]:
    """Split a row of a table where Markdown does: at bars without a backslash."""
    return re.split(r"(?<!\\)\|", line)[1:-1]


def test_markdown_tables_stay_whole(nasty: GateReport) -> None:
    lines = gate_to_markdown(nasty).splitlines()
    blocks = [line for line in lines if line.startswith("|")]
    assert {len(cells(line)) for line in blocks} == {2, 4}
    [row] = [line for line in blocks if "one \\| two" in line]
    assert [cell.strip() for cell in cells(row)] == [
        r"a\|b\`c\*\_\<d\>\&\"e'\\n\\u0000\\ufffe.mp4".replace('\\"', '"'),
        r"one \| two",
        r"one \| two 0.90",
        r"\<script\> 0.90",
    ]
    assert "<script>" not in gate_to_markdown(nasty)


# The schema that Jenkins publishes (xunit plugin, junit-10.xsd), as far as it concerns these elements.
CHILDREN = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase", "system-out", "system-err"],
    "testcase": ["skipped", "error", "failure", "system-out", "system-err"],
    "failure": [],
    "error": [],
    "skipped": [],
    "system-out": [],
}
REQUIRED = {"testsuite": {"name", "tests"}, "testcase": {"name", "classname"}, "failure": {"type", "message"}}
REQUIRED["error"] = REQUIRED["failure"]
ALLOWED = {
    "testsuites": {"name", "time", "tests", "failures", "disabled", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "time", "disabled", "skipped", "timestamp", "hostname", "id"},
    "testcase": {"name", "assertions", "time", "classname", "status"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}


def check_junit(text: str) -> ElementTree.Element:
    root = ElementTree.fromstring(text.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        tags = [child.tag for child in element]
        assert set(tags) <= set(CHILDREN[element.tag])
        assert REQUIRED.get(element.tag, set()) <= element.attrib.keys() <= ALLOWED[element.tag]
    for suite in root:
        order = [CHILDREN["testsuite"].index(child.tag) for child in suite]
        assert order == sorted(order)
        cases = suite.findall("testcase")
        assert all(len(case) <= 1 for case in cases)
        counts = {"tests": len(cases), "failures": len(suite.findall("testcase/failure"))}
        counts["errors"] = len(suite.findall("testcase/error"))
        counts["skipped"] = len(suite.findall("testcase/skipped"))
        assert {name: int(suite.attrib[name]) for name in counts} == counts
    return root


def test_the_junit(undecided: GateReport) -> None:
    root = check_junit(gate_to_junit(undecided))
    cases = root.findall("testsuite/testcase")
    assert [(case.get("classname"), case.get("name")) for case in cases] == [
        ("accuracy.centre-v1.m", "top-1 drop"),
        ("accuracy.centre-v1.m", "drift"),
    ]
    [failure] = root.findall("testsuite/testcase/failure")
    assert failure.get("type") == "undecided"
    assert failure.get("message", "").endswith("416 videos would be needed")
    assert root.findtext("testsuite/system-out") == format_gate(undecided)


def test_undecided_may_be_skipped(undecided: GateReport) -> None:
    root = check_junit(gate_to_junit(replace(undecided, undecided="pass")))
    assert root.find("testsuite").attrib["failures"] == "0"  # type: ignore[union-attr]
    [skipped] = root.findall("testsuite/testcase/skipped")
    assert skipped.get("message", "").startswith("the drop of 4.00 points")


def test_junit_of_a_failure_and_of_a_pass(tmp_path: Path) -> None:
    one, other = Run({"m": videos_of("+" * 40)}), Run({"m": videos_of("-" * 40)})
    failed = replace(report(tmp_path / "a", one, other), undecided="pass")
    [failure] = check_junit(gate_to_junit(failed)).iter("failure")
    assert failure.get("type") == "failed"
    passed = check_junit(gate_to_junit(report(tmp_path / "b", one, one)))
    assert list(passed.iter("failure")) == list(passed.iter("skipped")) == []


def test_a_refusal() -> None:
    [error] = check_junit(refusal_to_junit("the run must <be> whole\x00")).iter("error")
    assert error.attrib == {"message": r"the run must <be> whole\u0000", "type": "refused"}
    assert refusal_to_markdown("the run must <be> whole") == (
        "## Accuracy gate: nothing to compare\n\nthe run must \\<be\\> whole\n"
    )


@pytest.mark.parametrize(("choice", "word"), [("pass", "and let through"), ("fail", "which counts as failed")])
def test_markdown_says_what_becomes_of_the_undecided(undecided: GateReport, choice: Undecided, word: str) -> None:
    title = gate_to_markdown(replace(undecided, undecided=choice)).splitlines()[0]
    assert title == f"## Accuracy gate undecided ({word}): `m` against the baseline"


def test_junit_of_names_that_xml_cannot_hold(nasty: GateReport) -> None:
    root = check_junit(gate_to_junit(nasty))
    assert r"\u0000\ufffe.mp4: one | two; one | two 0.90 -> <script> 0.90" in (
        root.findtext("testsuite/system-out") or ""
    )


def test_that_check_can_fail() -> None:
    with pytest.raises(AssertionError):
        check_junit("<testsuites><testsuite name='x' tests='1' failures='0' errors='0' skipped='0'/></testsuites>")
    with pytest.raises(AssertionError):
        check_junit("<testsuites><testcase name='x' classname='y'/></testsuites>")


def test_the_document(undecided: GateReport) -> None:
    document = gate_to_json(undecided)
    assert document["verdict"] == "undecided"
    assert document["limits"] == {"max_drop": 0.02, "max_drift": 0.5}
    assert [check["videos_needed"] for check in document["checks"]] == [416, None]
    assert document["comparison"] == undecided.comparison
