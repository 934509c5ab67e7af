"""Models compared in pairs on the same videos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from i3d_edge.accuracy.gate.baseline import make_baseline
from i3d_edge.accuracy.gate.comparison import Comparison, Flip, compare
from i3d_edge.accuracy.gate.pairs import Z_TWO_SIDED_95, drop_upper_bound
from i3d_edge.accuracy.report.models import ReportedModel, groups
from i3d_edge.accuracy.report.numbers import signed
from i3d_edge.accuracy.report.table import Cell, Table
from i3d_edge.core.errors import ComparisonError
from i3d_edge.runtime.show.templates import percent

_HEADERS = ("pair", "protocol", "videos", "same answer", "lost", "gained", "change of top-1", "95 % interval")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models that answered the same videos by the same protocol; without a comparison, why there is none."""

    first: ReportedModel
    second: ReportedModel
    comparison: Comparison | None
    refusal: str = ""
    lost: Sequence[Flip] = ()  # only the first model has these right
    gained: Sequence[Flip] = ()  # only the second one


def make_pairs(models: Sequence[ReportedModel]) -> list[Pair]:
    """Compare the models of each protocol and set of videos with the first of them."""
    measured = groups(models, lambda model: model.measurement)
    return [_compare(group[0], second) for group in measured.values() for second in group[1:]]


def _compare(first: ReportedModel, second: ReportedModel) -> Pair:
    """Compare two models on the videos that neither of them dropped."""
    try:
        baseline = make_baseline(first.run, first.model)
        num_listed = first.run.result["counts"]["listed"]
        found = compare(baseline, second.run, second.model, num_allowed_dropped=num_listed)
        return Pair(first, second, found, lost=found["lost"], gained=found["gained"])
    except ComparisonError as error:
        return Pair(first, second, None, error.message)


def pairs_table(pairs: Sequence[Pair], names: Mapping[ReportedModel, str]) -> Table:
    """Return a row per pair: how many videos flipped, and the change of top-1 with its interval."""
    return Table([*_HEADERS, "McNemar's p"], [_row(pair, names) for pair in pairs])


def _row(pair: Pair, names: Mapping[ReportedModel, str]) -> list[Cell]:
    title, protocol = f"{names[pair.first]} → {names[pair.second]}", pair.first.protocol
    found = pair.comparison
    if found is None:
        return [title, protocol, f"not compared: {pair.refusal}", *[""] * 6]
    lost, gained, total = len(pair.lost), len(pair.gained), found["num_videos"]
    low = -100 * drop_upper_bound(lost, gained, total, Z_TWO_SIDED_95)
    high = 100 * drop_upper_bound(gained, lost, total, Z_TWO_SIDED_95)
    return [
        title,
        protocol,
        str(total),
        percent(1 - found["num_other_class"] / total),
        str(lost),
        str(gained),
        f"{signed(-100 * found['drop'])} points",
        f"{signed(low)} .. {signed(high)}",
        f"{found['mcnemar_p']:.2g}",
    ]
