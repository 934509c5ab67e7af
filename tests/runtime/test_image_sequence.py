import errno
import os
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from broken import BREAKS
from plans import i3d_plan
from synthetic import numbered_frame, read_cropped_number, read_number

from i3d_edge.core.errors import EmptyVideoError, VideoDecodeError, VideoOpenError
from i3d_edge.runtime.frames.image_sequence import ImageSequence
from i3d_edge.runtime.frames.image_series import choose_series
from i3d_edge.runtime.frames.sources import open_source
from i3d_edge.runtime.views.plan import ViewReader


def write_images(folder: Path, numbers: range, pattern: str = "image_{:05d}.png", first: int = 1) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for position, number in enumerate(numbers):
        cv2.imwrite(str(folder / pattern.format(position + first)), numbered_frame(number)[..., ::-1])
    return folder


def numbers(sequence: ImageSequence) -> list[int]:
    wanted = range(sequence.timeline.num_frames)
    return [read_number(frame) for _, frame in sequence.frames(wanted)]


@pytest.mark.parametrize(
    ("pattern", "first"),
    [("image_{:05d}.jpg", 1), ("img_{:05d}.jpg", 0), ("{}.png", 8), ("frame{:d}.JPEG", 1)],
)
def test_images_come_in_the_order_of_their_numbers(pattern: str, first: int, tmp_path: Path) -> None:
    folder = write_images(tmp_path / "v", range(12), pattern, first)
    (folder / "readme.txt").write_text("not an image")
    (folder / "cover.png").write_bytes(b"")
    sequence = ImageSequence.open(folder, Fraction(30))
    assert numbers(sequence) == list(range(12))
    assert (sequence.timeline.mean_fps, sequence.timeline.duration_s) == (30.0, 0.4)


def test_channels_are_rgb(tmp_path: Path) -> None:
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    cv2.imwrite(str(tmp_path / "image_1.png"), red[..., ::-1])
    [(_, frame)] = ImageSequence.open(tmp_path, Fraction(25)).frames([0])
    assert np.array_equal(frame, red)


def test_a_view_of_a_folder(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "v", range(60))
    source = open_source(folder, frames_fps=Fraction(50))
    [view] = ViewReader(source, i3d_plan(num_frames=16))
    assert [read_cropped_number(frame) for frame in view.frames] == [
        2 * number & 0b1111111100 for number in range(7, 23)
    ]


def test_stated_counts(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "v", range(12))
    assert ImageSequence.open(folder, Fraction(25), num_frames=10).timeline.num_frames == 10
    longer = ImageSequence.open(folder, Fraction(25), num_frames=15)
    assert (longer.timeline.num_frames, longer.warnings) == (12, ["15 frames are stated; the folder holds 12"])
    (folder / "n_frames").write_text("11\n")
    assert ImageSequence.open(folder, Fraction(25)).timeline.num_frames == 11
    (folder / "n_frames").write_text("9" * 5000)
    assert ImageSequence.open(folder, Fraction(25)).timeline.num_frames == 12


def test_neighbours_stand_in_for_damaged_images(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "v", range(6))
    (folder / "image_00001.png").write_bytes(b"broken")
    (folder / "image_00004.png").write_bytes(b"")
    sequence = ImageSequence.open(folder, Fraction(25))
    assert numbers(sequence) == [1, 1, 2, 2, 4, 5]
    assert sequence.warnings == ["2 of the 6 frames needed could not be decoded: neighbours stand in"]


def test_only_files_are_images(tmp_path: Path) -> None:
    """A link to nothing is an image that is missing: without it, those behind it would move up."""
    folder = write_images(tmp_path / "v", range(6))
    (folder / "image_00007.png").mkdir()
    os.mkfifo(folder / "image_00008.png")
    (folder / "image_00003.png").unlink()
    (folder / "image_00003.png").symlink_to("nowhere.png")
    (folder / "image_00005.png").rename(folder / "elsewhere.png")
    (folder / "image_00005.png").symlink_to("elsewhere.png")
    sequence = ImageSequence.open(folder, Fraction(25))
    assert numbers(sequence) == [0, 1, 1, 3, 4, 5]
    assert sequence.warnings == ["1 of the 6 frames needed could not be decoded: neighbours stand in"]


def test_an_image_whose_header_states_too_many_pixels(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "v", range(3))
    BREAKS["image_huge"][1](folder, tmp_path / "huge")
    (tmp_path / "huge" / "image_00003.png").rename(folder / "image_00002.png")
    assert numbers(ImageSequence.open(folder, Fraction(25))) == [0, 0, 2]


