from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from answers import LABELS, answer, view
from synthetic import read_number, write_numbered, write_video

from i3d_edge.core.errors import DependencyError, OutputError, VideoOpenError
from i3d_edge.runtime.frames.video import ShortcutError, Video
from i3d_edge.runtime.prediction import Classification
from i3d_edge.runtime.show import film
from i3d_edge.runtime.show.annotate import annotate_video
from i3d_edge.runtime.show.layout import plan

ANSWER = answer(1.2, view(0.2, 1.0, 0.9))
VFR_TICKS = [0, 1, 2, 10, 11, 30, 31, 33, 60]


def seconds(path: Path) -> list[Fraction]:
    timeline = Video.open(path).timeline
    return [(tick - timeline.ticks[0]) * timeline.time_base for tick in (*timeline.ticks, timeline.end_tick)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("constant.mp4", {}),
        ("29.97.mp4", {"time_base": Fraction(1001, 30000), "rate": 30}),
        ("variable.mp4", {"ticks": VFR_TICKS, "time_base": Fraction(1, 50)}),
        ("variable.mkv", {"ticks": VFR_TICKS, "time_base": Fraction(1, 50)}),
        ("late.mkv", {"ticks": [tick + 70 for tick in VFR_TICKS], "time_base": Fraction(1, 50)}),
        ("b_frames.mp4", {"options": {"qp": "0", "bf": "3", "b-adapt": "0"}}),
        ("stream.ts", {}),
        ("video.avi", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_frame_is_there_and_at_its_time(tmp_path: Path, name: str, options: dict[str, object]) -> None:
    source = write_numbered(tmp_path / name, len(VFR_TICKS), **options)
    output = tmp_path / "out.mp4"
    written = annotate_video(source, ANSWER, LABELS, output)
    assert seconds(output) == seconds(source)
    place = plan(320, 240, 5)
    assert (written.width, written.height) == (place.width, place.height) == (640, 680)
    pictures = [frame[place.picture.slices] for _, frame in Video.open(output).frames(range(len(VFR_TICKS)))]
    assert [read_number(picture) for picture in pictures] == list(range(len(VFR_TICKS)))
    with av.open(str(output)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
    assert list(tmp_path.glob(".*")) == []


def test_a_matroska_keeps_times_to_the_millisecond(tmp_path: Path) -> None:
    source = write_numbered(tmp_path / "video.mp4", 9, time_base=Fraction(1001, 30000), rate=30)
    annotate_video(source, ANSWER, LABELS, tmp_path / "out.mkv")
    assert [float(time) for time in seconds(tmp_path / "out.mkv")] == pytest.approx(
        [float(time) for time in seconds(source)], abs=0.001
    )


def test_pixels_are_the_sources(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:480, :640]
    picture = np.stack([rows / 2, columns / 2.6, 255 - rows / 2], axis=-1).astype(np.uint8)
    source = write_video(tmp_path / "video.mp4", [picture] * 3)
    annotate_video(source, ANSWER, LABELS, tmp_path / "out.mp4")
    [(_, original)], [(_, shown)] = (Video.open(path).frames([1]) for path in (source, tmp_path / "out.mp4"))
    top = plan(640, 480, 5).panel.top
    difference = np.abs(shown[:top].astype(int) - original)
    assert difference.mean() < 1.5
    assert np.percentile(difference, 99) <= 5


@pytest.mark.parametrize(("rotation", "upright"), [(0, (320, 240)), (90, (240, 320)), (180, (320, 240))])
def test_frames_are_upright(tmp_path: Path, rotation: int, upright: tuple[int, int]) -> None:
    source = write_numbered(tmp_path / "turned.mp4", 3, rotation=rotation)
    written = annotate_video(source, ANSWER, LABELS, tmp_path / "out.mp4")
    place = plan(*upright, 5)
    assert (written.width, written.height) == (place.width, place.height)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert next(container.decode(container.streams.video[0])).rotation == 0


def test_without_an_encoder_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "ENCODER", "no such encoder")
    source = write_numbered(tmp_path / "video.mp4", 3)
    with pytest.raises(DependencyError, match="cannot write a video: FFmpeg has no encoder no such encoder"):
        annotate_video(source, ANSWER, LABELS, tmp_path / "out.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["video.mp4"]


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        annotate_video(tmp_path / "video.mp4", ANSWER, LABELS, tmp_path / "out.avi")
    assert str(caught.value) == f"cannot write video '{tmp_path / 'out.avi'}': its name must end in .mp4 or .mkv"


def test_what_exists_is_replaced_only_by_force(tmp_path: Path) -> None:
    source = write_numbered(tmp_path / "video.mp4", 3)
    output = tmp_path / "out.mp4"
    output.write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        annotate_video(source, ANSWER, LABELS, output)
    assert output.read_text() == "precious"
    annotate_video(source, ANSWER, LABELS, output, force=True)
    assert len(seconds(output)) == 4


def test_a_source_that_is_gone_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(VideoOpenError):
        annotate_video(tmp_path / "gone.mp4", ANSWER, LABELS, tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_name_with_a_colon_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_numbered(tmp_path / "video.mp4", 3).rename("cam:1.mp4")
    annotate_video(Path("cam:1.mp4"), ANSWER, LABELS, Path("out:1.mp4"))
    assert len(seconds(tmp_path / "out:1.mp4")) == 4


def test_when_timestamps_lead_astray_it_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_numbered(tmp_path / "video.mp4", 6)
    frames = Video.frames

    def astray(self: Video, wanted: range) -> object:
        for number, item in enumerate(frames(self, wanted)):
            if number == 3 and not self.is_thorough:
                raise ShortcutError
            yield item

    monkeypatch.setattr(Video, "frames", astray)
    annotate_video(source, ANSWER, LABELS, tmp_path / "out.mp4")
    monkeypatch.undo()
    assert len(seconds(tmp_path / "out.mp4")) == 7


def test_a_folder_of_images(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(5):
        cv2.imwrite(str(folder / f"image_{number:05}.png"), np.full((240, 320, 3), 40 * number, np.uint8))
    given: Classification = answer(0.5, view(0, 0.5, 0.9))
    annotate_video(folder, given, LABELS, tmp_path / "out.mp4", frames_fps=Fraction(10))
    assert seconds(tmp_path / "out.mp4") == [Fraction(number, 10) for number in range(6)]


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("imageio/newtonscradle.gif", (600, 650)),  # variable frame rate
        ("decord/video_90.mov", (480, 768)),  # rotated
        ("androidx_media/mkv__sample_with_htc_rotation_track_name.mkv", (1080, 994)),
        ("androidx_media/mp4__bt601.mov", (640, 628)),
        ("moviepy/no_duration.webm", (1280, 994)),  # sound that begins before the picture
        ("androidx_media/avi__sample.avi", (960, 600)),
    ],
)
def test_real_files_keep_their_times(shared: Path, tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    source, output = shared / "robustness" / name, tmp_path / "out.mp4"
    duration_s = Video.open(source).timeline.duration_s
    written = annotate_video(source, answer(duration_s, view(0, duration_s, 0.9)), LABELS, output)
    assert seconds(output) == seconds(source)
    assert (written.width, written.height) == size
