"""A source watched from its frames to its events, with a function in the place of the network."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live import SPEC, Broadcast, brightness, broadcast, grey, numbered, write_transport_stream
from synthetic import write_numbered, write_video

from i3d_edge.core.errors import (
    ArgumentError,
    ClipShapeError,
    LabelError,
    StreamLostError,
    StreamOpenError,
    StreamTimeoutError,
)
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.runtime.inference.inputs import model_inputs
from i3d_edge.runtime.live import Event, LabelRules, LiveStream, StreamOptions, WindowAnswer
from i3d_edge.runtime.live.connection import Connection
from i3d_edge.runtime.views.clip import read_clips

EXACT = StreamOptions(hop=5, smoothing="none", labels=["bright"], open_timeout_s=5, read_timeout_s=5)


def watch(
    source: object, options: StreamOptions = EXACT, infer: Callable[[np.ndarray], np.ndarray] = brightness
) -> tuple[list[WindowAnswer], list[Event], LiveStream, list[str]]:
    said: list[str] = []
    stream = LiveStream(str(source), SPEC, infer, options, say=said.append)
    items = list(stream)
    answers = [item for item in items if isinstance(item, WindowAnswer)]
    return answers, [item for item in items if isinstance(item, Event)], stream, said


def spans(events: list[Event]) -> list[tuple[str, str | None, float, float | None]]:
    return [(event.type, event.label, event.start_s, event.end_s) for event in events]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2 s dark, 2 s bright, 1 s dark, at 25 fps."""
    frames = grey((0, 50), (255, 50), (0, 25))
    return write_video(tmp_path_factory.mktemp("film") / "film.mp4", frames)


def test_a_file_has_all_its_windows_and_its_events(film: Path) -> None:
    answers, events, stream, said = watch(film)
    assert [answer.start_s for answer in answers] == pytest.approx([start / 25 for start in range(0, 116, 5)])
    assert spans(events) == [("start", "bright", 1.8, None), ("end", "bright", 1.8, 4.2)]
    assert [event.probability for event in events] == pytest.approx([0.5, 1], abs=0.02)
    assert all(event.latency_ms is not None and event.latency_ms >= 0 for event in events)
    assert all(event.start_time is None and event.source == str(film) for event in events)
    statistics = stream.statistics
    assert (statistics.num_frames, statistics.num_windows, statistics.num_dropped) == (125, 24, 0)
    assert (statistics.num_started, statistics.num_ended, statistics.num_gaps) == (1, 1, 0)
    assert len(statistics.latencies_ms) == 24
    assert said == []