def test_a_folder_that_must_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("i3d_edge.core.files.os.scandir", refuse)
    with pytest.raises(VideoOpenError) as caught:
        ImageSequence.open(tmp_path, Fraction(25))
    assert str(caught.value) == f"cannot read frame folder '{tmp_path}': permission denied"


def test_too_few_images(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "v", range(4))
    for number in (1, 2, 4):
        (folder / f"image_0000{number}.png").write_bytes(b"broken")
    with pytest.raises(VideoDecodeError) as caught:
        numbers(ImageSequence.open(folder, Fraction(25)))
    assert str(caught.value) == (
        f"only 1 of the 4 frames needed of frame folder '{folder}' can be decoded\n\n"
        "hint: the images are damaged: extract them again"
    )
    (folder / "image_00003.png").write_bytes(b"broken")
    with pytest.raises(EmptyVideoError) as empty:
        numbers(ImageSequence.open(folder, Fraction(25)))
    assert str(empty.value) == f"no frame of frame folder '{folder}' can be decoded"


def test_images_of_another_size(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "v", range(2))
    cv2.imwrite(str(folder / "image_00003.png"), numbered_frame(2, 64, 64))
    with pytest.raises(VideoDecodeError, match=r"differ in size: 320 x 240, and 64 x 64 in 'image_0"):
        numbers(ImageSequence.open(folder, Fraction(25)))


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(VideoOpenError) as absent:
        ImageSequence.open(tmp_path / "no", Fraction(25))
    assert str(absent.value) == f"no frame folder '{tmp_path / 'no'}'"
    with pytest.raises(VideoOpenError) as rate:
        ImageSequence.open(tmp_path, None)
    assert str(rate.value) == (
        f"frame folder '{tmp_path}' needs a frame rate\n\n"
        "hint: --frames-fps 25, for instance, says how many images make a second"
    )
    with pytest.raises(EmptyVideoError) as empty:
        ImageSequence.open(tmp_path, Fraction(25))
    assert str(empty.value) == f"frame folder '{tmp_path}' holds no numbered images"


SERIES = [
    (["img_00001.jpg", "img_00002.jpg", "flow_x_00001.jpg", "flow_x_00002.jpg"], "img_*.jpg", None),
    (["img_00001.jpg", "img_00002.jpg", "thumb_00001.jpg", "thumb_00002.jpg"], "img_*.jpg", None),
    (["cam2_1.png", "cam2_2.png", "mask1.png"], "cam2_*.png", None),
    (["._img_1.jpg", "img_1.jpg", "img_2.png", "Thumbs.db", "notes.txt"], "img_*", None),
    (["img_1.jpg", "img_2.jpg", "img_1.png", "img_2.png", "img_3.png"], "img_*.png", 3),
    (["a1.jpg", "a2.jpg", "b1.jpg", "b2.jpg", "b3.jpg"], "b*.jpg", 3),
]


@pytest.mark.parametrize(("names", "pattern", "num_frames"), SERIES)
def test_one_series_of_images_is_the_video(
    names: list[str], pattern: str, num_frames: int | None, tmp_path: Path
) -> None:
    for name in names:
        (tmp_path / name).touch()
    files, notes = choose_series(tmp_path, num_frames=num_frames)
    assert sorted(files) == sorted(path for path in tmp_path.glob(pattern) if not path.name.startswith("."))
    is_only_series = pattern == "img_*"
    assert bool(notes) != is_only_series


def test_several_series_are_not_mixed(tmp_path: Path) -> None:
    for name in ("u_1.jpg", "u_2.jpg", "v_1.jpg", "v_2.jpg"):
        cv2.imwrite(str(tmp_path / name), np.full((32, 32, 3), 100 if name[0] == "u" else 200, np.uint8))
    with pytest.raises(VideoOpenError) as caught:
        ImageSequence.open(tmp_path, Fraction(25))
    assert str(caught.value) == (
        f"frame folder '{tmp_path}' holds 2 series of images: u_*.jpg (2), v_*.jpg (2)\n\n"
        f"hint: choose one by its pattern, for instance '{tmp_path}/u_*.jpg'"
    )
    chosen = ImageSequence.open(tmp_path / "v_*.jpg", Fraction(25))
    assert [int(frame.mean()) for _, frame in chosen.frames([0, 1])] == [200, 200]
