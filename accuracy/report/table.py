"""Tables of a report."""

from collections.abc import Sequence
from dataclasses import dataclass

from i3d_edge.accuracy.result.schema import Metric

Cell = str | tuple[str, ...] | Metric  # text; a value with notes below it; or a bar with a count


@dataclass(frozen=True, slots=True)
class Table:
    """A table. The first cell of a row names it."""

    headers: Sequence[str]  # one per column
    rows: Sequence[Sequence[Cell]]  # as many cells each
    kind: str = "numbers"  # its style: "numbers" become a list on a narrow screen, "bars" shrink there, "texts" wrap
