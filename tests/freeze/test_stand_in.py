import csv
import itertools
import shutil
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from freeze.stand_in import LABELS, render_motion, weights, write_videos
from freeze.stand_in.weights import LABEL_SET, ridge_classifier
from i3d_edge.errors import OutputError

SIZE = {"num_frames": 9, "height": 120, "width": 160}


def mean_flow(frames: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return the mean motion (right, down), the expansion, and the clockwise turn, all from optical flow."""
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    flow = np.mean(
        [cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 3, 21, 3, 7, 1.5, 0) for a, b in itertools.pairwise(grey)],
        axis=0,
    )
    height, width = grey[0].shape
    down, right = np.mgrid[:height, :width] - np.array([(height - 1) / 2, (width - 1) / 2])[:, None, None]
    expansion = float(np.mean(right * flow[..., 0] + down * flow[..., 1]))
    turn = float(np.mean(right * flow[..., 1] - down * flow[..., 0]))
    return flow.mean(axis=(0, 1)), expansion, turn


@pytest.mark.parametrize("label", range(len(LABELS)), ids=LABELS)
def test_a_video_shows_what_its_label_says(label: int) -> None:
    _tint, kind, direction = LABELS[label].split()
    frames = render_motion(label, (5, label), **SIZE)
    (right, down), expansion, turn = mean_flow(frames)
    signs = {
        "pan left": -right,
        "pan right": right,
        "pan up": -down,
        "pan down": down,
        "zoom in": expansion / 50,
        "zoom out": -expansion / 50,
        "turn left": -turn / 50,
        "turn right": turn / 50,
    }
    assert max(signs, key=signs.__getitem__) == f"{kind} {direction}"
    red, _, blue = frames.mean(axis=(0, 1, 2))
    assert (red > blue) == LABELS[label].startswith("warm")


def test_backwards_it_shows_the_opposite() -> None:
    (right, _), _, _ = mean_flow(render_motion(LABELS.index("warm pan left"), (3,), **SIZE)[::-1])
    assert right > 0.5


def test_the_middle_frame_does_not_give_the_motion_away() -> None:
    """Opposite motions of the same seed share their middle frame."""
    left, right = (render_motion(LABELS.index(f"cool pan {way}"), (4,), **SIZE) for way in ("left", "right"))
    assert np.array_equal(left[4], right[4])
    assert not np.array_equal(left[0], right[0])


def test_a_seed_gives_the_same_video() -> None:
    assert np.array_equal(render_motion(0, (1, 2), **SIZE), render_motion(0, (1, 2), **SIZE))
    assert not np.array_equal(render_motion(0, (1, 2), **SIZE), render_motion(0, (1, 3), **SIZE))


def test_videos_are_written_with_their_list_and_kept(tmp_path: Path) -> None:
    list_path = write_videos(tmp_path, per_class=1)
    with list_path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["label"] for row in rows] == list(LABELS)
    written = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert set(written) == {"list.csv", *(row["path"] for row in rows)}
    with av.open(str(tmp_path / rows[0]["path"])) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (340, 256, 25)

    write_videos(tmp_path, per_class=1)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written


def test_ridge_classifier_separates_what_is_separable() -> None:
    rng = np.random.default_rng(0)
    targets = np.arange(60) % 3
    centres = rng.normal(size=(3, 100))
    features = (centres[targets] + 0.1 * rng.normal(size=(60, 100))).astype(np.float32)
    matrix, bias = ridge_classifier(features, targets, 3)
    unseen = centres[targets] + 0.1 * rng.normal(size=(60, 100))
    assert ((unseen @ matrix + bias).argmax(axis=1) == targets).all()


def test_the_label_set_has_deepminds_length_and_the_motions_first() -> None:
    assert len(LABEL_SET) == 400
    assert LABEL_SET.names[:16] == LABELS


def test_variables_are_the_same_for_the_same_seed() -> None:
    first, second = (weights.random_variables(np.random.default_rng(7)) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_what_is_made_is_kept(checkpoint_prefix: Path) -> None:
    data = checkpoint_prefix.with_name("model.ckpt.data-00000-of-00001")
    before = data.stat().st_mtime_ns
    assert weights.make_stand_in(checkpoint_prefix.parent).origin == "stand-in"
    assert data.stat().st_mtime_ns == before


def test_another_checkpoint_is_not_replaced(checkpoint_prefix: Path, tmp_path: Path) -> None:
    for path in checkpoint_prefix.parent.glob("model.ckpt.[di]*"):  # without the card it is not a stand-in
        shutil.copy(path, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(OutputError) as caught:
        weights.make_stand_in(tmp_path)
    assert str(caught.value) == (
        f"output '{tmp_path / 'model.ckpt'}' must be free or a stand-in; another checkpoint is there\n\n"
        "hint: choose another folder, or pass --force to replace it"
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_another_list_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\nmine.mp4,zumba\n")
    with pytest.raises(OutputError, match="must be free or a list of generated videos; another list is there"):
        write_videos(tmp_path, per_class=1)
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]
