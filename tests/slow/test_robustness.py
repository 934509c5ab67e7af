"""Odd and broken files, damaged copies of them, and ordinary videos: each is answered or refused, in its time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from robustness import LIMIT_S, Outcome, run

pytestmark = [pytest.mark.slow, pytest.mark.shared]

NUM_MUTATIONS = 150
NUM_VIDEOS = 60
"""Of the ordinary videos, evenly spaced among all of them; the odd and broken files are tried one and all."""
# Seen: 690, with a 4K video; its frames, ten clips of 12 MB, Python and the libraries.
MOST_MIB = 1000


@pytest.fixture(scope="module")
def outcomes(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Outcome]]:
    """Outcomes by group; printed as a table with -s."""
    found = {
        "robustness": list(run(shared / "robustness", num_mutations=NUM_MUTATIONS)),
        "videos": list(run(shared / "videos", num_files=NUM_VIDEOS)),
    }
    for group in found.values():
        print("", *(outcome.row() for outcome in group), sep="\n")
    return found


def test_nothing_crashes_or_hangs(outcomes: dict[str, list[Outcome]]) -> None:
    for group in outcomes.values():
        assert [item.name for item in group if item.kind not in ("answered", "refused")] == []
        assert [(item.name, item.cpu_s) for item in group if item.cpu_s >= LIMIT_S] == []


def test_enough_is_answered_and_the_rest_says_why(outcomes: dict[str, list[Outcome]]) -> None:
    originals = [item for item in outcomes["robustness"] if "/" in item.name]
    kinds = {
        "robustness": Counter(item.kind for item in originals),
        "videos": Counter(item.kind for item in outcomes["videos"]),
    }
    assert kinds["robustness"]["answered"] >= 64
    assert kinds["robustness"].total() == 77
    assert kinds["videos"] == {"answered": NUM_VIDEOS}
    assert len(outcomes["robustness"]) == 77 + NUM_MUTATIONS
    for item in outcomes["robustness"]:
        assert item.kind == "answered" or "Error: " in item.facts["error"]


def test_memory_is_bounded(outcomes: dict[str, list[Outcome]]) -> None:
    for group in outcomes.values():
        assert max(item.peak_mib for item in group) < MOST_MIB
