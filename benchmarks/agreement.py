"""`python -m benchmarks.agreement`: what `python -m benchmarks.continuous` recorded becomes a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import click
import numpy as np
from tabulate import tabulate

from benchmarks.onsets import events, matched
from i3d_edge.accuracy.gate.pairs import drop_upper_bound
from i3d_edge.accuracy.result.metrics import rank_of
from i3d_edge.cli._base import Command, print_facts, print_lines
from i3d_edge.core.arrays import Array, Float32Array, FloatArray
from i3d_edge.runtime.live.event import Event

SHIFT = 40
"""How far a window is shifted to see how much answers change anyway, in frames; a whole number of hops at least."""

_NUM_RESAMPLES = 10_000
_TINY = np.finfo(np.float32).tiny


@dataclass(frozen=True, slots=True)
class Answers:
    """What windows and continuous steps answer of the same newest frames of a video.

    Attributes:
        label: Class index; -1 if it is not known.
        num_frames: In a window.
        hop: Frames from one answer to the next.
        num_starting: How many continuous answers do not count yet.
        windowed, continuous: Probabilities, each of shape (answers, num_classes), from the first whole window on.
        exact_difference: Largest difference of the last windowed answer from the window network's own.
    """

    label: int
    num_frames: int
    hop: int
    num_starting: int
    windowed: Float32Array
    continuous: Float32Array
    exact_difference: float

    def save(self, path: Path) -> None:
        """Write an .npz file."""
        np.savez(path, **asdict(self))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path) as file:
            return cls(**{name: values if values.ndim else values.item() for name, values in file.items()})

    def counted(self) -> tuple[Float32Array, Float32Array, Float32Array]:
        """Return the answers that count: windowed, continuous, and windowed `SHIFT` frames earlier."""
        first, back = self.num_starting, -(-SHIFT // self.hop)
        return self.windowed[first:], self.continuous[first:], self.windowed[first - back : -back]


def divergence(before: Array, after: Array) -> FloatArray:
    """Return Kullback and Leibler's divergence of `after` from `before`, shape (..., num_classes) each, in nats."""
    before, after = np.maximum(before, _TINY), np.maximum(after, _TINY)
    found: FloatArray = np.sum(before * np.log(before / after), axis=-1, dtype=np.float64)
    return found


def cluster_mean(values: Sequence[Array]) -> tuple[float, float, float]:
    """Return the mean of all windows, and the ends of its 95 % interval, found by drawing videos anew.

    Windows of one video are not independent, so all of a video are drawn together. The ends are percentiles.

    Args:
        values: Of each video, shape (windows,).
    """
    sums = np.array([np.sum(of_video, dtype=np.float64) for of_video in values])
    counts = np.array([len(of_video) for of_video in values])
    drawn = np.random.default_rng(0).integers(len(values), size=(_NUM_RESAMPLES, len(values)))
    low, high = np.percentile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [2.5, 97.5])
    return float(sums.sum() / counts.sum()), float(low), float(high)


def majority(answers: Array) -> int:
    """Return the class that is best most often, shape (windows, num_classes); of equal ones the lowest."""
    return int(np.bincount(answers.argmax(axis=-1)).argmax())


