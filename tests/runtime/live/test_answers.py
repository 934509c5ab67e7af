"""A stream that is followed in steps, by a small network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from live import numbered
from small import SPEC, write_small_ir
from synthetic import write_video

from i3d_edge.convert.step_model import make_step_ir
from i3d_edge.core.errors import ClipShapeError
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.inference.ir import read_ir
from i3d_edge.runtime.inference.session import Session
from i3d_edge.runtime.live import LiveStream, StreamAnswers, StreamOptions, WindowAnswer
from i3d_edge.runtime.live.answers import open_engines

HOP = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A window network and the step models that are made of it, and 40 frames of film."""
    folder = tmp_path_factory.mktemp("steps")
    write_small_ir(folder / "window.xml")
    for mode in ("exact", "continuous"):
        make_step_ir(folder / "window.xml", folder / f"{mode}.xml", hop=HOP, mode=mode)
    write_video(folder / "film.mp4", numbered(range(40)))
    return folder


class Watched:
    """A film watched by a model.

    Attributes:
        answers: Of the windows, by where these end, in frames.
    """

    def __init__(self, folder: Path, model: Path, options: StreamOptions, *, pause_s: float = 0) -> None:
        ir = read_ir(model, steps=True)
        self.said: list[str] = []
        self.num_restarts = 0

        def infer(clip: np.ndarray) -> np.ndarray | None:
            time.sleep(pause_s)
            return following.infer(clip)

        def restart() -> None:
            self.num_restarts += 1
            following.restart()

        self.stream = LiveStream(str(folder / "film.mp4"), ir[1], infer, options, restart=restart, say=self.said.append)
        engine, window = open_engines(model, ir, say=self.said.append)
        following = StreamAnswers(engine, window=window, is_behind=lambda: self.stream.is_behind)
        self.answers = {round(item.end_s * 25): item.probabilities for item in self._answers()}

    def _answers(self) -> Iterator[WindowAnswer]:
        return (item for item in self.stream if isinstance(item, WindowAnswer))


def test_exact_steps_answer_what_windows_answer(folder: Path) -> None:
    windows = Watched(folder, folder / "window.xml", StreamOptions(hop=HOP))
    steps = Watched(folder, folder / "exact.xml", StreamOptions(hop=25))
    assert [*steps.answers] == [*windows.answers] == list(range(9, 41, HOP))
    for end, answer in windows.answers.items():
        assert np.array_equal(steps.answers[end], answer), end
    assert (steps.num_restarts, steps.said) == (1, [])


@pytest.mark.parametrize(("is_beside", "first"), [(True, 9), (False, 11)])
def test_continuous_steps_begin_with_windows_where_these_are_there(
    is_beside: bool, first: int, folder: Path, tmp_path: Path
) -> None:
    model = folder / "continuous.xml"
    if not is_beside:
        for path in folder.glob("continuous.*"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
        model = tmp_path / model.name
    watched = Watched(folder, model, StreamOptions())
    assert [*watched.answers] == list(range(first, 41, HOP))
    if is_beside:
        assert watched.said == []
        [first_answer, *_] = watched.answers.values()
        windows = Watched(folder, folder / "window.xml", StreamOptions(hop=HOP))
        assert np.array_equal(first_answer, windows.answers[first])
    else:
        assert watched.said == [
            "answers begin after 11 frames: the IR that the steps were made from would answer until then, but is not "
            f"in {str(tmp_path)!r}"
        ]


def test_steps_that_come_too_fast_are_dropped_and_the_stream_followed_anew(folder: Path) -> None:
    watched = Watched(
        folder, folder / "exact.xml", StreamOptions(is_real_time=True, is_looped=True, max_duration_s=2.5), pause_s=0.2
    )
    statistics = watched.stream.statistics
    assert statistics.num_dropped >= 5
    assert watched.num_restarts >= 2
    [text] = watched.said
    assert text.startswith("inference does not keep up with steps of 2 frames: 5 were dropped")
    windows = Watched(folder, folder / "window.xml", StreamOptions(hop=1, is_looped=True, max_duration_s=2.5))
    for end, answer in watched.answers.items():
        assert np.array_equal(answer, windows.answers[end]), end


def test_streams_that_share_a_model_do_not_disturb_each_other(folder: Path) -> None:
    engine, random = Engine(folder / "exact.xml", hop=HOP), np.random.default_rng(0)
    frames = random.integers(0, 256, (2, *SPEC.clip_shape), np.uint8)
    window = Engine(folder / "window.xml")
    streams = [StreamAnswers(engine) for _ in frames]
    for end in range(1, SPEC.num_frames + 1, HOP):
        answers = [stream.infer(clip[:, :end]) for stream, clip in zip(streams, frames, strict=True)]
    for answer, clip in zip(answers, frames, strict=True):
        assert answer is not None
        assert np.array_equal(answer, window.probabilities(clip))


def test_a_step_model_answers_no_whole_clips(folder: Path) -> None:
    engine = Engine(folder / "exact.xml", hop=HOP)
    with pytest.raises(ClipShapeError, match="a step model takes no whole clips"):
        engine.probabilities(np.zeros((1, HOP, *SPEC.clip_shape[2:]), np.uint8))


def test_a_stream_too_short_for_continuous_steps_says_how_long_it_must_be(folder: Path, tmp_path: Path) -> None:
    for path in folder.glob("continuous.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    write_video(tmp_path / "film.mp4", numbered(range(10)))
    watched = Watched(tmp_path, tmp_path / "continuous.xml", StreamOptions())
    assert watched.said[1:] == [
        "no answer: the stream is shorter than continuous steps need (0.44 s, 11 frames, 25 fps)"
    ]


def test_a_model_of_whole_clips_has_nothing_to_forget() -> None:
    """AUTO's requests of several devices raise where they are asked for what they remember."""

    class Request:
        def reset_state(self) -> None:
            raise RuntimeError("Not Implemented")

    Session(Request(), None, lambda inputs: inputs, lambda results: results).reset()
