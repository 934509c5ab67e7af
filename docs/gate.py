"""Write the tables of docs/background/gate-statistics.md: how often the gate gives which verdict at 400 videos."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import multinomial
from tabulate import tabulate

from i3d_edge.accuracy.gate.pairs import videos_needed
from i3d_edge.accuracy.gate.verdict import Verdict, drop_verdict

PAGE = Path(__file__).parent / "background" / "gate-statistics.md"

NUM_VIDEOS = 400
FLIPS = (0.01, 0.04)
LIMITS = (0.005, 0.01, 0.02, 0.03)
BROKEN = 0.05

_VERDICTS = (Verdict.PASSED, Verdict.FAILED, Verdict.UNDECIDED)

_NEGLIGIBLE = 1e-15

Odds = dict[Verdict, float]


def outcomes(num_videos: int, flips: float, drop: float) -> Iterator[tuple[int, int, float]]:
    """Yield videos lost and gained, and how probable that is, but for what is negligible.

    A share `flips` of videos flips when nothing is lost, half of them either way; the fraction `drop` is lost on top.
    """
    lost, gained = np.indices((num_videos + 1, num_videos + 1)).reshape(2, -1)
    others = num_videos - lost - gained
    counts = np.stack([lost, gained, others], axis=1)[others >= 0]
    chances = multinomial.pmf(counts, num_videos, [flips / 2 + drop, flips / 2, 1 - flips - drop])
    likely = chances > _NEGLIGIBLE
    yield from zip(*counts[likely, :2].T.tolist(), chances[likely].tolist(), strict=True)


_verdict = cache(drop_verdict)


def odds(num_videos: int, flips: float, drop: float, max_drop: float) -> Odds:
    """Return how often the gate gives each verdict; the arguments are fractions."""
    found = dict.fromkeys(_VERDICTS, 0.0)
    for lost, gained, chance in outcomes(num_videos, flips, drop):
        found[_verdict(lost, gained, num_videos, max_drop)] += chance
    return found


def limits_table() -> str:
    """What each limit does to a model that lost nothing, one that lost just the limit, and one that lost 5 points."""
    rows = []
    for limit in LIMITS:
        for flips in FLIPS:
            unchanged, edge, broken = (odds(NUM_VIDEOS, flips, drop, limit) for drop in (0.0, limit, BROKEN))
            rows.append(
                [
                    f"{100 * limit:g} points",
                    f"{limit * NUM_VIDEOS:g}",
                    f"{100 * flips:g} %",
                    _percent(unchanged[Verdict.PASSED]),
                    _percent(unchanged[Verdict.FAILED]),
                    _percent(edge[Verdict.PASSED]),
                    _percent(broken[Verdict.FAILED]),
                ]
            )
    headers = ["limit", "videos", "flips", "nothing lost: 0", "nothing lost: 3", "limit lost: 0", "5 points lost: 3"]
    return _table(headers, rows)


def sizes_table() -> str:
    """About how many videos pass a model that lost nothing 4 times of 5."""
    rows = []
    for limit in LIMITS:
        sizes = [_size(flips, limit) for flips in FLIPS]
        rows.append([f"{100 * limit:g} points", *(f"{size:,}" for size in sizes)])
    return _table(["limit", *(f"{100 * flips:g} % flip" for flips in FLIPS)], rows)


def _size(flips: float, limit: float) -> int:
    """Ask for a set of 100 videos, too few to settle anything here, of which that share flipped evenly."""
    size = videos_needed(50 * flips, 50 * flips, 100, limit)
    assert size is not None
    return size


def page() -> str:
    """Return the page with its tables computed anew."""
    text = PAGE.read_text(encoding="utf-8")
    for name, table in (("limits", limits_table()), ("sizes", sizes_table())):
        pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        [(head, tail)] = re.findall(pattern, text, flags=re.DOTALL)
        text = re.sub(pattern, lambda _, new=f"{head}{table}\n{tail}": new, text, flags=re.DOTALL)
    return text


def _table(headers: list[str], rows: list[list[str]]) -> str:
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True, colalign=["right"] * len(headers))


def _percent(share: float) -> str:
    percent = 100 * share
    if percent and percent < 0.05:
        return "< 0.1"
    return "> 99.9" if 99.95 <= percent < 100 else f"{percent:.1f}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
