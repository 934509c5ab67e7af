from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from plans import i3d_plan

from i3d_edge.core.errors import ClipShapeError, DependencyError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import kinetics_400
from i3d_edge.core.normalisation import normalised
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import FlowCost, ViewPlan, ViewReader, graph_inputs, model_inputs
from i3d_edge.runtime.frames.clip_array import ClipArray
from i3d_edge.runtime.frames.timeline import Timeline
from i3d_edge.runtime.views import flow
from i3d_edge.runtime.views.flow import FlowFrames, flow_method, optical_flow, quantize_flow, store_flow
from i3d_edge.runtime.views.options import ViewOptions
from i3d_edge.runtime.views.plan import Clip

SIZES = {"num_frames": 9, "crop_px": 24, "short_side_px": 32}
RGB = i3d_spec(labels=kinetics_400(), **SIZES)
FLOW = i3d_spec(labels=kinetics_400(), **SIZES, stream="flow")
[FLOW_PORT] = FLOW.inputs.values()
JOINT = i3d_spec(labels=kinetics_400(), **SIZES, stream="joint", fusion="logits")

TENTH = 10
"""Pixels of motion in tests where a frame's number is a tenth of how far it has moved."""


WHOLE = {"method": "dis", "frame_at": lambda sample: sample, "fit": lambda frame: frame, "crop_px": None}
"""Options of FlowFrames that leave frames as they are."""


def source_of(frames: np.ndarray, fps: int = 25) -> ClipArray:
    timeline = Timeline(tuple(range(len(frames))), len(frames), Fraction(1, fps))
    return replace(ClipArray.of(frames, RGB), timeline=timeline)


def cut(frames: np.ndarray, spec: ModelSpec, num_clips: int = 1, **options: object) -> tuple[list[Clip], FlowCost]:
    reader = ViewReader(source_of(frames), ViewPlan.of_spec(spec, ViewOptions(num_clips=num_clips, **options)))
    return list(reader), reader.flow_cost


