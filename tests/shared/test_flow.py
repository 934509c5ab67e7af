"""Our optical flow beside DeepMind's own, of the same footage; needs the shared data."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import kinetics_400
from i3d_edge.runtime import graph_inputs, read_clips

pytestmark = pytest.mark.shared

NO_MOTION = (126, 128)
"""Grey levels of x and y where nothing moves in DeepMind's picture."""


@pytest.fixture(scope="module")
def published(shared: Path) -> np.ndarray:
    """DeepMind's flow as its README's picture shows it: value + 0.5, of 255; shape (79, 224, 224, 2)."""
    with av.open(str(shared / "golden/v_CricketShot_g04_c01_flow.gif")) as container:
        pictures = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    assert np.unique(pictures[..., 2]).tolist() == [127]  # a third channel of zeros
    return pictures[..., :2].astype(float)


def computed(shared: Path, method: str, num_frames: int = 79) -> np.ndarray:
    """Return our flow of the footage's middle, as levels of `published`."""
    spec = i3d_spec(labels=kinetics_400(), stream="flow", num_frames=num_frames)
    [footage] = (shared / "videos/ucf101/CricketShot").glob("*.avi")
    clips = read_clips(footage, spec, flow=method)
    [values] = graph_inputs(clips.clips[0], spec).values()
    assert clips.flow is not None
    print(f"\n{method}: {clips.flow.seconds:.1f} s for {clips.flow.num_pairs} pairs")
    return np.floor((values[0].astype(float) + 0.5) * 255)


def differences(levels: np.ndarray, published: np.ndarray) -> tuple[float, float]:
    """Return the mean absolute difference of x and of y, in grey levels of 255."""
    across, down = np.abs(levels - published).mean(axis=(0, 1, 2))
    return float(across), float(down)


def test_dis_resembles_deepminds_flow(shared: Path, published: np.ndarray) -> None:
    levels = computed(shared, "dis")
    print("dis: {:.2f} {:.2f}".format(*differences(levels, published)))
    assert max(differences(levels, published)) < 1.5
    moving = (np.abs(published - NO_MOTION) > 8).any(axis=-1)
    assert 0.05 < moving.mean() < 0.2
    still = np.abs(published - NO_MOTION)[moving].mean()
    assert np.abs(levels - published)[moving].mean() < 0.5 * still
    assert np.abs(levels[..., ::-1] - published)[moving].mean() > still


@pytest.mark.slow
def test_tvl1_is_deepminds_flow(shared: Path, published: np.ndarray) -> None:
    """Of the middle 21 frames of 79: TV-L1 takes half a second for each."""
    levels, published = computed(shared, "tvl1", 21), published[29:50]
    aligned = differences(levels, published)
    others = {
        "no motion": np.broadcast_to(NO_MOTION, levels.shape),
        "x and y swapped": levels[..., ::-1],
        "the other way": 2 * np.array(NO_MOTION) - levels,
        "half as far": (levels + NO_MOTION) / 2,
    }
    found = {name: differences(other, published) for name, other in others.items()}
    found["a frame late"] = differences(levels[:-1], published[1:])
    found["a frame early"] = differences(levels[1:], published[:-1])
    for name, values in {"tvl1": aligned, **found}.items():
        print(f"{name}: x {values[0]:.2f}, y {values[1]:.2f} of 255")
    assert max(aligned) < 0.75
    assert all(np.mean(values) > 1.4 * np.mean(aligned) for values in found.values())
