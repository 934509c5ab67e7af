"""Sources as they really are: files, HTTP, RTSP and pipes from local servers; cameras by a fake device."""

from __future__ import annotations

import errno
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.codec.hwaccel import HWAccel
from av.video.stream import VideoStream
from live import Broadcast, broadcast, grey, hanging, numbered, write_transport_stream
from rtsp_server import Played, encode_h264, serve_rtsp
from servers import Served, serve
from synthetic import read_number, write_video

from i3d_edge.core.errors import CameraError, I3DError, StreamLostError, StreamOpenError, StreamTimeoutError
from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.live.backoff import Backoff
from i3d_edge.runtime.live.connection import Connection
from i3d_edge.runtime.live.frame import LiveFrame
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.source import Gap, LiveSource

QUICK = StreamOptions(open_timeout_s=0.5, read_timeout_s=0.5)
PATIENT = StreamOptions(open_timeout_s=5, read_timeout_s=5)


def backoff(attempts: int | None) -> Backoff:
    return Backoff(attempts, first_s=0.02, longest_s=0.05)


def read(source: LiveSource) -> list[int | str]:
    """Numbers of frames, reasons of gaps; times must grow."""
    result: list[int | str] = []
    last = Fraction(-1)
    for item in source:
        if isinstance(item, Gap):
            assert item.start == last
            result.append(item.reason)
        else:
            assert item.time > last
            last = item.time
            result.append(read_number(item.rgb()))
    return result


def read_until_lost(source: LiveSource) -> tuple[list[LiveFrame | Gap], StreamLostError]:
    items = []
    try:
        for item in source:
            items.append(item)
    except StreamLostError as error:
        return items, error
    raise AssertionError("the source was not lost")


def failure(source: LiveSource) -> I3DError:
    with pytest.raises(I3DError) as caught:
        read(source)
    return caught.value


@pytest.fixture(scope="module")
def transport_stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_transport_stream(tmp_path_factory.mktemp("ts") / "a.ts", numbered(range(60)))


@pytest.fixture(scope="module")
def pictures() -> list[list[bytes]]:
    return encode_h264(numbered(range(60)))


# Files


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a:b.mp4", numbered(range(30)), ticks=[7 + 3 * n for n in range(30)])
    source = LiveSource(Address.parse(str(path)), QUICK)
    items = list(source)
    assert [read_number(item.rgb()) for item in items] == list(range(30))
    assert [item.time for item in items] == [Fraction(3 * n, 25) for n in range(30)]
    assert (source.is_live, source.num_frames) == (False, 30)


def test_an_avi_with_reordered_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", numbered(range(30)), codec="mpeg4", options={"bf": "2", "b": "4M"})
    assert read(LiveSource(Address.parse(str(path)), QUICK)) == list(range(30))


def test_a_file_begins_again_without_a_gap(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(range(8)))
    source = iter(LiveSource(Address.parse(str(path)), replace(QUICK, is_looped=True)))
    items = [next(source) for _ in range(20)]
    assert [read_number(item.rgb()) for item in items] == [*range(8), *range(8), *range(4)]
    assert [item.time for item in items] == [Fraction(n, 25) for n in range(20)]


def test_a_tap_is_shown_packets_and_where_their_frames_lie(tmp_path: Path) -> None:
    class Tap:
        def __init__(self) -> None:
            self.calls: list[object] = []

        def opened(self, stream: VideoStream) -> None:
            self.calls.append(stream.codec_context.codec.canonical_name)

        def sent(self, packet: av.Packet) -> object:
            self.calls.append(int(packet.pts * packet.time_base * 25))
            return self.calls[-1]

        def placed(self, mark: object, time: Fraction) -> None:
            self.calls.append((mark, time * 25))

        def closed(self) -> None:
            self.calls.append("closed")

    options = {"b": "4M", "g": "12", "bf": "2"}
    path = write_video(tmp_path / "a.mp4", numbered(range(9)), codec="mpeg4", options=options)
    once, twice = Tap(), Tap()
    list(LiveSource(Address.parse(str(path)), QUICK, tap=once))
    list(LiveSource(Address.parse(str(path)), replace(QUICK, is_looped=True, max_duration_s=18 / 25), tap=twice))
    assert [call for call in once.calls if not isinstance(call, tuple)] == [
        "mpeg4",
        0,
        3,
        1,
        2,
        6,
        4,
        5,
        8,
        7,
        "closed",
    ]
    assert [call for call in once.calls if isinstance(call, tuple)] == [(n, n) for n in range(9)]
    assert [call for call in twice.calls if isinstance(call, tuple)][:18] == [(n % 9, n) for n in range(18)]
    assert [call for call in twice.calls if isinstance(call, str)][:3] == ["mpeg4", "mpeg4", "mpeg4"]


