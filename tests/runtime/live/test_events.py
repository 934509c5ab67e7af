import json
from datetime import UTC, datetime

import numpy as np
import pytest

from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime.live.event import Event, dated
from i3d_edge.runtime.live.hysteresis import Hysteresis
from i3d_edge.runtime.live.options import StreamOptions

LABELS = LabelSet("three", ("run", "jump", "sit"))


def told(rows: list[tuple[float, ...]], **options: object) -> list[tuple[object, ...]]:
    """Windows of 3 s, one a second, until the stream ends; what is told after which window."""
    hysteresis = Hysteresis(LABELS, "test", StreamOptions(**options))
    result = []
    for number, row in enumerate(rows):
        for event in hysteresis.update(number, number + 3, np.array(row, np.float32)):
            result.append((number, event))
    result += [("end", event) for event in hysteresis.close()]
    return [
        (at, event.type, event.label, event.start_s, event.end_s, round(event.probability, 4)) for at, event in result
    ]


def test_actions(subtests: pytest.Subtests) -> None:
    for case, (rows, options, expected) in {
        "nothing reaches on": ([(0.4, 0.1, 0), (0.49, 0, 0)], {}, []),
        "the docstring's": (
            [(0.2, 0, 0), (0.6, 0, 0), (0.4, 0, 0), (0.2, 0, 0)],
            {},
            [(1, "start", "run", 1, None, 0.6), (3, "end", "run", 1, 5, 0.6)],
        ),
        "wavering is one action; the thresholds themselves count as above": (
            [(0.5, 0, 0), (0.31, 0, 0), (0.49, 0, 0), (0.3, 0, 0), (0.29, 0, 0)],
            {},
            [(0, "start", "run", 0, None, 0.5), (4, "end", "run", 0, 6, 0.5)],
        ),
        "one after the other; the stream's end ends the second": (
            [(0.9, 0.1, 0), (0.1, 0.9, 0)],
            {},
            [
                (0, "start", "run", 0, None, 0.9),
                (1, "end", "run", 0, 3, 0.9),
                (1, "start", "jump", 1, None, 0.9),
                ("end", "end", "jump", 1, 4, 0.9),
            ],
        ),
        "two at once": (
            [(0.5, 0.5, 0), (0.5, 0.5, 0)],
            {},
            [
                (0, "start", "run", 0, None, 0.5),
                (0, "start", "jump", 0, None, 0.5),
                ("end", "end", "run", 0, 4, 0.5),
                ("end", "end", "jump", 0, 4, 0.5),
            ],
        ),
        "what is short is not told, what lasts is told when it has lasted": (
            [(0.9, 0, 0), (0.1, 0, 0), (0.7, 0, 0), (0.8, 0, 0), (0.6, 0, 0), (0, 0, 0)],
            {"min_duration_s": 4},
            [(3, "start", "run", 2, None, 0.8), (5, "end", "run", 2, 7, 0.8)],
        ),
        "one label only": (
            [(0.9, 0, 0.6), (0, 0.9, 0.6)],
            {"labels": ["jump"]},
            [(1, "start", "jump", 1, None, 0.9), ("end", "end", "jump", 1, 4, 0.9)],
        ),
        "no hysteresis": (
            [(0.5, 0, 0), (0.49, 0, 0)],
            {"on": 0.5, "off": 0.5},
            [(0, "start", "run", 0, None, 0.5), (1, "end", "run", 0, 3, 0.5)],
        ),
    }.items():
        with subtests.test(case):
            assert told(rows, **options) == expected


def test_thresholds_have_an_order(subtests: pytest.Subtests) -> None:
    for on, off in [(0.3, 0.5), (0.5, 0), (1.1, 0.5)]:
        with subtests.test(on=on, off=off):
            with pytest.raises(ArgumentError, match="thresholds") as caught:
                StreamOptions(on=on, off=off)
            assert str(caught.value) == f"thresholds must be 0 < off <= on <= 1; got off {off:g}, on {on:g}"


def test_an_action_as_json() -> None:
    event = Event(
        type="start",
        label="run",
        index=0,
        start_s=1.23456,
        end_s=None,
        probability=0.87654321,
        source="s",
        latency_ms=2,
    )
    assert event.to_json() == (
        '{"type": "start", "label": "run", "index": 0, "start_s": 1.235, "end_s": null, "probability": 0.876543, '
        '"source": "s", "latency_ms": 2}'
    )
    wall_s = datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC).timestamp()
    fields = json.loads(dated(event, 4.23456, wall_s).to_json())
    assert (fields["start_time"], fields["end_time"]) == ("2026-03-01T12:00:07.000Z", None)


def test_a_gap_as_json() -> None:
    event = dated(Event(type="gap", start_s=1, end_s=5.5, reason="why", source="s"), 5.5, 1_772_366_410.25)
    assert json.loads(event.to_json()) == {
        "type": "gap",
        "start_s": 1,
        "end_s": 5.5,
        "reason": "why",
        "start_time": "2026-03-01T12:00:05.750Z",
        "end_time": "2026-03-01T12:00:10.250Z",
        "source": "s",
        "latency_ms": None,
    }
