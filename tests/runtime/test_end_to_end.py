from pathlib import Path

import pytest
from synthetic import write_numbered
from tiny import write_tiny_ir

from i3d_edge.core.errors import ClipShapeError
from i3d_edge.runtime.measure.end_to_end import EndToEnd, time_end_to_end


def test_the_bound_is_all_work_shared_by_the_cores() -> None:
    timed = EndToEnd(
        num_videos=10, mode="throughput", wall_s=6.0, decode_cpu_s=2.0, model_cpu_s=8.0, model_wall_s=4.0, num_cores=2
    )
    assert timed.bound_s == 5.0


def test_videos_are_timed_and_broken_ones_left_out(tmp_path: Path) -> None:
    videos = [write_numbered(tmp_path / f"{number}.mp4", 30) for number in range(3)]
    (tmp_path / "bad.mp4").write_text("no video")
    timed = time_end_to_end(write_tiny_ir(tmp_path / "tiny.xml"), [*videos, tmp_path / "bad.mp4"])
    assert timed.num_videos == 3
    assert timed.num_cores >= 1
    assert timed.mode == "throughput"
    assert min(timed.wall_s, timed.decode_cpu_s, timed.model_cpu_s, timed.model_wall_s) > 0
    # A pass cannot take less than the work in it; clocks and turbo leave some play.
    assert timed.wall_s > 0.5 * timed.bound_s


def test_no_video_that_can_be_classified(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_text("no video")
    with pytest.raises(ClipShapeError) as caught:
        time_end_to_end(write_tiny_ir(tmp_path / "tiny.xml"), [tmp_path / "bad.mp4"])
    assert str(caught.value) == "none of the 1 videos can be classified"
