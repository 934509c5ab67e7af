from pathlib import Path

import pytest
from synthetic import write_numbered
from tiny import write_tiny_ir

from i3d_edge.core.errors import VideoError
from i3d_edge.runtime.measure.start_up import StartUp, time_start_up


def test_the_parts_make_the_whole() -> None:
    start = StartUp(imports_s=0.5, read_s=0.125, compile_s=0.25, decode_s=0.0625, infer_s=0.0625)
    assert start.total_s == 1
    other = StartUp(1, 1, 1, 1, 1)
    assert StartUp.median([start, other, other]) == other


def test_a_process_is_timed_from_its_start_to_its_answer(tmp_path: Path) -> None:
    ir, video = write_tiny_ir(tmp_path / "tiny.xml"), write_numbered(tmp_path / "video.mp4", 20)
    [start] = time_start_up(ir, video, cache=tmp_path / "cache", rounds=1)
    assert min(start.imports_s, start.read_s, start.compile_s, start.decode_s, start.infer_s) > 0
    assert start.imports_s > 0.05  # NumPy alone takes that
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_process_that_fails(tmp_path: Path) -> None:
    ir = write_tiny_ir(tmp_path / "tiny.xml")
    with pytest.raises(VideoError) as caught:
        time_start_up(ir, tmp_path / "no.mp4", cache=tmp_path / "cache", rounds=1)
    assert str(caught.value).startswith(
        f"a process must answer to be timed; it ended with 1: video '{tmp_path / 'no.mp4'}' must be a file"
    )