def test_a_window_is_the_clip_that_classify_would_show(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", 40, rate=30, ticks=[4 * n for n in range(40)])
    spec = i3d_spec(labels=SPEC.labels, num_frames=16, layout="NDCHW", input_type="u8", has_preprocessing=True)
    shown: list[np.ndarray] = []

    def infer(clip: np.ndarray) -> np.ndarray:
        shown.append(clip.copy())
        return np.array([0.5, 0.5], np.float32)

    list(LiveStream(str(path), spec, infer, StreamOptions(hop=1)))
    clips = read_clips(path, spec, num_clips=3).clips
    for clip in clips:
        assert np.array_equal(shown[round(clip.start_s * 25)], model_inputs(clip, spec)["Placeholder"])


def test_what_goes_on_at_the_end_is_ended(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", grey((255, 30)))
    _, events, _, _ = watch(path)
    assert spans(events) == [("start", "bright", 0, None), ("end", "bright", 0, 1.2)]
    assert events[-1].latency_ms is None


def test_nothing_is_dropped_however_slow_the_machine_when_a_file_is_read(film: Path) -> None:
    def slow(clip: np.ndarray) -> np.ndarray:
        time.sleep(0.01)
        return brightness(clip)

    answers, events, stream, _ = watch(film, infer=slow)
    assert (len(answers), stream.statistics.num_dropped) == (24, 0)
    assert spans(events)[0] == ("start", "bright", 1.8, None)


@pytest.mark.parametrize(("delay_s", "is_slower"), [(0.0, False), (0.13, True)], ids=["faster", "slower"])
def test_a_machine_faster_and_one_slower_than_the_source(delay_s: float, is_slower: bool, tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(range(60)), ticks=list(range(60)))
    shown = []

    def infer(clip: np.ndarray) -> np.ndarray:
        time.sleep(delay_s)
        shown.append(clip.copy())
        return brightness(clip)

    answers, _, stream, _ = watch(path, replace(EXACT, hop=1, is_real_time=True), infer)
    statistics = stream.statistics
    assert len(answers) + statistics.num_dropped == 51
    assert (statistics.num_dropped > 20) == is_slower
    if not is_slower:
        assert statistics.num_dropped < 20
    assert answers[-1].end_s == 60 / 25
    # An answer waits for the clip before it at most, and takes its own time.
    assert np.median(statistics.latencies_ms) < 2 * 1000 * delay_s + 300
    assert stream.statistics.num_waiting == 0


def test_auto_hop_follows_the_machine(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(range(60)))

    def infer(clip: np.ndarray) -> np.ndarray:
        time.sleep(0.1)
        return brightness(clip)

    answers, _, stream, _ = watch(path, replace(EXACT, hop=None), infer)
    steps = np.diff([round(answer.start_s * 25) for answer in answers])
    assert min(steps[1:]) >= 3
    assert stream.statistics.hop_frames == steps[-1] or stream.statistics.hop_frames >= 3


def test_a_gap_ends_what_goes_on_and_begins_the_window_anew(tmp_path: Path) -> None:
    body = write_transport_stream(tmp_path / "a.ts", grey((255, 100))).read_bytes()
    options = replace(EXACT, hop=1, reconnect=1)
    with broadcast(Broadcast([body, body])) as sent:
        stream = LiveStream(sent.url, SPEC, brightness, options)
        stream._live._backoff.first_s = 0.5  # so that the only window before is answered
        items = []
        try:
            for item in stream:
                items.append(item)
        except StreamLostError as error:
            items.append(error)
    assert isinstance(items[-1], StreamLostError)
    events = [item for item in items if isinstance(item, Event)]
    assert [event.type for event in events] == ["start", "end", "gap", "start", "end"]
    gap, again = events[2], events[3]
    assert gap.end_s is not None
    assert gap.start_s < gap.end_s == pytest.approx(again.start_s)
    assert gap.reason == "the source broke off and came back"
    assert stream.statistics.num_gaps == 1
    windows = [item for item in items if isinstance(item, WindowAnswer)]
    assert not any(window.start_s < gap.end_s and window.end_s > gap.end_s for window in windows)
    # Live: on the wall clock too.
    assert all(event.start_time is not None for event in events)
    assert (events[0].start_time, events[3].start_time) == (events[1].start_time, events[4].start_time)
    assert gap.end_time is not None
    assert abs(gap.end_time.timestamp() - time.time()) < 60


def test_stopping_ends_what_goes_on(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", grey((255, 30)))
    stream = LiveStream(str(path), SPEC, brightness, replace(EXACT, is_looped=True))
    events = []
    for item in stream:
        if isinstance(item, Event):
            events.append(item)
        elif item.end_s > 3:
            stream.stop()
    assert [event.type for event in events] == ["start", "end"]
    assert events[1].end_s == pytest.approx(3.2)
    assert not [thread for thread in threading.enumerate() if thread.name == "stream-reader"]


def test_leaving_the_loop_ends_the_reader(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", grey((255, 30)))
    for _ in LiveStream(str(path), SPEC, brightness, replace(EXACT, is_looped=True)):
        break
    until = time.monotonic() + 2
    while any(thread.name == "stream-reader" for thread in threading.enumerate()) and time.monotonic() < until:
        time.sleep(0.01)
    assert not [thread for thread in threading.enumerate() if thread.name == "stream-reader"]


def test_so_much_of_a_stream(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", grey((0, 30)))
    for hop in (5, 9):
        answers, _, stream, _ = watch(path, replace(EXACT, is_looped=True, max_duration_s=2, hop=hop))
        assert 2 - hop / 25 < answers[-1].end_s <= 2
        assert stream.statistics.num_frames == 51  # the last one says that 2 s are over
        assert stream.statistics.stream_s == 2


def test_a_stream_shorter_than_a_window_says_so(tmp_path: Path) -> None:
    answers, events, _, said = watch(write_video(tmp_path / "a.mp4", grey((255, 9))))
    assert (answers, events) == ([], [])
    assert said == ["no answer: the stream is shorter than a window (0.4 s, 10 frames, 25 fps)"]


def test_how_it_goes_is_said(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", grey((0, 30)))

    def infer(clip: np.ndarray) -> np.ndarray:
        time.sleep(0.02)
        return brightness(clip)

    _, _, _, said = watch(path, replace(EXACT, report_every_s=0.03), infer)
    assert said
    assert all("windows/s), 0 dropped" in line and " 0 windows" not in line for line in said)


def test_an_answer_as_json() -> None:
    stream = LiveStream("x", SPEC, brightness)
    assert stream.source == "x"
    from i3d_edge.runtime.prediction import Prediction

    answer = WindowAnswer(
        start_s=1,
        end_s=4.16,
        predictions=(Prediction("bright", 1, 0.75),),
        smoothed=(Prediction("dark", 0, 0.5),),
        probabilities=np.zeros(2, np.float32),
        latency_ms=1.23456,
    )
    assert answer.to_json() == (
        '{"type": "window", "camera": null, "source": "", "begins": false, '
        '"start_s": 1, "end_s": 4.16, "predictions": [{"label": "bright", "index": 1, "prob": 0.75}], '
        '"smoothed": [{"label": "dark", "index": 0, "prob": 0.5}], "left_out": 1.0, "latency_ms": 1.235}'
    )


def test_errors_of_the_source_and_of_the_model_reach_the_caller(film: Path, tmp_path: Path) -> None:
    with pytest.raises(StreamOpenError, match="cannot open stream"):
        watch(tmp_path / "no.mp4")
    with pytest.raises(ZeroDivisionError):
        watch(film, infer=lambda _clip: np.ones(2) * (1 // 0))


def test_what_blocks_in_the_driver_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.live.source._GRACE_S", 0.05)
    monkeypatch.setattr("i3d_edge.runtime.live.reader.JOIN_S", 0.05)
    release = threading.Event()

    def connecting(*_args: object) -> Connection:
        release.wait(5)
        raise StreamOpenError("too late")

    stream = LiveStream("camera:0", SPEC, brightness, replace(EXACT, open_timeout_s=0.05, read_timeout_s=0.05))
    stream._live._connect = connecting
    with pytest.raises(StreamTimeoutError) as caught:
        list(stream)
    release.set()
    assert str(caught.value) == (
        "stream '/dev/video0' did not answer within 0.05 s\n\nhint: --open-timeout allows more"
    )


def test_models_and_options_that_do_not_fit() -> None:
    with pytest.raises(ClipShapeError, match="this works with RGB models only"):
        LiveStream("x", i3d_spec(labels=SPEC.labels, stream="flow"), brightness)
    with pytest.raises(LabelError, match="'brihgt' is not among the 2"):
        LiveStream("x", SPEC, brightness, StreamOptions(labels=["brihgt"]))
    with pytest.raises(LabelError, match="'brihgt' is not among the 2"):
        LiveStream("x", SPEC, brightness, StreamOptions(by_label={"brihgt": LabelRules()}))
    with pytest.raises(ArgumentError, match=r"the longest duration must be at least the shortest, 2 s; got 1 s"):
        StreamOptions(min_duration_s=2, longest_s=1)
    with pytest.raises(ArgumentError, match="thresholds must be"):
        StreamOptions(on=0.2)
    with pytest.raises(ArgumentError, match="smoothing must be"):
        StreamOptions(smoothing="median")
