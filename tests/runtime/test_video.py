import gc
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from servers import Served, serve
from synthetic import numbered_frame, read_number, write_numbered, write_video

from i3d_edge.core.errors import EmptyVideoError, NoVideoStreamError, VideoDecodeError, VideoOpenError
from i3d_edge.runtime.frames import video
from i3d_edge.runtime.frames.rgb import RgbConverter
from i3d_edge.runtime.frames.video import Video


def numbers(video: Video, wanted: list[int]) -> list[int]:
    return [read_number(frame) for _, frame in video.frames(wanted)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".ts"])
def test_frames_come_by_index(tmp_path: Path, suffix: str) -> None:
    video = Video.open(write_numbered(tmp_path / f"video{suffix}", 60))
    assert video.timeline.num_frames == 60
    assert video.timeline.duration_s == pytest.approx(2.4, abs=0.002)
    assert numbers(video, [0, 1, 17, 59]) == [0, 1, 17, 59]
    assert video.warnings == []


def test_b_frames_come_in_display_order(tmp_path: Path) -> None:
    options = {"qp": "0", "bf": "3", "b-adapt": "0", "g": "30"}
    video = Video.open(write_numbered(tmp_path / "b.mp4", 40, options=options))
    assert numbers(video, list(range(40))) == list(range(40))


def test_avi_has_no_presentation_times_and_still_counts_right(tmp_path: Path) -> None:
    options = {"qp": "0", "bf": "2", "b-adapt": "0", "g": "30"}
    video = Video.open(write_numbered(tmp_path / "b.avi", 40, options=options))
    assert video.timeline.num_frames == 40
    assert video.timeline.duration_s == pytest.approx(1.6)
    assert numbers(video, [0, 7, 39]) == [0, 7, 39]


def test_variable_frame_rate_keeps_its_clock(tmp_path: Path) -> None:
    ticks = [0, 1, 2, 10, 11, 30]
    path = write_numbered(tmp_path / "vfr.mkv", 6, ticks=ticks, time_base=Fraction(1, 50))
    video = Video.open(path)
    seconds = [float((tick - video.timeline.ticks[0]) * video.timeline.time_base) for tick in video.timeline.ticks]
    assert seconds == pytest.approx([tick / 50 for tick in ticks], abs=0.001)


def test_a_far_frame_is_reached_by_seeking_and_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_numbered(tmp_path / "long.mp4", 400)
    wanted = [300, 301, 333, 399]
    assert numbers(Video.open(path), wanted) == wanted

    decoded = []
    original = video.FrameDecoder.__iter__
    monkeypatch.setattr(
        video.FrameDecoder,
        "__iter__",
        lambda self: (decoded.append(frame.pts) or frame for frame in original(self)),
    )
    list(Video.open(path).frames(wanted))
    assert len(decoded) < 150


def long_video(path: Path) -> tuple[Path, list[tuple[int, int]]]:
    """Write sixteen seconds with a keyframe each second; return where the packets lie, by frame."""
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (48, 48, 3), dtype=np.uint8) for _ in range(400)]
    write_video(path, frames, codec="mpeg4", options={"g": "25", "b": "20M", "sc_threshold": "1000000000"})
    with av.open(str(path)) as container:
        return path, [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]


def spoil(path: Path, packets: list[tuple[int, int]]) -> None:
    data = bytearray(path.read_bytes())
    for position, size in packets:
        data[position : position + size] = bytes(size)
    path.write_bytes(bytes(data))


def count_decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    decoded: list[int] = []
    original = video.FrameDecoder.__iter__
    monkeypatch.setattr(
        video.FrameDecoder,
        "__iter__",
        lambda self: (decoded.append(frame.pts) or frame for frame in original(self)),
    )
    return decoded


def test_damage_ahead_of_a_far_clip_costs_another_seek_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, packets = long_video(tmp_path / "long.mp4")
    whole = dict(Video.open(path).frames(range(360, 380)))
    spoil(path, packets[352:355])  # in the second of the clip's first frame, behind its keyframe
    decoded = count_decoded(monkeypatch)
    video = Video.open(path)
    shown = dict(video.frames(range(360, 380)))
    assert list(shown) == list(whole)
    assert np.array_equal(shown[379], whole[379])  # behind the next keyframe nothing is wrong
    assert video.warnings == ["the decoder reported 3 error(s)"]
    assert len(decoded) < 25 + 10 * 25 + 2 * 25


