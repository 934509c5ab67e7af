from pathlib import Path

import pytest
from synthetic import write_numbered
from tiny import write_tiny_ir

import i3d_edge
from i3d_edge.core.errors import VideoError
from i3d_edge.runtime.measure.start_up import StartUp, time_start_up


def test_the_parts_make_the_whole() -> None:
    start = StartUp(imports_s=0.5, read_s=0.125, compile_s=0.25, decode_s=0.0625, infer_s=0.0625)
    assert start.total_s == 1
    other = StartUp(1, 1, 1, 1, 1)
    assert StartUp.median([start, other, other]) == other


def test_a_process_outside_of_the_checkout_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where i3d_edge is installed, its rooms have no other name."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "i3d_edge").symlink_to(Path(i3d_edge.__file__).parent)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.chdir(tmp_path)
    ir, video = write_tiny_ir(tmp_path / "tiny.xml"), write_numbered(tmp_path / "video.mp4", 20)
    start = time_start_up(ir, video, rounds=1)
    assert min(start.imports_s, start.read_s, start.compile_s, start.decode_s, start.infer_s) > 0
    assert start.imports_s > 0.05  # NumPy alone takes that


def test_a_process_that_fails(tmp_path: Path) -> None:
    ir = write_tiny_ir(tmp_path / "tiny.xml")
    with pytest.raises(VideoError, match=r"the process that was to be timed failed: .*no\.mp4"):
        time_start_up(ir, tmp_path / "no.mp4", rounds=1)
