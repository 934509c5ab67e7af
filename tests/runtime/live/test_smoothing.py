import numpy as np
import pytest

from i3d_edge.core.errors import ArgumentError
from i3d_edge.runtime.live.smoothing import smoothing_named

ROWS = [(0.0, 0.0), (1.0, 1.0), (3.0, 1.0), (3.5, 0.0)]


def test_by_hand(subtests: pytest.Subtests) -> None:
    for name, expected in [
        ("none", [0, 1, 1, 0]),
        ("exponential:1", [0, 0.5, 0.875, 0.875 * 0.5**0.5]),
        ("exponential:.5", [0, 0.75, 1 - 0.25 / 16, (1 - 0.25 / 16) / 2]),
        ("mean:2", [0, 0.5, 1, 0.5]),
        ("mean:10", [0, 0.5, 2 / 3, 0.5]),
    ]:
        with subtests.test(name=name):
            smoothing = smoothing_named(name)
            for _ in range(2):
                result = [smoothing.update(time_s, np.array([p, 1 - p], np.float32)) for time_s, p in ROWS]
                assert [float(row[0]) for row in result] == pytest.approx(expected)
                assert [float(row.sum()) for row in result] == pytest.approx([1] * 4)
                assert {row.dtype for row in result} == {np.dtype(np.float32)}
                smoothing.reset()


def test_the_exponential_average_depends_on_time_only() -> None:
    often, seldom = smoothing_named("exponential:2"), smoothing_named("exponential:2")
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    often.update(0, zero)
    seldom.update(0, zero)
    for step in range(1, 10):
        often.update(step / 2, one)
    assert float(often.update(5, one)[0]) == pytest.approx(float(seldom.update(5, one)[0]))


def test_other_names_are_refused(subtests: pytest.Subtests) -> None:
    for name in ["", "exponential", "exponential:0", "mean:0", "mean:1.5", "median:3", "mean:-1"]:
        with subtests.test(name=name):
            with pytest.raises(ArgumentError, match="smoothing must be") as caught:
                smoothing_named(name)
            assert str(caught.value) == (
                f"smoothing must be none, exponential:SECONDS or mean:WINDOWS, above 0; got {name!r}"
            )
