from pathlib import Path

import numpy as np
import pytest

from i3d_edge.core.labels import LabelSet, kinetics_400
from i3d_edge.freeze.sample import SampleResult, TopClass, judge, published_results, summarize


def test_the_published_values() -> None:
    norms = {origin: result.norm for origin, result in published_results().items()}
    assert norms == {
        "rgb_imagenet": 87.108871,
        "flow_imagenet": 63.252754,
        "rgb_imagenet + flow_imagenet": 138.468658,
    }
    for result in published_results().values():
        assert result.top[0].label == "playing cricket"
        assert [item.logit for item in result.top] == sorted((item.logit for item in result.top), reverse=True)
        assert len({item.label for item in result.top}) == 20
        assert all(item.label in kinetics_400() for item in result.top)


def test_probabilities_and_logits_of_the_published_values_agree(subtests: pytest.Subtests) -> None:
    """Ratios of probabilities are exponentials of differences of logits, whatever the other classes are."""
    for origin in list(published_results()):
        with subtests.test(origin=origin):
            first, *others = published_results()[origin].top
            for item in others:
                assert item.prob / first.prob == pytest.approx(np.exp(item.logit - first.logit), rel=2e-3)


def logits_of(result: SampleResult) -> np.ndarray:
    """Make logits that have a result's leading classes and its norm."""
    labels = kinetics_400()
    logits = np.zeros(400)
    for item in result.top:
        logits[labels.index(item.label)] = item.logit
    rest = [index for index in range(400) if logits[index] == 0]
    logits[rest] = -np.sqrt((result.norm**2 - (logits**2).sum()) / len(rest))
    return logits


def test_the_published_logits_pass(subtests: pytest.Subtests) -> None:
    for origin in list(published_results()):
        with subtests.test(origin=origin):
            published = published_results()[origin]
            verdict = judge(summarize(logits_of(published), kinetics_400()), published)
            assert verdict.norm_deviation < 1e-9
            assert verdict.passed


def test_the_norm_may_deviate_by_a_ten_thousandth(subtests: pytest.Subtests) -> None:
    for factor, passes in [(1 + 0.9e-4, True), (1 - 0.9e-4, True), (1 + 1.1e-4, False), (0.5, False)]:
        with subtests.test(factor=factor):
            published = published_results()["rgb_imagenet"]
            verdict = judge(summarize(logits_of(published) * factor, kinetics_400()), published)
            assert verdict.same_top
            assert verdict.passed is passes


def test_another_order_fails() -> None:
    published = published_results()["rgb_imagenet"]
    logits = logits_of(published)
    labels = kinetics_400()
    last, before = (labels.index(item.label) for item in published.top[:-3:-1])
    logits[[last, before]] = logits[[before, last]]
    verdict = judge(summarize(logits, labels), published)
    assert verdict.norm_deviation < 1e-9
    assert not verdict.same_top
    assert not verdict.passed


def test_summarize() -> None:
    result = summarize(np.array([0.0, np.log(3.0)]), LabelSet("two", ("a", "b")))
    assert result.norm == pytest.approx(np.log(3.0))
    assert result.top == (
        TopClass("b", pytest.approx(0.75), pytest.approx(np.log(3.0))),
        TopClass("a", pytest.approx(0.25), 0.0),
    )


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("imagenet_rgb", "rgb_imagenet"),
        ("imagenet_flow", "flow_imagenet"),
        ("imagenet_joint", "rgb_imagenet + flow_imagenet"),
    ],
)
def test_the_values_are_those_that_deepmind_printed(shared: Path, name: str, origin: str) -> None:
    norm, *rows = (shared / "golden" / f"{name}.txt").read_text().strip().splitlines()
    published = published_results()[origin]
    assert float(norm.partition(": ")[2]) == published.norm
    printed = [row.split(" ", 2) for row in rows if row[:1].isdigit()]
    assert [(float(p), float(logit), label) for p, logit, label in printed] == [
        (item.prob, item.logit, item.label) for item in published.top
    ]