def table(clips: Sequence[Answers]) -> str:
    """Return how continuous and shifted answers compare with windowed ones, as Markdown."""
    windowed, continuous, shifted = zip(*(clip.counted() for clip in clips), strict=True)
    labels = [clip.label for clip in clips]
    columns = [_compared(labels, windowed, others) for others in (continuous, shifted)]
    own = {
        name: _interval([measure(one, label) for label, one in zip(labels, windowed, strict=True) if label >= 0], ".1f")
        for name, measure in _MEASURES.items()
    }
    rows = [[name, own.get(name, ""), *(column[name] for column in columns)] for name in columns[0]]
    back = -(-SHIFT // clips[0].hop) * clips[0].hop
    return tabulate(rows, ["", "windowed", "continuous", f"windowed, {back} frames earlier"], tablefmt="github")


def facts(clips: Sequence[Answers]) -> list[tuple[str, str]]:
    """Return names and values of all that is not in the table."""
    counted = [clip.counted() for clip in clips]
    labelled = [windowed for clip, (windowed, *_) in zip(clips, counted, strict=True) if clip.label >= 0]
    starts = range(clips[0].num_starting)
    firsts = [(clip.windowed[starts], clip.continuous[starts]) for clip in clips]
    agree = np.mean([one.argmax(axis=-1) == other.argmax(axis=-1) for one, other in firsts], axis=0)
    away = np.mean([divergence(one, other) for one, other in firsts], axis=0)
    return [
        ("windows", f"{sum(len(windowed) for windowed, *_ in counted)} of {len(clips)} clips"),
        ("labelled", f"{sum(map(len, labelled))} of {len(labelled)} clips"),
        ("exact steps", f"within {max(clip.exact_difference for clip in clips):.2g} of windows, the last of each clip"),
        ("start", f"best class is the windowed one, %: {', '.join(f'{100 * part:.0f}' for part in agree)}"),
        ("", f"mean KL from windowed: {', '.join(f'{mean:.3f}' for mean in away)}"),
        *_onsets(clips),
    ]


def _onsets(clips: Sequence[Answers]) -> list[tuple[str, str]]:
    pairs: list[tuple[Event, Event]] = []
    alone: tuple[list[Event], list[Event]] = ([], [])
    for clip in clips:
        both = [events(answers, clip.num_frames, clip.hop) for answers in clip.counted()[:2]]
        found = matched(*both)
        pairs += found
        for number, of_one in enumerate(both):
            alone[number].extend(event for event in of_one if not any(event is pair[number] for pair in found))
    late = [other.start_s - one.start_s for one, other in pairs if max(one.start_s, other.start_s) > 0]
    peaks = ["; ".join(f"{event.probability:.2f}" for event in one) or "none" for one in alone]
    return [
        ("events", f"{len(pairs)} matched, {len(pairs) - len(late)} of them from the first window on"),
        ("later onsets", f"{np.median(late):+.2f} s at the median, {min(late):+.2f} to {max(late):+.2f} s"),
        *zip(("windowed only", "continuous only"), (f"events that peak at {one}" for one in peaks), strict=True),
    ]


def _compared(labels: Sequence[int], windowed: Sequence[Array], others: Sequence[Array]) -> Mapping[str, str]:
    """Return a column of the table: what is measured -> how others compare in it with windowed answers."""
    clips = list(zip(labels, windowed, others, strict=True))
    cells = {
        "best class is the windowed one, %": _interval([a.argmax(-1) == b.argmax(-1) for _, a, b in clips], ".1f"),
        "mean KL from windowed, nats": _interval([divergence(a, b) for _, a, b in clips], ".3f", 1),
        "clips with another majority": f"{sum(majority(a) != majority(b) for _, a, b in clips)} of {len(clips)}",
    }
    labelled = [clip for clip in clips if clip[0] >= 0]
    for name, measure in _MEASURES.items():
        values = [(measure(a, label), measure(b, label)) for label, a, b in labelled]
        own = 100 * cluster_mean([b for _, b in values])[0]
        cells[name] = f"{own:.1f}; {_interval([b - a for a, b in values], '+.1f')}"
    right = [(majority(a) == label, majority(b) == label) for label, a, b in labelled]
    lost, gained = (sum(before == is_before and after != is_before for before, after in right) for is_before in (1, 0))
    bound = 100 * drop_upper_bound(lost, gained, len(right))
    cells["clips lost, gained by majority"] = f"{lost}, {gained} of {len(right)}; at most {bound:.1f} points"
    return cells


def _interval(values: Sequence[Array], form: str, scale: float = 100) -> str:
    mean, low, high = (format(scale * value, form) for value in cluster_mean(values))
    return f"{mean} ({low} to {high})"


def _is_among(answers: Array, label: int, k: int) -> FloatArray:
    return np.array([rank_of(label, answer) < k for answer in answers], float)


_MEASURES: Mapping[str, Callable[[Array, int], FloatArray]] = {
    "label top-1, %": lambda answers, label: _is_among(answers, label, 1),
    "label top-1, clips counting alike, %": lambda answers, label: _is_among(answers, label, 1).mean(keepdims=True),
    "label top-5, %": lambda answers, label: _is_among(answers, label, 5),
    "probability of the label, %": lambda answers, label: answers[:, label].astype(float),
}


@click.command(cls=Command)
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    """Compare the answers in FOLDER."""
    clips = [Answers.load(path) for path in sorted(folder.glob("*.npz"))]
    print_lines(*table(clips).splitlines(), "")
    print_facts(facts(clips))


if __name__ == "__main__":
    main()
