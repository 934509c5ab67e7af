"""The rows of a recorded run's `predictions.jsonl`, each of them checked."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from i3d_edge.accuracy.result.file import CUT_OFF_HINT
from i3d_edge.accuracy.result.schema import Prediction, Result
from i3d_edge.core.errors import ResultError

_SUM_TOLERANCE = 0.01
"""How far a row's probabilities may be from summing to 1: bf16 keeps 8 bits of each."""

_SHOWN_CHARACTERS = 40


def read_rows(path: Path, result: Result) -> Iterator[Prediction]:
    """Yield the rows of a file, one at a time, without trusting them.

    Raises:
        ResultError: If the file is absent or empty, or a row cannot be one of the result's; says which.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise ResultError(
            f"predictions {str(path)!r} must be a file; got {error.strerror}",
            hint="they lie beside result.json, and nothing recomputes without them",
        ) from error
    num_classes = 0
    with stream:
        for number, line in enumerate(stream, start=1):
            if line == b"\n":
                continue
            row = _row(line.removesuffix(b"\n"), f"predictions {str(path)!r}, line {number}", result)
            num_classes = num_classes or len(row["probs"])
            if len(row["probs"]) != num_classes:
                raise ResultError(
                    f"predictions {str(path)!r}, line {number}, must have {num_classes} probabilities "
                    f"as line 1 has; got {len(row['probs'])}",
                    hint=CUT_OFF_HINT,
                )
            yield row
    if not num_classes:
        raise ResultError(f"predictions {str(path)!r} must have a line for each view; it is empty", hint=CUT_OFF_HINT)


def _row(line: bytes, where: str, result: Result) -> Prediction:
    try:
        row: Any = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        start = line[:_SHOWN_CHARACTERS].decode(errors="replace")
        raise ResultError(f"{where}, must be a JSON object; got {start!r}...", hint=CUT_OFF_HINT)
    for key, kind in (("video", str), ("model", str), ("view", int), ("probs", list)):
        if not isinstance(row.get(key), kind):
            raise ResultError(
                f"{where}, must have {key!r}, of type {kind.__name__}; got {row.get(key)!r}", hint=CUT_OFF_HINT
            )
    if row["model"] not in result["what"]:
        known = ", ".join(map(repr, result["what"]))
        raise ResultError(
            f"{where}, must be of one of result.json's models, {known}; got {row['model']!r}", hint=CUT_OFF_HINT
        )
    probabilities = _numbers(row["probs"], where, "probabilities")
    outside = [value for value in probabilities if not 0 <= value <= 1 + _SUM_TOLERANCE]
    if outside:
        raise ResultError(f"{where}, must have probabilities in [0, 1]; got {outside[0]}", hint=CUT_OFF_HINT)
    if abs((total := math.fsum(probabilities)) - 1) > _SUM_TOLERANCE:
        raise ResultError(f"{where}, must have probabilities that sum to 1; got {total:.4g}", hint=CUT_OFF_HINT)
    label = row.get("label")
    if label is not None and not (isinstance(label, int) and 0 <= label < len(probabilities)):
        raise ResultError(
            f"{where}, must have a label from 0 to {len(probabilities) - 1}, or null; got {label!r}", hint=CUT_OFF_HINT
        )
    if "logits" in row and len(_numbers(row["logits"], where, "logits")) != len(probabilities):
        raise ResultError(
            f"{where}, must have as many logits as probabilities, {len(probabilities)}; got {len(row['logits'])}",
            hint=CUT_OFF_HINT,
        )
    return cast(Prediction, row)


def _numbers(values: object, where: str, what: str) -> list[float]:
    if not isinstance(values, list) or not values:
        raise ResultError(f"{where}, must have {what}; got {values!r}", hint=CUT_OFF_HINT)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ResultError(f"{where}, must have {what} that are finite numbers; got {value!r}", hint=CUT_OFF_HINT)
    return values
