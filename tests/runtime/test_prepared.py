from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic import gif_colour, write_gif, write_video

from i3d_edge.core.errors import VideoOpenError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import kinetics_400
from i3d_edge.runtime import read_prepared

SPEC = i3d_spec(labels=kinetics_400())


def test_a_gif_of_a_whole_clip_is_read_frame_by_frame(tmp_path: Path) -> None:
    frames = read_prepared(write_gif(tmp_path / "clip.gif", 79), SPEC)
    assert frames is not None
    assert (frames.shape, frames.dtype) == ((79, 224, 224, 3), np.uint8)
    for number, frame in enumerate(frames):
        assert (frame == gif_colour(number)).all(), number
    again = read_prepared((tmp_path / "clip.gif").rename(tmp_path / "clip.GIF"), SPEC)
    assert np.array_equal(frames, again)


def test_what_is_not_one_clip_is_left_to_be_cut(tmp_path: Path) -> None:
    assert read_prepared(write_gif(tmp_path / "shorter.gif", 78), SPEC) is None
    assert read_prepared(write_gif(tmp_path / "larger.gif", 79, size_px=226), SPEC) is None
    video = write_video(tmp_path / "video.mp4", [np.zeros((224, 224, 3), np.uint8)] * 79)
    assert read_prepared(video, SPEC) is None
    assert read_prepared(tmp_path / "absent.avi", SPEC) is None


def test_a_gif_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "text.gif").write_text("text")
    with pytest.raises(VideoOpenError):
        read_prepared(tmp_path / "text.gif", SPEC)


@pytest.mark.shared
def test_the_frames_of_deepminds_sample_are_those_of_another_decoder(shared: Path) -> None:
    from i3d_edge.freeze._tensorflow import tf

    path = shared / "golden/v_CricketShot_g04_c01_rgb.gif"
    frames = read_prepared(path, SPEC)
    assert frames is not None
    assert np.array_equal(frames, tf.io.decode_gif(path.read_bytes()).numpy())
