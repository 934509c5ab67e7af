import gc
import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from plans import i3d_plan
from synthetic import numbered_frame, read_number, write_numbered

from i3d_edge.runtime.frames.rgb import RgbConverter, displayed_size
from i3d_edge.runtime.frames.video import Video
from i3d_edge.runtime.live import Address, LiveSource, StreamOptions
from i3d_edge.runtime.views.plan import ViewReader


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


@pytest.mark.parametrize(("rotation", "width", "height", "turns"), [(None, 340, 256, 0), (90, 256, 340, 1)])
def test_ffmpeg_squeezes_frames_as_they_are_shown(
    rotation: int | None, width: int, height: int, turns: int, tmp_path: Path
) -> None:
    path = write_numbered(tmp_path / "a.mp4", 12, rotation=rotation)
    plan = i3d_plan(num_frames=10, rate_fps=None, fit="squeeze", fit_px=(256, 340), crop_px=(256, 256))
    [clip] = ViewReader(Video.open(path), plan)
    with av.open(str(path)) as container:
        frames = [frame.reformat(width, height, format="rgb24") for frame in container.decode(video=0)]
    assert np.array_equal(clip.frames[0], np.rot90(frames[1].to_ndarray(), turns)[:, 42:298])


@pytest.mark.parametrize(
    ("width", "height", "aspect", "shown"),
    [
        (340, 256, "4/3", (453, 256)),
        (720, 576, "8/9", (720, 648)),
        (352, 576, "24/11", (768, 576)),
        (340, 256, "255/254", (340, 256)),
        (320, 240, "1", (320, 240)),
    ],
)
def test_size_in_square_pixels(width: int, height: int, aspect: str, shown: tuple[int, int]) -> None:
    assert displayed_size(width, height, Fraction(aspect)) == shown


def _write_streams(path: Path, *streams: tuple[int, int, Fraction]) -> Path:
    """Write video streams, each of a number of frames of one grey, with pixels of an aspect ratio."""
    with av.open(str(path), "w") as container:
        opened = []
        for _ in streams:
            stream = container.add_stream("mpeg4", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 96, "yuv420p"
            opened.append(stream)
        for stream, (num_frames, grey, aspect) in zip(opened, streams, strict=True):
            stream.codec_context.sample_aspect_ratio = aspect
            for _ in range(num_frames):
                picture = av.VideoFrame.from_ndarray(np.full((96, 64, 3), grey, np.uint8), format="rgb24")
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
    return path


@pytest.mark.parametrize(("aspect", "shape"), [(Fraction(2), (96, 128, 3)), (Fraction(1, 2), (192, 64, 3))])
def test_pixels_that_are_not_square_are_shown_as_they_are_displayed(
    aspect: Fraction, shape: tuple[int, int, int], tmp_path: Path
) -> None:
    video = Video.open(_write_streams(tmp_path / "a.mp4", (5, 100, aspect)))
    assert [frame.shape for _, frame in video.frames([0, 4])] == [shape, shape]


@pytest.mark.parametrize("aspect", [Fraction(1, 5), Fraction(10)])
def test_pixels_that_no_camera_has_are_taken_for_square(aspect: Fraction, tmp_path: Path) -> None:
    path = _write_streams(tmp_path / "a.mp4", (5, 100, aspect))
    video = Video.open(path)
    remark = f"pixels of {aspect.numerator}:{aspect.denominator} are taken for square: no camera has such"
    assert [frame.shape for _, frame in video.frames([0])] == [(96, 64, 3)]
    assert video.warnings == [remark]
    said: list[str] = []
    list(LiveSource(Address.parse(str(path)), StreamOptions(), say=said.append))
    assert said == [f"stream '{path}': {remark}"]


def test_side_data_that_pyav_does_not_know(tmp_path: Path) -> None:
    """A photo with EXIF, here with orientation 6, is turned by the angle."""
    cv2.imwrite(str(tmp_path / "a.jpg"), numbered_frame(5))
    plain = (tmp_path / "a.jpg").read_bytes()
    exif = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
    (tmp_path / "b.jpg").write_bytes(plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:])
    [(_, upright)], [(_, turned)] = (list(Video.open(tmp_path / name).frames([0])) for name in ("a.jpg", "b.jpg"))
    assert np.array_equal(turned, np.rot90(upright, -1))


@pytest.mark.parametrize("name", ["still_first.mp4", "still_first.mkv"])
def test_a_still_before_the_film_is_not_the_video(name: str, tmp_path: Path) -> None:
    path = _write_streams(tmp_path / name, (1, 30, Fraction(1)), (30, 200, Fraction(1)))
    video = Video.open(path)
    [(_, frame)] = video.frames([20])
    assert round(frame.mean()) in range(197, 204)
    assert video.warnings == ["of several video streams #1 (64 x 96) is taken, not #0 (64 x 96)"]
