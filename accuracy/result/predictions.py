"""`predictions.jsonl`: a row per view and model, from which every metric recomputes."""

import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from i3d_edge.accuracy.result.schema import CUT_OFF_HINT, PREDICTION_ROW, PredictionRow
from i3d_edge.core.arrays import FloatArray
from i3d_edge.core.errors import ResultError
from i3d_edge.core.reading import open_input, read_lines
from i3d_edge.runtime import Clip

_PROBABILITY_DIGITS = 6
_SUM_TOLERANCE = 0.01  # how far a row's probabilities may be from summing to 1: bf16 keeps 8 bits of each


def prediction_row(
    video: str, model: str, view: int, clip: Clip, label: int | None, probabilities: FloatArray
) -> PredictionRow:
    """Return a row; what is written is what is scored, so that the metrics recompute exactly.

    Raises ResultError if the probabilities, shape (num_classes,), are none.
    """
    probs = [float(f"{value:.{_PROBABILITY_DIGITS}g}") for value in probabilities]
    _require_probabilities(f"answer of model {model!r} to video {video!r}", probs, hint=None)
    return {
        "video": video,
        "model": model,
        "view": view,
        "clip": clip.clip,
        "crop": clip.crop,
        "start_s": clip.start_s,
        "end_s": clip.end_s,
        "label": label,
        "probs": probs,
    }


def read_rows(path: Path, models: Collection[str]) -> Iterator[PredictionRow]:
    """Yield the rows of a file, one at a time, without trusting them.

    Raises ResultError if the file is absent or empty, or a row cannot be one of these models'; says which.
    """
    try:
        stream = open_input(path)
    except OSError as error:
        raise ResultError(
            f"cannot read predictions {str(path)!r}: {error.strerror}",
            hint="they lie beside result.json, and nothing recomputes without them",
        ) from error
    num_classes = 0
    with stream:
        for number, line in enumerate(read_lines(stream), start=1):
            if line == b"\n":
                continue
            name = f"{str(path)!r}, line {number}"
            row = PREDICTION_ROW.decode(line.removesuffix(b"\n"), name)
            num_classes = num_classes or len(row["probs"])
            _check_row(row, f"predictions {name}", models, num_classes)
            yield row
    if not num_classes:
        raise ResultError(f"predictions {str(path)!r} are empty", hint=CUT_OFF_HINT)


def _check_row(row: PredictionRow, subject: str, models: Collection[str], num_classes: int) -> None:
    if row["model"] not in models:
        known = ", ".join(map(repr, models))
        raise ResultError(f"{subject}: model {row['model']!r} is not in result.json; it has {known}", hint=CUT_OFF_HINT)
    probs, label = row["probs"], row["label"]
    if len(probs) != num_classes:
        raise ResultError(f"{subject}: {len(probs)} probabilities, but {num_classes} in line 1", hint=CUT_OFF_HINT)
    _require_probabilities(subject, probs, hint=CUT_OFF_HINT)
    if label is not None and label >= num_classes:
        raise ResultError(f"{subject}: label {label}, but there are only {num_classes} classes", hint=CUT_OFF_HINT)


def _require_probabilities(subject: str, probs: Sequence[float], *, hint: str | None) -> None:
    if outside := [value for value in probs if not 0 <= value <= 1 + _SUM_TOLERANCE]:
        raise ResultError(f"{subject}: {outside[0]} is not a probability in [0, 1]", hint=hint)
    if abs((total := math.fsum(probs)) - 1) > _SUM_TOLERANCE:
        raise ResultError(f"{subject}: probabilities sum to {total:.4g}, not 1", hint=hint)
