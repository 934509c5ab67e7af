"""Smoothing of a stream's probabilities over time."""

import re
from collections import deque

import numpy as np

from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import ArgumentError

_FORM = re.compile(r"none|exponential:(?P<half_life>\d+(?:\.\d*)?|\.\d+)|mean:(?P<num>\d+)")


class ExponentialAverage:
    """An average in which a window's weight halves with every `half_life_s` of stream time, whatever the hop."""

    def __init__(self, half_life_s: float) -> None:
        self.half_life_s = half_life_s
        self._average: Float32Array | None = None
        self._time_s = 0.0

    def update(self, time_s: float, probabilities: Float32Array) -> Float32Array:
        """Return the average up to this window; the first one stands for itself."""
        if self._average is None:
            self._average = probabilities
        else:
            share = np.float32(1 - 0.5 ** ((time_s - self._time_s) / self.half_life_s))
            self._average = self._average + share * (probabilities - self._average)
        self._time_s = time_s
        return self._average

    def reset(self) -> None:
        """Forget the windows so far."""
        self._average = None


class MeanOfLast:
    """The mean of the last `num_windows` windows, of fewer at the beginning; of one, what it says."""

    def __init__(self, num_windows: int) -> None:
        self._last: deque[Float32Array] = deque(maxlen=num_windows)

    def update(self, time_s: float, probabilities: Float32Array) -> Float32Array:
        """Return the mean with this window in it."""
        self._last.append(probabilities)
        mean: Float32Array = np.mean(self._last, axis=0, dtype=np.float32)
        return mean

    def reset(self) -> None:
        """Forget the windows so far."""
        self._last.clear()


def smoothing_named(name: str) -> ExponentialAverage | MeanOfLast:
    """Return "none", "exponential:S" with a half life of S seconds, or "mean:N" over the last N windows.

    Raises ArgumentError if it is none of these, or S or N is 0.
    """
    form = _FORM.fullmatch(name)
    if form and form["half_life"] and float(form["half_life"]) > 0:
        return ExponentialAverage(float(form["half_life"]))
    if form and form["num"] and int(form["num"]) > 0:
        return MeanOfLast(int(form["num"]))
    if name == "none":
        return MeanOfLast(1)
    raise ArgumentError(f"smoothing must be none, exponential:SECONDS or mean:WINDOWS, above 0; got {name!r}")
