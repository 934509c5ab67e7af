import gc
from pathlib import Path

import av
import numpy as np
import pytest
from synthetic import numbered_frame, read_number, write_numbered

from i3d_edge.runtime.frames.rgb import RgbConverter


@pytest.mark.parametrize("rotation", [None, 90, 180])
def test_frames_are_upright_and_leave_no_cycle(rotation: int | None, tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", 12, rotation=rotation)
    to_rgb = RgbConverter()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                last = to_rgb(frame)
        del frame
        gc.collect()
        num_kept = sum(isinstance(item, av.VideoFrame) for item in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert num_kept <= 1
    upright = np.rot90(last, {None: 0, 90: 3, 180: 2}[rotation])
    assert upright.shape == numbered_frame(0).shape
    assert read_number(upright) == 11


def test_a_size_or_rotation_that_changes_is_noticed(tmp_path: Path) -> None:
    to_rgb = RgbConverter()
    shapes = []
    for number, rotation in enumerate([None, 90, None, 270]):
        path = write_numbered(tmp_path / f"{number}.mp4", 2, rotation=rotation)
        with av.open(str(path)) as container:
            shapes += [to_rgb(frame).shape for frame in container.decode(video=0)]
    assert shapes == [shape for shape in [(240, 320, 3), (320, 240, 3)] * 2 for _ in range(2)]
