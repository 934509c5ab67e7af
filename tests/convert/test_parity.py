import numpy as np
import pytest

from i3d_edge.convert.parity import ClipParity, ParityReport, compare, generated_pixels
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import kinetics_400
from i3d_edge.core.port import NUM_CHANNELS

LOGITS = np.array([10.0, 8.0, 6.0, 4.0, 2.0, 1.0, -9.0], np.float32)


def changed(*changes: tuple[int, float]) -> np.ndarray:
    logits = LOGITS.copy()
    for index, value in changes:
        logits[index] = value
    return logits


def test_compare(subtests: pytest.Subtests) -> None:
    for case, (expected, got, difference, agrees) in {
        "same": (LOGITS, LOGITS, 0.0, True),
        "a loser moves": (LOGITS, changed((6, -8.0)), 0.1, True),
        "the first falls": (LOGITS, changed((0, 7.0)), 0.3, False),
        "the fifth changes": (LOGITS, changed((4, 1.0), (5, 2.0)), 0.1, False),
        "near ties may trade places": (changed((1, 8.0), (2, 8.001)), changed((1, 8.001), (2, 8.0)), 0.0001, True),
    }.items():
        with subtests.test(case):
            clip = compare("clip", expected, got, bound=1e-3)
            assert clip.relative_difference == pytest.approx(difference, abs=1e-6)
            assert clip.top5_agrees is agrees


def test_not_a_number_never_passes() -> None:
    clip = compare("clip", LOGITS, np.full_like(LOGITS, np.nan), bound=1e-3)
    assert not ParityReport((clip,), 1e-3).passed


def test_the_verdict_needs_every_clip() -> None:
    good = ClipParity("a", 0.001, 10.0, True)
    assert ParityReport((good,), 1e-3).passed
    assert not ParityReport((good, ClipParity("b", 0.02, 10.0, True)), 1e-3).passed
    assert not ParityReport((good, ClipParity("b", 0.001, 10.0, False)), 1e-3).passed


@pytest.mark.parametrize("stream", ["rgb", "flow"])
def test_generated_clips_move_and_their_channels_differ(stream: str) -> None:
    spec = i3d_spec(labels=kinetics_400(), stream=stream, num_frames=9)
    [name] = spec.inputs
    for clip in (inputs[name] for inputs in generated_pixels(spec).values()):
        assert clip.shape == (1, 9, 224, 224, NUM_CHANNELS[stream])
        assert np.ptp(clip) > 200
        assert np.abs(np.diff(clip.astype(int), axis=1)).mean() > 2
        assert np.abs(np.diff(clip.astype(int), axis=-1)).mean() > 10