def texture(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(0).uniform(0, 255, (height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return ((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.uint8)


def test_a_moving_texture(subtests: pytest.Subtests) -> None:
    for right, down in [(3, 0), (0, 2), (-2, 1)]:
        for method in ["tvl1", "dis"]:
            with subtests.test(method=method, right=right, down=down):
                scene = texture(140, 160)
                first = scene[30:94, 30:126]
                second = scene[30 - down : 94 - down, 30 - right : 126 - right]
                inside = optical_flow(first.copy(), second.copy(), method)[12:-12, 12:-12]
                assert np.median(inside, axis=(0, 1)) == pytest.approx([right, down], abs=0.1)
                assert np.abs(inside - [right, down]).mean() < 0.15


@pytest.mark.parametrize("method", ["tvl1", "dis"])
def test_what_does_not_move_has_no_flow(method: str) -> None:
    still = texture(48, 64)
    assert not optical_flow(still, still, method).any()
    assert np.abs(optical_flow(still, still.copy(), method)).max() < 0.05


def test_steps_and_values(subtests: pytest.Subtests) -> None:
    for pixels, step, value in [
        (-1000, 0, -1),
        (-20, 0, -1),
        (-10, 63, -0.505882),
        (-0.01, 127, -0.003922),
        (0, 127, -0.003922),
        (0.1, 128, 0.003922),
        (1, 133, 0.043137),
        (10, 191, 0.498039),
        (20, 255, 1),
        (25, 255, 1),
    ]:
        with subtests.test(pixels=pixels):
            steps = quantize_flow(np.full((1, 1, 2), pixels, np.float32))
            assert steps.dtype == np.uint8
            assert steps.tolist() == [[[step, step]]]
            values = normalised(steps, FLOW_PORT)
            assert values.dtype == np.float32
            assert values.ravel().tolist() == pytest.approx([value, value], abs=1e-6)


def test_no_motion_is_stored_as_deepmind_has_it() -> None:
    assert np.unique(store_flow(np.full((32, 40, 2), 127, np.uint8)).reshape(-1, 2), axis=0).tolist() == [[127, 128]]


def test_storing_keeps_x_and_y_and_their_places() -> None:
    steps = np.full((32, 40, 2), 127, np.uint8)
    steps[:, 16:, 0] = 191
    steps[16:, :, 1] = 63
    stored = store_flow(steps).astype(int)
    away = np.ones((32, 40), bool)
    away[14:18], away[:, 14:18] = False, False
    assert np.abs(stored - steps)[away].max() <= 2


# --- which pairs of frames: the flow is faked, so that it says where a frame is ------------------------------------


def numbered(num_frames: int, height: int = 32, width: int = 48) -> np.ndarray:
    return np.stack([np.full((height, width, 3), number, np.uint8) for number in range(num_frames)])


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The pairs of frames whose flow is asked for; ten pixels to the right from each frame to the next."""
    seen: list[tuple[int, int]] = []

    def computed(first: np.ndarray, second: np.ndarray, _method: str) -> np.ndarray:
        pair = int(first[0, 0]), int(second[0, 0])
        if first is not second:
            seen.append(pair)
        return np.full((*first.shape, 2), [TENTH * (pair[1] - pair[0]), 0], np.float32)

    monkeypatch.setattr(flow, "optical_flow", computed)
    return seen


def moved(clip: np.ndarray) -> list[int]:
    """How many frames each of a clip's flows goes forward; 2 and -2 stand for all that is cut off."""
    across = normalised(clip[:, 12, 12, 3:], FLOW_PORT) * 20 / TENTH
    assert np.abs(across[:, 1]).max() < 0.1
    return [round(float(value)) for value in across[:, 0]]


@pytest.mark.parametrize(
    ("num_frames", "shown", "computed"),
    [
        (10, range(9), range(9)),  # one frame more than a clip: a flow for each
        (9, range(9), range(8)),  # none more: the last one repeats the flow before
        (4, [0, 1, 2, 3, 0, 1, 2, 3, 0], range(3)),  # shorter: no jump back from the last to the first
        (2, [0, 1] * 4 + [0], range(1)),
    ],
)
def test_nine_flows_from_any_video(
    pairs: list[tuple[int, int]], num_frames: int, shown: Sequence[int], computed: Sequence[int]
) -> None:
    [clip], _ = cut(numbered(num_frames), FLOW)
    assert clip.frames.shape == (9, 24, 24, 5)
    assert clip.frames[:, 0, 0, 0].tolist() == list(shown)
    assert moved(clip.frames) == [1] * 9
    assert sorted(pairs) == [(number, number + 1) for number in computed]


def test_one_frame_has_no_motion(pairs: list[tuple[int, int]]) -> None:
    [clip], cost = cut(numbered(1), FLOW)
    assert moved(clip.frames) == [0] * 9
    assert pairs == []
    assert cost.num_pairs == 0


def test_flow_is_between_samples_not_between_source_frames(pairs: list[tuple[int, int]]) -> None:
    def sampled(source_fps: int) -> list[int]:
        [clip] = ViewReader(source_of(numbered(40), source_fps), ViewPlan.of_spec(FLOW))
        return moved(clip.frames)

    assert sampled(50) == [2] * 9
    # samples 45 to 54 of a 10 fps video show frames 18 18 18 19 19 20 20 20 21 21
    assert sampled(10) == [0, 0, 1, 0, 1, 0, 0, 1, 0]


def test_clips_that_overlap_share_their_flow(pairs: list[tuple[int, int]]) -> None:
    clips, cost = cut(numbered(14), FLOW, 3)
    assert [clip.frames[0, 0, 0, 0] for clip in clips] == [0, 3, 5]
    assert all(moved(clip.frames) == [1] * 9 for clip in clips)
    assert sorted(pairs) == list(pairwise(range(14)))
    assert (cost.method, cost.num_pairs) == ("tvl1", 13)
    assert cost.seconds > 0
    hopping, _ = cut(numbered(14), FLOW, hop=2)
    assert [clip.frames[0, 0, 0, 0] for clip in hopping] == [0, 2, 4, 5]
    assert all(moved(clip.frames) == [1] * 9 for clip in hopping)


def test_whoever_stops_early_has_no_more_computed(pairs: list[tuple[int, int]]) -> None:
    frames = FlowFrames(source_of(numbered(200)), **WHOLE, num_samples=200)
    reading: Iterator[tuple[int, np.ndarray]] = frames.frames(range(200))
    assert next(reading)[0] == 0
    reading.close()
    assert len(pairs) < 50


def test_nothing_is_computed_once_nobody_wants_it(pairs: list[tuple[int, int]]) -> None:
    frames = FlowFrames(source_of(numbered(200)), **WHOLE, num_samples=200, is_stopped=lambda: len(pairs) > 3)
    assert len(list(frames.frames(range(200)))) < 50
    assert 3 < len(pairs) < 50


# --- what a model is given ------------------------------------------------------------------------------------------


def test_pixels_beside_flow_are_those_without(subtests: pytest.Subtests) -> None:
    for num_crops, fit in [(1, "short side"), (3, "short side"), (1, "long side")]:
        for size in [(32, 200), (200, 32), (64, 64), (20, 90), (33, 121), (24, 24)]:
            with subtests.test(size=size, num_crops=num_crops, fit=fit):
                frames = np.random.default_rng(0).integers(0, 256, (10, *size, 3), dtype=np.uint8)
                source = source_of(frames)
                plan = {"num_frames": 9, "fit_px": 32, "crop_px": (24, 24), "num_crops": num_crops, "fit": fit}
                alone, beside = (list(ViewReader(source, i3d_plan(**plan, flow=method))) for method in (None, "dis"))
                assert len(alone) == num_crops
                for one, other in zip(alone, beside, strict=True):
                    assert np.array_equal(np.rint(one.frames), other.frames[..., :3])


def test_a_cut_frame_has_nearly_the_flow_of_a_whole_one() -> None:
    wide = np.stack([texture(32, 200)[:, number : number + 180, np.newaxis].repeat(3, -1) for number in range(10)])
    shortened = FlowFrames(source_of(wide), **{**WHOLE, "crop_px": (24, 24)}, num_samples=10)
    whole = FlowFrames(source_of(wide), **WHOLE, num_samples=10)
    shapes, differences = set(), []
    for (_, one), (_, other) in zip(shortened.frames(range(9)), whole.frames(range(9)), strict=True):
        shapes.add((one.shape, other.shape))
        differences.append(np.abs(one[4:28, 32:56].astype(int) - other[4:28, 78:102]).mean())
    assert shapes == {((32, 88, 5), (32, 180, 5))}
    assert np.mean(differences) < 1.5


@pytest.mark.parametrize("layout", ["NDCHW", "NDHWC", "NCDHW"])
def test_each_input_has_its_channels(pairs: list[tuple[int, int]], layout: str) -> None:
    spec = i3d_spec(
        labels=kinetics_400(),
        **SIZES,
        stream="joint",
        fusion="logits",
        layout=layout,
        input_type="u8",
        has_preprocessing=True,
    )
    [clip], _ = cut(numbered(10), spec)
    given = model_inputs(clip, spec)
    assert isinstance(given, dict)
    assert {name: (array.shape, array.dtype.name) for name, array in given.items()} == {
        "Placeholder": (spec.input_shape("Placeholder"), "uint8"),
        "Placeholder_flow": (spec.input_shape("Placeholder_flow"), "float32"),
    }
    across, down = np.moveaxis(given["Placeholder_flow"], layout.index("C"), 0)
    assert across.mean() == pytest.approx(0.5, abs=0.01)
    assert np.abs(down).max() < 0.02
    assert np.unique(given["Placeholder"].take(8, axis=layout.index("D"))).tolist() == [8]


def test_a_graph_is_given_floats_channels_last(pairs: list[tuple[int, int]]) -> None:
    [clip], _ = cut(numbered(10), JOINT)
    given = graph_inputs(clip, JOINT)
    assert {name: (array.shape, array.dtype.name) for name, array in given.items()} == {
        "Placeholder": ((1, 9, 24, 24, 3), "float32"),
        "Placeholder_flow": ((1, 9, 24, 24, 2), "float32"),
    }
    assert given["Placeholder"][0, 4].ravel() == pytest.approx(4 / 127.5 - 1, abs=1e-6)


# --- errors ---------------------------------------------------------------------------------------------------------


def test_without_contrib_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "_per_thread", threading.local())
    monkeypatch.setattr(
        flow, "_cv2", SimpleNamespace(DISOpticalFlow_create=cv2.DISOpticalFlow_create, optflow=SimpleNamespace())
    )
    with pytest.raises(DependencyError) as caught:
        flow_method(FLOW)
    assert str(caught.value) == (
        f"flow 'tvl1' needs OpenCV with its contrib modules; cv2 {cv2.__version__} lacks them\n\n"
        "hint: uninstall every opencv package and install opencv-contrib-python-headless alone, or take flow 'dis'"
    )
    assert flow_method(FLOW, "dis") == "dis"
    assert flow_method(RGB) is None


def test_flow_for_a_model_that_takes_none() -> None:
    with pytest.raises(ClipShapeError) as caught:
        ViewPlan.of_spec(RGB, flow="dis")
    assert str(caught.value) == (
        "the model takes RGB alone: there is no use for flow 'dis'\n\nhint: omit `flow`, or --flow"
    )


def test_the_method_of_a_model() -> None:
    assert [flow_method(spec) for spec in (RGB, FLOW, JOINT)] == [None, "tvl1", "tvl1"]
    assert flow_method(JOINT, "dis") == "dis"


def test_an_unknown_method() -> None:
    with pytest.raises(ValueError, match=r"^flow must be one of tvl1, dis; got 'farneback'$"):
        flow_method(FLOW, "farneback")


def test_pixels_for_a_model_that_takes_flow() -> None:
    [clip], _ = cut(numbered(9), RGB)
    with pytest.raises(ClipShapeError) as caught:
        model_inputs(clip, JOINT)
    assert str(caught.value) == (
        "the model takes joint, and the clip has no optical flow: its shape is (9, 24, 24, 3)\n\n"
        "hint: `read_clips` with the model's own spec computes it"
    )
