import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime.live.answer import SmoothedAnswer
from i3d_edge.runtime.live.event import Event, dated, event_id
from i3d_edge.runtime.live.hysteresis import Hysteresis
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.rules import EventRules, LabelRules
from i3d_edge.runtime.prediction import top_k

LABELS = LabelSet("three", ("run", "jump", "sit"))


def answer(number: int, row: tuple[float, ...], **others: object) -> SmoothedAnswer:
    smoothed = top_k(np.array(row), LABELS, len(LABELS))
    return SmoothedAnswer(start_s=number, end_s=number + 3, smoothed=smoothed, latency_ms=7, **others)


def told(rows: list[tuple[float, ...]], **options: object) -> list[tuple[object, ...]]:
    """Windows of 3 s, one a second, until the stream ends; what is told after which window."""
    hysteresis = Hysteresis(EventRules(**options))
    result = []
    for number, row in enumerate(rows):
        for event in hysteresis.update(answer(number, row)):
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
        "it rises by 0.1, then 2 s pass: updates": (
            [(0.5, 0, 0), (0.6, 0, 0), (0.69, 0, 0), (0.4, 0, 0), (0.4, 0, 0), (0, 0, 0)],
            {"update_every_s": 2},
            [
                (0, "start", "run", 0, None, 0.5),
                (1, "update", "run", 0, None, 0.6),
                (3, "update", "run", 0, None, 0.69),
                (5, "end", "run", 0, 7, 0.69),
            ],
        ),
        "windows that end within 2 s of the end start nothing": (
            [(0.9, 0, 0), (0, 0, 0), (0.9, 0.9, 0), (0, 0, 0), (0.9, 0, 0)],
            {"cooldown_s": 3},
            [
                (0, "start", "run", 0, None, 0.9),
                (1, "end", "run", 0, 3, 0.9),
                (2, "start", "jump", 2, None, 0.9),
                (3, "end", "jump", 2, 5, 0.9),
                (4, "start", "run", 4, None, 0.9),
                ("end", "end", "run", 4, 7, 0.9),
            ],
        ),
        "what was never told has no cooldown": (
            [(0.9, 0, 0), (0, 0, 0), (0.9, 0, 0), (0.9, 0, 0)],
            {"cooldown_s": 9, "min_duration_s": 4},
            [(3, "start", "run", 2, None, 0.9), ("end", "end", "run", 2, 6, 0.9)],
        ),
        "so long at most; the next window starts the next": (
            [(0.9, 0, 0), (0.8, 0, 0), (0.7, 0, 0), (0.4, 0, 0)],
            {"longest_s": 4},
            [
                (0, "start", "run", 0, None, 0.9),
                (1, "end", "run", 0, 4, 0.9),
                (2, "start", "run", 2, None, 0.7),
                (3, "end", "run", 2, 6, 0.7),
            ],
        ),
        "rules of its own": (
            [(0.6, 0.3, 0), (0.6, 0.15, 0), (0.9, 0.05, 0)],
            {"by_label": {"run": LabelRules(on=0.8), "jump": LabelRules(on=0.2, off=0.1)}},
            [
                (0, "start", "jump", 0, None, 0.3),
                (2, "end", "jump", 0, 4, 0.3),
                (2, "start", "run", 2, None, 0.9),
                ("end", "end", "run", 2, 5, 0.9),
            ],
        ),
    }.items():
        with subtests.test(case):
            assert told(rows, **options) == expected


def test_an_event_is_the_same_from_start_to_end() -> None:
    """Whatever the clock does meanwhile."""
    hysteresis = Hysteresis(EventRules(update_every_s=0, by_label={"run": LabelRules(severity="alert")}))
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    where = {"camera": "door", "region": "left", "source": "rtsp://***@door/1"}
    told = [
        event
        for number, prob in enumerate((0.5, 0.9, 0))
        for event in hysteresis.update(
            answer(number, (prob, 0, 0), **where, end_time=noon + timedelta(seconds=1.01 * number))
        )
    ]
    assert [event.type for event in told] == ["start", "update", "end"]
    same = {(e.id, e.camera, e.region, e.severity, e.source, e.label, e.start_s, e.start_time) for e in told}
    assert same == {(told[0].id, "door", "left", "alert", "rtsp://***@door/1", "run", 0, noon - timedelta(seconds=3))}
    assert told[-1].end_time == noon + timedelta(seconds=2.02 - 1)
    assert json.loads(told[1].to_json()).keys() >= {"id", "camera", "region", "severity"}


def test_ids_tell_events_apart_and_sort_by_time() -> None:
    first = Event(type="start", camera="a", label="run", start_s=9.5, end_s=None, source="s")
    others = [
        replace(first, start_s=10.25),
        *(replace(first, **field) for field in ({"camera": "b"}, {"region": "r"}, {"label": "sit"})),
    ]
    ids = [event_id(event) for event in (first, *others)]
    assert ids[0].startswith("0000000009.500-")
    assert len(set(ids)) == 5
    assert max(ids) == ids[1]
    assert event_id(replace(first, start_time=datetime(2026, 3, 1, tzinfo=UTC))).startswith("1772323200.000-")


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
