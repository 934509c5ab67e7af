import pytest

from i3d_edge.runtime.live.window import Hop


def test_a_fixed_hop_stays() -> None:
    hop = Hop(25)
    hop.took(100, 25)
    assert hop.num_frames == 25


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(0.2, 6, id="0.2 s is 5 frames, with headroom 5.75"),
        pytest.param(0.001, 1, id="never below one frame"),
        pytest.param(6.0, 173, id="slower than a window is long"),
    ],
)
def test_auto_is_what_a_live_stream_delivers_meanwhile(seconds: float, expected: int) -> None:
    hop = Hop(79, is_auto=True)
    assert hop.num_frames == 79
    hop.took(seconds, 25)
    assert hop.num_frames == expected


def test_auto_grows_at_once_and_shrinks_slowly() -> None:
    hop = Hop(79, is_auto=True)
    seen = []
    for seconds in [0.2, 1.0, *[0.2] * 30]:
        hop.took(seconds, 25)
        seen.append(hop.num_frames)
    assert seen[:4] == [6, 29, 27, 25]
    assert seen[4:] == sorted(seen[4:], reverse=True)
    assert seen[-1] == 7
