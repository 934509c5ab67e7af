import json
import re
from pathlib import Path

import pytest

from i3d_edge.accuracy.report.reference import format_references, references, references_to_json
from i3d_edge.accuracy.run.protocol import PRESETS

REFERENCES = references()
BY_NAME = {reference.name: reference for reference in REFERENCES}
KINETICS_PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "measure-accuracy.md"


def test_names_are_unique_and_protocols_are_ours() -> None:
    assert len(BY_NAME) == len(REFERENCES)
    assert {reference.comparable for reference in REFERENCES} <= {*PRESETS, None}
    assert {reference.metric for reference in REFERENCES} == {"clip_top1", "video_top1"}
    for reference in REFERENCES:
        assert all((reference.protocol, reference.source, reference.remark, reference.numbers)), reference.name


def test_numbers_are_percentages_and_top5_is_above_top1() -> None:
    for reference in REFERENCES:
        for number in reference.numbers:
            assert 1 < number.top1 < 100, reference.name
            assert number.top5 is None or number.top1 < number.top5 < 100, reference.name


@pytest.mark.parametrize(
    ("name", "metric", "correct", "total"),
    [
        ("omz-2022", "top1", 778, 1200),
        ("omz-2022", "top5", 1015, 1200),
        ("omz-2022-video", "top1", 292, 399),
    ],
)
def test_counts_behind_the_percentages(name: str, metric: str, correct: int, total: int) -> None:
    assert getattr(BY_NAME[name].numbers[0], metric) == pytest.approx(100 * correct / total, abs=0.005)


def test_the_page_on_kinetics_says_the_same() -> None:
    page = KINETICS_PAGE.read_text(encoding="utf-8")
    for top1, top5 in re.findall(r"\| (\d\d\.\d+) / (\d\d\.\d+) \|", page):
        known = [(number.top1, number.top5) for reference in REFERENCES for number in reference.numbers]
        assert (float(top1), float(top5)) in known


def test_the_text() -> None:
    text = format_references()
    assert "  RGB-I3D, ImageNet + Kinetics (rgb_imagenet)    71.10 / 89.30\n" in text
    assert max(map(len, text.splitlines())) <= 120
    for reference in REFERENCES:
        assert f"\n{reference.name}\n" in f"\n{text}"
    assert text.count("  source:") == len(REFERENCES)


def test_the_document() -> None:
    document = json.loads(json.dumps(references_to_json()))
    assert document[0]["numbers"][0] == {
        "model": "i3d-rgb-tf (DeepMind's rgb_imagenet)",
        "top1": 64.83,
        "top5": 84.58,
        "note": "778/1200 and 1015/1200 clips",
        "weights": "rgb_imagenet",
    }


def test_weights_are_named_as_results_name_them() -> None:
    from i3d_edge.freeze import published

    named = {number.weights for reference in REFERENCES for number in reference.numbers} - {None}
    assert named <= set(published.CHECKPOINTS)
    assert "rgb_imagenet" in named