def test_real_time_takes_its_time(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(range(10)))
    started = time.monotonic()
    source = LiveSource(Address.parse(str(path)), replace(QUICK, is_real_time=True))
    assert read(source) == list(range(10))
    assert 0.3 < time.monotonic() - started < 3
    assert source.is_live


def test_turned_and_resized_pictures(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(range(3)), rotation=90)
    [first, *_] = LiveSource(Address.parse(str(path)), QUICK)
    assert first.rgb().shape == (96, 48, 3)


def test_a_size_that_changes_is_said_once(tmp_path: Path) -> None:
    parts = [
        write_transport_stream(tmp_path / f"{number}.ts", grey((99, 10), size=size))
        for number, size in enumerate([(48, 64), (96, 128), (48, 64), (96, 128)])
    ]
    path = tmp_path / "all.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    said: list[str] = []
    items = [
        item for item in LiveSource(Address.parse(str(path)), QUICK, say=said.append) if isinstance(item, LiveFrame)
    ]
    assert {item.rgb().shape for item in items} == {(48, 64, 3), (96, 128, 3)}
    assert len(items) > 30
    assert [line.split(" at ")[0] for line in said if "picture" in line] == ["the picture changes to 128 x 96"]


def test_a_file_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", numbered(range(60)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames = read(LiveSource(Address.parse(str(path)), QUICK))
    assert frames == list(range(len(frames)))
    assert 10 < len(frames) < 50


def test_files_that_are_none(tmp_path: Path) -> None:
    absent, text = tmp_path / "no.mp4", tmp_path / "text.mp4"
    text.write_text("no video")
    assert str(failure(LiveSource(Address.parse(str(absent)), QUICK))) == (
        f"cannot open stream '{absent}': no such file or directory"
    )
    assert str(failure(LiveSource(Address.parse(str(text)), QUICK))) == (
        f"cannot open stream '{text}': invalid data found when processing input"
    )


@pytest.mark.parametrize("decoder", ["qsv", "bogus"])
def test_a_hardware_decoder_that_is_not_there_is_an_error(tmp_path: Path, decoder: str) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(range(5)))
    error = failure(LiveSource(Address.parse(str(path)), StreamOptions(hardware_decoder=decoder)))
    assert error.message.startswith(f"cannot decode stream '{path}' on '{decoder}': ")
    assert str(error.hint).startswith("leave out --hardware-decoder to decode on the CPU; this FFmpeg knows ")


def test_a_hardware_decoder_is_asked_for_without_a_way_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(range(5)))
    asked = []

    def open_(*args: object, hwaccel: HWAccel | None, **options: object) -> object:
        asked.append(hwaccel)
        return really_open(*args, **options)

    really_open = av.open
    monkeypatch.setattr(av, "open", open_)
    assert read(LiveSource(Address.parse(str(path)), StreamOptions(hardware_decoder="qsv"))) == list(range(5))
    assert read(LiveSource(Address.parse(str(path)), QUICK)) == list(range(5))
    assert (asked[0].allow_software_fallback, asked[1]) == (False, None)


def test_sound_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    assert (
        failure(LiveSource(Address.parse(str(path)), QUICK)).message == f"stream '{path}' contains no video, only audio"
    )


def test_a_file_without_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(range(5)), container_options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[:-400])
    source = LiveSource(Address.parse(str(path)), replace(QUICK, is_looped=True), connect=_Empty)
    assert failure(source).message == f"no frame of stream '{path}' can be decoded"


class _Empty(Connection):
    def frames(self) -> Iterator[object]:
        return iter(())


# HTTP


@pytest.mark.parametrize(("suffix", "has_ranges"), [("mkv", True), ("ts", False), ("h264", False)])
def test_a_file_over_http_ends(suffix: str, has_ranges: bool, tmp_path: Path) -> None:
    path = write_video(tmp_path / f"a.{suffix}", numbered(range(30)))
    with serve(Served({"/a": path.read_bytes()}, ranges=has_ranges)) as served:
        source = LiveSource(Address.parse(f"{served.url}/a"), PATIENT)
        assert read(source) == list(range(30))
    assert not source.is_live