def test_damage_long_before_a_far_clip_is_no_matter(tmp_path: Path) -> None:
    path, packets = long_video(tmp_path / "long.mp4")
    whole = dict(Video.open(path).frames(range(360, 380)))
    spoil(path, packets[10:340])
    video = Video.open(path)
    shown = dict(video.frames(range(360, 380)))
    assert all(np.array_equal(shown[index], whole[index]) for index in whole)
    assert video.warnings == []


def test_a_far_clip_of_damage_is_refused_without_decoding_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, packets = long_video(tmp_path / "long.mp4")
    spoil(path, packets[362:380])
    decoded = count_decoded(monkeypatch)
    with pytest.raises(VideoDecodeError, match="only 2 of the 20 frames needed of video"):
        list(Video.open(path).frames(range(360, 380)))
    assert len(decoded) < 100


def test_the_thorough_way_gives_the_same_frames(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "video.mp4", 60)
    assert numbers(Video.open(path, thorough=True), [0, 31, 59]) == [0, 31, 59]


@pytest.mark.parametrize(
    ("rotation", "corner"),
    [(0, (0, 0)), (-90, (0, -1)), (180, (-1, -1)), (90, (-1, 0))],
)
def test_rotation_metadata_is_applied(tmp_path: Path, rotation: int, corner: tuple[int, int]) -> None:
    frame = np.zeros((64, 96, 3), np.uint8)
    frame[:16, :16] = 255  # the top left corner before rotation
    path = write_video(tmp_path / "turned.mp4", [frame] * 3, rotation=rotation)
    [(_, shown)] = Video.open(path).frames([0])
    assert shown.shape == ((96, 64, 3) if rotation in (90, -90) else (64, 96, 3))
    assert shown[corner].tolist() == [255, 255, 255]
    assert shown.mean() < 64


