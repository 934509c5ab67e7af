import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from synthetic import read_number, write_numbered
from tiny import tiny_spec

from i3d_edge.core.errors import EmptyVideoError, VideoError, VideoOpenError
from i3d_edge.runtime.frames.sources import Source, find_sources

SPEC = tiny_spec()


def write_images(folder: Path, num_images: int, name: str = "image_{:05d}.jpg") -> Path:
    folder.mkdir(parents=True)
    for number in range(num_images):
        cv2.imwrite(str(folder / name.format(number + 1)), np.full((32, 40, 3), 10 * number, np.uint8))
    return folder


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos at several depths, two folders of images, and what is neither."""
    root = tmp_path_factory.mktemp("tree")
    video = write_numbered(root / "b.mp4", 10)
    for name in ("a/10.MKV", "a/9.mkv", "a/deep/er/x.avi", "a/.hidden.mp4", ".hidden/y.mp4", "B.mp4"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(video.read_bytes())
    write_images(root / "frames/one", 12)
    write_images(root / "frames/two", 3, "img{}.png")
    np.save(root / "clip.npy", np.zeros((9, 24, 24, 3), np.uint8))
    (root / "list.csv").write_text("b.mp4,red\n")
    (root / "empty").mkdir()
    return root


def names(arguments: Sequence[str], root: Path, **options: object) -> list[str]:
    with find_sources(arguments, SPEC, **options) as sources:
        return [source.name.removeprefix(f"{root}/") for source in sources]


def error_of(source: Source) -> VideoError:
    with pytest.raises(VideoError) as caught:
        source.open()
    return caught.value


def test_a_folder_of_videos_is_taken_in_order_at_any_depth(tree: Path) -> None:
    assert names([str(tree)], tree) == ["B.mp4", "a/10.MKV", "a/9.mkv", "a/deep/er/x.avi", "b.mp4"]


def test_with_a_frame_rate_its_folders_of_images_are_videos_too(tree: Path) -> None:
    found = names([str(tree)], tree, frames_fps=Fraction(25))
    assert found == ["B.mp4", "a/10.MKV", "a/9.mkv", "a/deep/er/x.avi", "b.mp4", "frames/one", "frames/two"]


def test_a_link_to_a_folder_above_ends(tmp_path: Path) -> None:
    write_numbered(tmp_path / "a.mp4", 3)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert names([str(tmp_path)], tmp_path) == ["a.mp4"]


def test_a_link_to_itself_is_a_video_that_does_not_open(tmp_path: Path) -> None:
    write_numbered(tmp_path / "a.mp4", 3)
    (tmp_path / "b.mp4").symlink_to("b.mp4")
    assert names([str(tmp_path)], tmp_path) == ["a.mp4", "b.mp4"]


def test_a_name_that_is_too_long() -> None:
    name = 300 * "x"
    with find_sources([name], SPEC) as [source]:
        assert error_of(source).message == (f"cannot open video '{name}': file name too long")


def test_a_pattern_is_matched_in_order(tree: Path) -> None:
    assert names([f"{tree}/a/*.mkv"], tree) == ["a/9.mkv"]
    assert names([f"{tree}/**/*.[am][vk][iv]"], tree) == ["a/9.mkv", "a/deep/er/x.avi"]
    assert names([f"{tree}/frames/*"], tree, frames_fps=Fraction(25)) == ["frames/one", "frames/two"]


def test_a_file_that_is_named_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "take[1].mp4", 5)
    with find_sources([str(path)], SPEC) as [source]:
        assert source.open().timeline.num_frames == 5


def test_arguments_keep_their_order_and_may_repeat(tree: Path) -> None:
    assert names([f"{tree}/b.mp4", f"{tree}/a/9.mkv", f"{tree}/b.mp4"], tree) == ["b.mp4", "a/9.mkv", "b.mp4"]


def test_a_folder_of_images(tree: Path) -> None:
    with find_sources([f"{tree}/frames/one"], SPEC, frames_fps=Fraction(50)) as [source]:
        frames = source.open()
        assert (frames.timeline.num_frames, frames.timeline.mean_fps) == (12, 50)
        assert [frame[0, 0, 0] // 10 for _, frame in frames.frames([0, 5, 11])] == [0, 5, 11]


def test_a_folder_of_images_wants_a_rate(tree: Path) -> None:
    with find_sources([f"{tree}/frames/one"], SPEC) as [source]:
        assert str(error_of(source)) == (
            f"frame folder '{tree}/frames/one' needs a frame rate\n\n"
            "hint: --frames-fps 25, for instance, says how many images make a second"
        )


def test_an_array(tree: Path) -> None:
    with find_sources([f"{tree}/clip.npy"], SPEC) as [source]:
        assert source.open().timeline.num_frames == 9


def test_what_cannot_be_used_says_so_when_it_is_opened(tree: Path, subtests: pytest.Subtests) -> None:
    for argument, kind, message, hint in [
        ("{}/no.mp4", VideoOpenError, "cannot open video '{}/no.mp4':", None),
        ("{}/*.mov", VideoOpenError, "no file matches pattern '{}/*.mov'", None),
        (
            "{}/empty",
            EmptyVideoError,
            "folder '{}/empty' holds no videos or numbered images",
            "it is empty",
        ),
        (
            "rtsp://camera/1",
            VideoOpenError,
            "'rtsp://camera/1' is no address of a file",
            "`i3d stream` watches live sources",
        ),
    ]:
        arguments = [argument.format(tree), f"{tree}/b.mp4"]
        with subtests.test(argument=argument), find_sources(arguments, SPEC) as sources:
            error = error_of(sources[0])
            assert type(error) is kind
            assert error.message.startswith(message.format(tree))
            assert error.hint == hint
            assert sources[1].open().timeline.num_frames == 10


def test_standard_input_is_kept_in_a_file_and_removed(tree: Path) -> None:
    stream = io.BytesIO((tree / "b.mp4").read_bytes())
    with find_sources(["-"], SPEC, standard_input=stream) as [source]:
        assert source.name == "-"
        video = source.open()
        assert [read_number(frame) for _, frame in video.frames([0, 9])] == [0, 9]
        assert source.open(thorough=True).timeline.num_frames == 10
        assert video.path.exists()
    assert not video.path.parent.exists()


def test_standard_input_has_a_bound() -> None:
    with find_sources(["-"], SPEC, standard_input=io.BytesIO(bytes(3 << 20)), max_input_bytes=2 << 20) as [source]:
        assert str(error_of(source)) == (
            "standard input is larger than 2 MiB\n\n"
            "hint: --max-input-mib allows more: it is kept in a temporary file until it is read"
        )


def test_a_terminal_is_no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    with find_sources(["-"], SPEC, standard_input=stream) as [source]:
        assert str(error_of(source)) == (
            "standard input is a terminal, not a video\n\nhint: for instance: cat cricket.avi | i3d classify -"
        )