def test_a_file_over_http_that_breaks_off(transport_stream: Path) -> None:
    body = transport_stream.read_bytes()
    with serve(Served({"/a.ts": body}, break_after=len(body) // 2, ranges=False)) as served:
        source = LiveSource(Address.parse(f"{served.url}/a.ts"), PATIENT)
        assert str(failure(source)) == f"cannot read stream '{served.url}/a.ts': the connection was lost"
    assert 10 < source.num_frames < 50


@pytest.mark.parametrize(
    ("name", "content"), [("notes.txt", b"any text\n" * 99), ("a.ts", b"XBIN\x1a\x50\0\x19\0\x10\0" + b"A\7" * 2000)]
)
def test_text_over_http(name: str, content: bytes) -> None:
    """FFmpeg would draw it."""
    with serve(Served({f"/{name}": content})) as served:
        error = failure(LiveSource(Address.parse(f"{served.url}/{name}"), PATIENT))
    assert error.message == f"stream '{served.url}/{name}' contains no video, only text"


def test_a_playlist_with_an_end(transport_stream: Path) -> None:
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2.4,\n0.ts\n#EXT-X-ENDLIST\n"
    with serve(Served({"/a.m3u8": playlist.encode(), "/0.ts": transport_stream.read_bytes()})) as served:
        source = LiveSource(Address.parse(f"{served.url}/a.m3u8"), PATIENT)
        assert read(source) == list(range(60))
    assert not source.is_live


def test_a_live_playlist_is_played_at_its_pace(tmp_path: Path) -> None:
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:5\n#EXTINF:0.8,\n0.ts\n"
    video = write_video(tmp_path / "a.ts", numbered(range(20)))
    with serve(Served({"/a.m3u8": playlist.encode(), "/0.ts": video.read_bytes()})) as served:
        source = LiveSource(Address.parse(f"{served.url}/a.m3u8"), StreamOptions(open_timeout_s=1, read_timeout_s=1))
        items = []
        started = time.monotonic()
        for item in source:
            items.append(item)
            if len(items) == 15:
                break
        elapsed_s = time.monotonic() - started
    assert [read_number(item.rgb()) for item in items] == list(range(15))
    assert source.is_live
    assert elapsed_s > 0.5


def test_a_source_that_dies_and_comes_back(transport_stream: Path) -> None:
    body = transport_stream.read_bytes()
    said: list[str] = []
    with broadcast(Broadcast([body, None, body])) as sent:
        source = LiveSource(Address.parse(f"{sent.url}?token=secret"), PATIENT, backoff=backoff(2), say=said.append)
        items, error = read_until_lost(source)
    frames = [item for item in items if isinstance(item, LiveFrame)]
    [gap] = [item for item in items if isinstance(item, Gap)]
    position = items.index(gap)
    assert [read_number(item.rgb()) for item in frames] == [*range(60), *range(60)]
    assert (position, gap.reason) == (60, "the source broke off and came back")
    assert gap.start == items[position - 1].time < gap.end == items[position + 1].time
    shown = f"{sent.url}?token=***"
    assert str(error) == (
        f"stream '{shown}' did not come back after 2 attempts: cannot open stream '{shown}': server returned 404 "
        "Not Found\n\nhint: --reconnect forever keeps trying"
    )
    assert said[0] == f"cannot read stream '{shown}': the connection was lost; trying again in 0.02 s"
    assert "secret" not in " ".join(said)


def test_a_stream_that_falls_silent(transport_stream: Path) -> None:
    with broadcast(Broadcast([transport_stream.read_bytes()], then="silent")) as sent:
        settings = StreamOptions(open_timeout_s=5, read_timeout_s=0.4)
        said: list[str] = []
        source = LiveSource(Address.parse(sent.url), settings, backoff=backoff(1), say=said.append)
        items, _ = read_until_lost(source)
    assert len(items) == 60
    assert said == [f"stream '{sent.url}' delivered no frame for 0.4 s; trying again in 0.02 s"]


def padding(_body: bytes) -> bytes:
    """MPEG-TS that belongs to no stream: FFmpeg reads it, and hands out nothing."""
    return (b"\x47\x1f\xff\x10" + b"\xff" * 184) * 7


def damaged(body: bytes) -> bytes:
    """The same pictures, with slice headers that H.264 does not know: each packet is handed out, none decodes."""
    return re.sub(rb"\x00\x00\x01[\x41\x65].", lambda start: start[0][:4] + b"\0", body)


@pytest.mark.parametrize(("more", "but"), [(padding, ""), (damaged, ", but goes on sending")])
def test_a_stream_that_sends_but_shows_nothing(
    more: Callable[[bytes], bytes], but: str, transport_stream: Path
) -> None:
    body = transport_stream.read_bytes()
    with broadcast(Broadcast([body, body], more=more(body))) as sent:
        settings = StreamOptions(open_timeout_s=5, read_timeout_s=0.4)
        said: list[str] = []
        source = LiveSource(Address.parse(sent.url), settings, backoff=backoff(1), say=said.append)
        items, _ = read_until_lost(source)
    assert [item.reason for item in items if isinstance(item, Gap)] == ["the source broke off and came back"]
    assert said[0] == f"stream '{sent.url}' delivered no frame for 0.4 s{but}; trying again in 0.02 s"


def test_an_mp4_whose_index_a_server_cannot_reach(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(range(400)))
    with serve(Served({"/a.mp4": path.read_bytes()}, ranges=False)) as served:
        error = failure(LiveSource(Address.parse(f"{served.url}/a.mp4"), PATIENT))
    assert str(error) == (
        f"cannot read stream '{served.url}/a.mp4': this MP4 has its index at the end, and the server does not send "
        "parts of a file\n\nhint: move the index to the front: `ffmpeg -i IN.mp4 -c copy -movflags faststart OUT.mp4`"
    )


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_server_that_says_nothing(scheme: str) -> None:
    with hanging() as host:
        url = f"{scheme}://u:secret@{host}/x"
        started = time.monotonic()
        error = failure(LiveSource(Address.parse(url), QUICK))
        assert 0.4 < time.monotonic() - started < 3
    assert isinstance(error, StreamTimeoutError)
    assert str(error) == (
        f"stream '{scheme}://***@{host}/x' did not answer within 0.5 s\n\nhint: --open-timeout allows more"
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, "server returned 404 Not Found"),
        (503, "server returned 5XX Server Error reply"),
    ],
)
def test_errors_of_a_server(status: int, expected: str) -> None:
    bodies: list[bytes | None] = [] if status == 404 else [None]
    with broadcast(Broadcast(bodies)) as sent:
        error = failure(LiveSource(Address.parse(sent.url), QUICK))
    assert str(error) == f"cannot open stream '{sent.url}': {expected}"
    assert isinstance(error, StreamOpenError)