@pytest.mark.parametrize(("space", "expected"), [(1, (214, 101, 41)), (6, (204, 94, 44))], ids=["BT.709", "BT.601"])
def test_colours_follow_the_matrix_of_the_stream(space: int, expected: tuple[int, int, int]) -> None:
    frame = av.VideoFrame(64, 64, "yuv420p")
    for plane, value in zip(frame.planes, (120, 90, 180), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.colorspace = space
    shown = RgbConverter()(frame)[32, 32]
    assert np.abs(shown.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("name", ["cam1-10:30:00.mp4", "2024-01-01T10:30.mp4"])
def test_a_name_with_a_colon_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    write_numbered(tmp_path / "video.mp4", 5).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert numbers(Video.open(Path(name)), [4]) == [4]


def test_an_address_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """By FFmpeg, that is: all it gets is a file of our own."""
    monkeypatch.setattr("i3d_edge.runtime.frames.container.local_copy", lambda path: path)
    with serve(Served({})) as served, pytest.raises(VideoOpenError, match="no such file or directory"):
        Video.open(Path(f"{served.url}/video.mp4"))
    assert served.requests == []


def test_a_demuxer_that_fails_at_the_end_ends_the_video(tmp_path: Path) -> None:
    class Container:
        def demux(self, stream: av.VideoStream) -> Iterator[av.Packet]:
            yield from (packet for packet in stream.container.demux(stream) if packet.size)
            raise IndexError("list index out of range")

    with av.open(str(write_numbered(tmp_path / "video.mkv", 12))) as container:
        decoding = video.FrameDecoder(Container(), container.streams.video[0])
        assert 0 < len(list(decoding)) <= 12
    assert decoding.num_errors == 1


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_warned_of(tmp_path: Path, transfer: int, name: str) -> None:
    video = Video.open(write_numbered(tmp_path / "video.mp4", 5))
    frames = _frames(video.path)
    for frame in frames:
        frame.color_trc = transfer
    video._indexed = lambda decoding: iter(enumerate(frames))  # type: ignore[method-assign]
    list(video.frames([0]))
    assert video.warnings == [f"HDR ({name}) is not tone-mapped: colours are off"]


def test_full_range_is_not_stretched() -> None:
    frame = av.VideoFrame(64, 64, "yuv420p")
    for plane, value in zip(frame.planes, (16, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    kept = RgbConverter()
    for color_range, grey in ((1, 0), (2, 16), (1, 0)):
        frame.color_range = color_range
        for to_rgb in (RgbConverter(), kept):
            assert np.abs(to_rgb(frame).astype(int) - grey).max() <= 1


@pytest.mark.parametrize("rotation", [None, 90])
def test_frames_are_let_go_at_once(rotation: int | None, tmp_path: Path) -> None:
    """A frame of 4K is 12 MB: those that wait for Python's collector of cycles would fill the memory."""
    path = write_numbered(tmp_path / "video.mp4", 40, rotation=rotation)
    gc.collect()
    gc.disable()
    try:
        for _ in Video.open(path).frames(range(40)):
            pass
        alive = [item for item in gc.get_objects() if isinstance(item, av.VideoFrame)]
    finally:
        gc.enable()
    assert len(alive) <= 2


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(VideoOpenError) as caught:
        Video.open(tmp_path / "no.mp4")
    assert str(caught.value) == (f"cannot open video '{tmp_path / 'no.mp4'}': no such file or directory")


def test_a_file_that_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("not a video\n" * 100)
    with pytest.raises(VideoOpenError) as caught:
        Video.open(path)
    assert str(caught.value) == (
        f"cannot open video '{path}': invalid data found when processing input\n\n"
        "hint: `i3d info` says what it is, `ffprobe` shows more"
    )


def test_no_video_stream(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(NoVideoStreamError) as caught:
        Video.open(path)
    assert str(caught.value) == f"video '{path}' contains no video, only audio"


def test_pictures_that_are_too_large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("i3d_edge.runtime.frames.container.MAX_PIXELS", 320 * 240)
    path = write_numbered(tmp_path / "a.mp4", 1)
    assert Video.open(path).timeline.num_frames == 1
    monkeypatch.setattr("i3d_edge.runtime.frames.container.MAX_PIXELS", 320 * 240 - 1)
    with pytest.raises(VideoOpenError, match="has pictures of 320 x 240; at most 76,799 pixels are read"):
        Video.open(path)


def test_no_frame_decodes(tmp_path: Path) -> None:
    options = {"movflags": "frag_keyframe+empty_moov"}
    path = write_numbered(tmp_path / "empty.mp4", 1, container_options=options)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moof") - 4])  # the header without its first fragment
    with pytest.raises(EmptyVideoError) as caught:
        Video.open(path)
    assert str(caught.value) == f"no frame of video '{path}' can be decoded"


def damage(path: Path, first: float, last: float) -> None:
    """Overwrite a part of a file with bytes that are no video."""
    data = bytearray(path.read_bytes())
    start, end = int(len(data) * first), int(len(data) * last)
    data[start:end] = b"\x55" * (end - start)
    path.write_bytes(bytes(data))


def noisy_video(path: Path, num_frames: int) -> Path:
    """Write a video of noise, so that its packets are large and damage hits pictures, not headers."""
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(num_frames)]
    return write_video(path, frames, codec="mpeg4", options={"g": "1", "b": "20M"})


def test_damage_in_the_middle_is_said_and_bridged(tmp_path: Path) -> None:
    path = noisy_video(tmp_path / "damaged.mp4", 50)
    damage(path, 0.5, 0.6)
    video = Video.open(path)
    frames = dict(video.frames(list(range(50))))
    assert sorted(frames) == list(range(50))
    assert any("error(s)" in warning or "corrupt" in warning for warning in video.warnings)


def test_damage_to_more_than_half_is_refused(tmp_path: Path) -> None:
    path = noisy_video(tmp_path / "ruined.mp4", 50)
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for position, size in packets[10:]:
        data[position : position + size] = bytes(size)
    path.write_bytes(bytes(data))
    with pytest.raises(VideoDecodeError) as caught:
        list(Video.open(path).frames(list(range(50))))
    assert str(caught.value) == (
        f"only 10 of the 50 frames needed of video '{path}' can be decoded\n\n"
        "hint: the file is damaged or incomplete: copy or download it again"
    )


def test_a_truncated_file_says_how_much_is_left(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "cut.mp4", 100, container_options={"movflags": "faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    video = Video.open(path)
    assert video.warnings[0].startswith("the file states 4.00 s; only ")


def with_sound(path: Path, num_frames: int, sound_s: int) -> Path:
    """Write a video of numbered frames beside seconds of silence, which may outlast it."""
    with av.open(str(path), "w") as container:
        picture = container.add_stream("mpeg4", rate=25)
        picture.height, picture.width = numbered_frame(0).shape[:2]
        picture.pix_fmt = "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for number in range(max(num_frames, 25 * sound_s)):
            if number < num_frames:
                container.mux(picture.encode(av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")))
            if number < 25 * sound_s:
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 320), np.int16), format="s16", layout="mono")
                silence.sample_rate, silence.pts = 8000, 320 * number
                container.mux(sound.encode(silence))
        container.mux(picture.encode())
        container.mux(sound.encode())
    return path


def test_sound_that_outlasts_the_picture_is_no_damage(tmp_path: Path) -> None:
    path = with_sound(tmp_path / "sound.mkv", 50, sound_s=5)
    video = Video.open(path)
    assert numbers(video, list(range(50))) == list(range(50))
    assert (video.warnings, video.has_damage, video.stated_duration_s) == ([], False, None)

    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 9 // 10])
    cut = Video.open(path)
    assert cut.warnings == ["the file states 5.00 s; only 2.00 s can be read"]
    assert cut.has_damage


def test_first_frame_missing_is_replaced_by_the_next(tmp_path: Path) -> None:
    video = Video.open(write_numbered(tmp_path / "video.mp4", 20))
    video._is_thorough = True
    monkey = [(index, frame) for index, frame in enumerate(_frames(video.path)) if index not in (0, 5)]
    video._indexed = lambda decoding: iter(monkey)  # type: ignore[method-assign]
    shown = {index: read_number(frame) for index, frame in video.frames(list(range(20)))}
    assert (shown[0], shown[1], shown[5], shown[6]) == (1, 1, 4, 6)
    assert video.warnings == ["2 of the 20 frames needed could not be decoded: neighbours stand in"]


def _frames(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def test_numbered_frames_can_be_told_apart() -> None:
    assert [read_number(numbered_frame(number)) for number in (0, 1, 2047, 4095)] == [0, 1, 2047, 4095]


@pytest.mark.parametrize(
    ("vui", "given", "duration_s", "num_warnings"),
    [(1, None, 1.2, 0), (0, None, 2.4, 1), (0, Fraction(50), 1.2, 0)],
)
def test_the_rate_of_a_raw_stream(
    vui: int, given: Fraction | None, duration_s: float, num_warnings: int, tmp_path: Path
) -> None:
    """60 frames at 50 fps, with and without a rate in the bitstream."""
    path = tmp_path / "raw.hevc"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx265", rate=50, options={"x265-params": f"log-level=error:vui-timing-info={vui}"}
        )
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(60):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        container.mux(stream.encode(None))
    video = Video.open(path, frames_fps=given)
    assert video.timeline.duration_s == pytest.approx(duration_s)
    assert len(video.warnings) == num_warnings


@pytest.mark.parametrize("name", ["a.m3u8", "a.txt", "a.mp4"])
@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:1,\nfile://{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {}\n",
        "no video\n" * 100,
    ],
)
def test_a_text_is_no_video(tmp_path: Path, name: str, text: str) -> None:
    """FFmpeg would read other files that it names, or draw it."""
    other = write_numbered(tmp_path / "b.ts", 5)
    (tmp_path / name).write_text(text.format(other.name if text.startswith("ff") else other))
    with pytest.raises(VideoOpenError, match=r"cannot open video .*: (it is text|invalid data)"):
        Video.open(tmp_path / name)
