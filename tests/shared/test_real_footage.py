"""Real footage as it is read, and its lists; needs the shared data."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from i3d_edge.accuracy.data.dataset import read_dataset
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import kinetics_400
from i3d_edge.runtime import read_clips

pytestmark = pytest.mark.shared


def test_cricket_looks_as_deepmind_saw_it(shared: Path) -> None:
    """The official sample, as preprocessed by DeepMind and stored in 256 colours, beside our clip of its footage."""
    with av.open(str(shared / "golden/v_CricketShot_g04_c01_rgb.gif")) as container:
        official = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    [footage] = (shared / "videos/ucf101/CricketShot").glob("*.avi")
    [clip] = read_clips(footage, i3d_spec(labels=kinetics_400())).clips
    frames = clip.frames.astype(int)
    aligned = np.abs(frames - official).mean()
    shifted = np.abs(frames[1:] - official[:-1]).mean()
    print(f"\ncricket against the official clip: {aligned:.2f} of 255; shifted by one frame: {shifted:.2f}")
    assert aligned < 6
    assert shifted > aligned + 1


@pytest.mark.parametrize(("name", "has_unlabelled"), [("labels.csv", True), ("real_exact.csv", False)])
def test_lists_are_read_with_and_without_unlabelled_rows(shared: Path, name: str, has_unlabelled: bool) -> None:
    videos = read_dataset(shared / "videos" / name, kinetics_400()).videos
    assert any(video.label is not None for video in videos)
    assert any(video.label is None for video in videos) == has_unlabelled
    assert [video.path for video in videos if not video.file.is_file()] == []