def test_forever_waits_for_a_source_that_is_not_there_yet(transport_stream: Path) -> None:
    said: list[str] = []
    stop = threading.Event()
    with broadcast(Broadcast([None, None, transport_stream.read_bytes()])) as sent:
        address = Address.parse(sent.url)
        source = LiveSource(address, PATIENT, backoff=backoff(None), say=said.append, stop=stop)
        items = []
        for item in source:
            items.append(item)
            if len(items) == 50:
                stop.set()
    assert [read_number(item.rgb()) for item in items] == list(range(50))
    problem = f"cannot open stream '{sent.url}': server returned 5XX Server Error reply"
    assert said == [f"{problem}; trying again in {delay} s" for delay in ("0.02", "0.04")]


# RTSP


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_rtsp(transport: str, pictures: list[list[bytes]]) -> None:
    settings = StreamOptions(rtsp_transport=transport, open_timeout_s=5, read_timeout_s=5)
    with serve_rtsp(Played(pictures, [60], then="silent", rate_fps=100)) as played:
        stop = threading.Event()
        source = LiveSource(Address.parse(played.url), settings, stop=stop)
        items = []
        for item in source:
            items.append(item)
            if len(items) == 45:
                stop.set()
    assert played.sessions == [transport]
    numbers = [read_number(item.rgb()) for item in items]
    assert numbers == list(range(numbers[0], numbers[0] + 45))
    assert [item.time for item in items] == [Fraction(n, 25) for n in range(45)]
    assert source.is_live


def test_rtsp_dies_and_comes_back(pictures: list[list[bytes]]) -> None:
    with serve_rtsp(Played(pictures, [30, 30, 0])) as played:
        source = LiveSource(
            Address.parse(played.url), StreamOptions(open_timeout_s=0.6, read_timeout_s=0.6), backoff=backoff(1)
        )
        items, _ = read_until_lost(source)
    assert [item.reason for item in items if isinstance(item, Gap)] == ["the source broke off and came back"]
    assert len([item for item in items if isinstance(item, LiveFrame)]) > 50


def test_rtsp_that_plays_nothing(pictures: list[list[bytes]]) -> None:
    with serve_rtsp(Played(pictures, [0], then="silent")) as played:
        error = failure(LiveSource(Address.parse(played.url), QUICK))
    assert str(error) == (f"stream '{played.url}' delivered no frame for 0.5 s\n\nhint: --read-timeout allows more")


def test_rtsp_nobody_serves() -> None:
    error = failure(LiveSource(Address.parse("rtsp://u:secret@127.0.0.1:9/x"), QUICK))
    assert str(error) == ("cannot open stream 'rtsp://***@127.0.0.1:9/x': connection refused")


# Pipes


def test_a_pipe_is_read_to_its_end(transport_stream: Path) -> None:
    reading, writing = os.pipe()
    body = transport_stream.read_bytes()

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(body)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    source = LiveSource(Address("pipe", f"pipe:{reading}", "standard input"), PATIENT)
    assert read(source) == list(range(60))
    thread.join(5)
    os.close(reading)
    assert not source.is_live


def test_a_pipe_without_video() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"no video" * 1000)
    os.close(writing)
    error = failure(LiveSource(Address("pipe", f"pipe:{reading}", "standard input"), PATIENT))
    os.close(reading)
    assert str(error) == ("cannot open stream 'standard input': invalid data found when processing input")


# Cameras: no device was there to test with, so opening one is replaced.


@pytest.fixture
def two_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (10, 0):
        (tmp_path / f"video{number}").touch()
        (tmp_path / "names" / f"video{number}").mkdir(parents=True)
        (tmp_path / "names" / f"video{number}" / "name").write_text(f"Webcam {number}\n")
    (tmp_path / "video-codec").touch()
    monkeypatch.setattr("i3d_edge.runtime.live.address._DEVICES", tmp_path)
    monkeypatch.setattr("i3d_edge.runtime.live.address._NAMES", tmp_path / "names")


def refuse(number: int) -> object:
    def opening(*_args: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number), "/dev/video7")

    return opening


@pytest.mark.usefixtures("two_cameras")
def test_no_such_camera_lists_those_there_are(tmp_path: Path) -> None:
    error = failure(LiveSource(Address.parse("camera:7"), QUICK))
    assert isinstance(error, CameraError)
    assert str(error) == (
        f"there is no camera '/dev/video7'; this machine has {tmp_path}/video0 (Webcam 0), "
        f"{tmp_path}/video10 (Webcam 10)"
    )


def test_no_camera_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("i3d_edge.runtime.live.address._DEVICES", tmp_path)
    monkeypatch.setattr("i3d_edge.runtime.live.connection.av.open", refuse(errno.ENODEV))
    error = failure(LiveSource(Address.parse("camera:7"), QUICK))
    assert str(error) == "there is no camera '/dev/video7'; this machine has none"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (
            errno.EBUSY,
            "another program uses the camera '/dev/video7'\n\nhint: `fuser /dev/video7` shows which",
        ),
        (
            errno.EACCES,
            "no permission to read the camera '/dev/video7'\n\nhint: add the user to the group video",
        ),
        (errno.EINVAL, "cannot read the camera '/dev/video7': invalid argument"),
    ],
    ids=["busy", "not allowed", "another"],
)
def test_cameras_that_refuse(number: int, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.runtime.live.connection.av.open", refuse(number))
    assert str(failure(LiveSource(Address.parse("camera:7"), QUICK))) == expected


def test_a_camera_that_is_pulled_and_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(range(10)))
    really = av.open
    attempts = iter([None, errno.ENODEV, None, *[errno.ENODEV] * 3])
    opened = []

    def opening(target: str, **options: object) -> object:
        opened.append((target, options["format"]))
        if number := next(attempts):
            refuse(number)()
        return really(str(path))

    monkeypatch.setattr("i3d_edge.runtime.live.connection.av.open", opening)
    items, error = read_until_lost(LiveSource(Address.parse("camera:0"), QUICK, backoff=backoff(2)))
    assert "did not come back after 2 attempts" in error.message
    assert [item.reason if isinstance(item, Gap) else read_number(item.rgb()) for item in items] == [
        *range(10),
        "the source broke off and came back",
        *range(10),
    ]
    assert set(opened) == {("/dev/video0", "v4l2")}


def test_a_read_that_cannot_be_called_back_counts_as_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that delivers nothing blocks in the driver, where FFmpeg's time-out does not reach."""
    monkeypatch.setattr("i3d_edge.runtime.live.source._GRACE_S", 0.05)
    release = threading.Event()

    def connecting(*_args: object) -> Connection:
        release.wait(5)
        raise StreamOpenError("too late")

    source = LiveSource(Address.parse("camera:0"), StreamOptions(open_timeout_s=0.05), connect=connecting)
    thread = threading.Thread(target=failure, args=(source,))
    assert source.stuck_error() is None
    thread.start()
    time.sleep(0.2)
    assert isinstance(source.stuck_error(), StreamTimeoutError)
    release.set()
    thread.join()
    assert source.stuck_error() is None
