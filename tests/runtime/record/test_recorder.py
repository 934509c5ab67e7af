"""Clips from sources as they are: files, looped files, RTSP; what lies in them, and what is left when things break."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from clips import DAY, event, read_clip, wait_for, watch
from live import grey, numbered, write_transport_stream
from rtsp_server import Played, encode_h264, serve_rtsp
from synthetic import write_video

from i3d_edge.core.errors import StreamLostError
from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.live.backoff import Backoff
from i3d_edge.runtime.live.frame import LiveFrame
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.source import Gap, LiveSource
from i3d_edge.runtime.record import Recorder
from i3d_edge.runtime.record.clip import Clip
from i3d_edge.runtime.record.ring import PacketRing
from i3d_edge.runtime.settings import ClipsConfig

RATE = 250
X264 = {"qp": "0", "preset": "ultrafast", "g": "10"}
PATIENT = StreamOptions(open_timeout_s=5, read_timeout_s=5)
SHORT = ClipsConfig(before_s=0.2, after_s=0.2)


class Watch:
    """A recorder, what it said, and its sources."""

    def __init__(self, state: Path, options: ClipsConfig = SHORT) -> None:
        self.said: list[str] = []
        self.state = state
        self.recorder = Recorder(state, options, say=self.said.append)

    def source(self, address: object, camera: str = "door", *, late_s: float = 10, **options: object) -> LiveSource:
        return LiveSource(
            Address.parse(str(address)),
            replace(PATIENT, **options),
            backoff=Backoff(5, first_s=0.02, longest_s=0.05),
            tap=self.recorder.tap(camera, late_s=late_s),
        )


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watch]:
    watch = Watch(tmp_path / "state")
    yield watch
    watch.recorder.close()


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames 0 to 339 of 250 fps, a keyframe every 10."""
    return write_transport_stream(tmp_path_factory.mktemp("video") / "a.ts", numbered(range(340)))


EVENT = [(1.1, event("start", 0.5)), (1.1, event("end", 0.5, 1.0))]


@pytest.mark.parametrize(
    ("name", "codec", "options", "suffix"),
    [
        ("a.ts", "libx264", X264, "mp4"),
        ("a.mp4", "libx264", {"qp": "0", "preset": "fast", "g": "10", "bf": "2", "sc_threshold": "0"}, "mp4"),
        ("a.mp4", "libx265", {"x265-params": "log-level=none:lossless=1:keyint=10:min-keyint=10:bframes=2"}, "mp4"),
        ("a.mp4", "mpeg4", {"b": "4M", "g": "10", "bf": "2"}, "mp4"),
        ("a.mkv", "mjpeg", {"strict": "-1"}, "mp4"),
        ("a.mkv", "ffv1", {"g": "10"}, "mkv"),
    ],
)
def test_a_clip_shows_the_event_and_what_is_around_it(
    watching: Watch, tmp_path: Path, name: str, codec: str, options: dict[str, str], suffix: str
) -> None:
    frames, rate = numbered(range(340)), Fraction(1, RATE)
    path = write_video(tmp_path / name, frames, time_base=rate, rate=RATE, codec=codec, options=options)
    watch(watching.source(path), watching.recorder, EVENT)
    watching.recorder.close()
    clip = read_clip(watching.state)
    first, last = clip.numbers[0], clip.numbers[-1]
    assert clip.numbers == list(range(first, last + 1))
    assert 60 < first <= 75  # the keyframe before 0.5 - 0.2 s
    assert 297 <= last < 300  # 1.0 + 0.2 s, but for a frame that others refer to
    assert clip.times[-1] == pytest.approx((last - first) / RATE, abs=1e-3)
    assert clip.picture == (125 + 250) // 2
    note = clip.note
    assert (note.reason, note.video, note.codec) == (None, f"1772366407.250-00000001.{suffix}", clip.codec)
    assert note.start_s == pytest.approx(first / RATE, abs=1e-3)
    assert note.duration_s == pytest.approx((last - first + 1) / RATE, abs=5e-3)
    assert (note.event["type"], note.event["end_s"]) == ("end", 1.0)
    assert watching.said == []


def test_frames_whose_order_their_times_do_not_tell_are_all_there(tmp_path: Path) -> None:
    """AVI states the order of decoding alone, and FFmpeg calls each frame's time a frame later than that."""
    options, base = {"b": "4M", "g": "10", "bf": "1"}, Fraction(1, 30)
    path = write_video(tmp_path / "a.mp4", numbered(range(40)), rate=30, time_base=base, codec="mpeg4", options=options)
    ring = PacketRing(10.0)
    with av.open(str(path)) as container:
        ring.opened(container.streams.video[0])
        for packet in container.demux(video=0):
            if packet.size:
                time, packet.pts = packet.pts * packet.time_base, packet.dts + packet.duration
                ring.placed(ring.sent(packet), time)
    first = ring.start_of(0, 0)
    assert first is not None
    clip = Clip(event("start", 0), ring, first, tmp_path, ClipsConfig(before_s=0))
    clip.advance()
    clip.close()
    assert clip.reason is None
    with av.open(str(clip.path)) as container:
        frames = [30 * frame.time for frame in container.decode(video=0)]
    assert frames == sorted(set(frames))
    assert frames == pytest.approx(range(40), abs=1.1)


def test_a_clip_goes_on_where_a_looped_file_begins_again(watching: Watch, tmp_path: Path) -> None:
    options = {**X264, "preset": "fast", "bf": "2", "sc_threshold": "0"}
    path = write_video(tmp_path / "a.mp4", numbered(range(60)), options=options)
    source = watching.source(path, is_looped=True, max_duration_s=6)
    watch(source, watching.recorder, [(3, event("start", 2)), (4, event("end", 2, 4))])
    watching.recorder.close()
    clip = read_clip(watching.state)
    assert clip.numbers == [*range(40, 60), *range(45)]
    assert clip.times == [pytest.approx(n / 25, abs=1e-3) for n in range(65)]
    assert clip.picture == 15


def test_events_of_one_camera_overlap(watching: Watch, video: Path) -> None:
    told = [(0.7, event("start", 0.5)), (1.1, event("end", 0.5, 1.0))]
    told += [(0.6, event("start", 0.4, number=2)), (0.8, event("end", 0.4, 0.7, number=2))]
    watch(watching.source(video, is_real_time=True), watching.recorder, told)
    watching.recorder.close()
    assert read_clip(watching.state).numbers == list(range(70, 300))
    assert read_clip(watching.state, 2).numbers == list(range(50, 225))


def test_an_event_goes_on_when_the_source_ends(watching: Watch, video: Path) -> None:
    watch(watching.source(video), watching.recorder, EVENT[:1])
    wait_for(watching.recorder, 1)
    clip = read_clip(watching.state)
    assert clip.numbers == list(range(70, 340))
    assert "the source ended" in (clip.note.reason or "")
    watching.recorder.happened(event("end", 0.5, 1.3))
    watching.recorder.close()
    assert read_clip(watching.state).note.event["end_s"] == 1.3


def test_an_event_goes_on_when_the_watch_ends(watching: Watch, video: Path) -> None:
    frames = iter(watching.source(video))
    for item in frames:
        if isinstance(item, LiveFrame) and item.time == Fraction(200, RATE):
            watching.recorder.happened(event("start", 0.5))
            break
    watching.recorder.close()
    clip = read_clip(watching.state)
    assert clip.numbers[0] == 70
    assert 190 < clip.numbers[-1] <= 200
    assert clip.note.reason == "the watch ended"


def test_a_long_event_is_cut_off(tmp_path: Path, video: Path) -> None:
    watching = Watch(tmp_path, ClipsConfig(before_s=SHORT.before_s, after_s=SHORT.after_s, longest_s=0.4))
    watch(watching.source(video), watching.recorder, EVENT)
    watching.recorder.close()
    clip = read_clip(tmp_path)
    assert clip.numbers == list(range(70, 175))
    assert clip.note.reason == "it is cut off at 0.4 s"
    assert clip.note.event["type"] == "end"


def test_an_event_that_is_told_late_has_what_is_left(watching: Watch, video: Path) -> None:
    source = watching.source(video, late_s=0.1, is_real_time=True)
    watch(source, watching.recorder, [(1.2, event("start", 0.1)), (1.25, event("end", 0.1, 1.1))])
    watching.recorder.close()
    clip = read_clip(watching.state)
    assert 200 < clip.numbers[0] < 325
    assert (clip.note.reason or "").startswith("it begins 1.")


def test_a_new_size_begins_a_new_clip(watching: Watch, tmp_path: Path) -> None:
    sizes = {"small": (48, 96), "large": (96, 192)}
    path = tmp_path / "all.ts"
    parts = [
        write_transport_stream(tmp_path / f"{name}.ts", grey((99, 100), size=size)) for name, size in sizes.items()
    ]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    told = [(0.3, event("start", 0.2)), (0.6, event("start", 0.5, number=2))]
    watch(watching.source(path), watching.recorder, told)
    watching.recorder.close()
    shapes = []
    for number in (1, 2):
        note = read_clip(watching.state, number).note
        with av.open(str(watching.state / "clips" / DAY / note.video)) as container:
            shapes.append((container.streams.video[0].width, {frame.width for frame in container.decode(video=0)}))
    assert shapes == [(96, {96}), (192, {192})]


def test_a_camera_breaks_off_and_comes_back(watching: Watch) -> None:
    pictures = encode_h264(numbered(range(100)))
    with serve_rtsp(Played(pictures, [60, 60, 0])) as played:
        source = watching.source(played.url, reconnect=1)
        back_s: list[float] = []
        with suppress(StreamLostError):
            for num_frames, item in enumerate(source):
                if isinstance(item, Gap):
                    back_s.append(float(item.end))
                elif num_frames == 40:
                    watching.recorder.happened(event("start", 1.0))
                elif num_frames == 100:
                    watching.recorder.happened(event("start", back_s[0] + 0.1, number=2))
    watching.recorder.close()
    first, second = read_clip(watching.state), read_clip(watching.state, 2)
    assert (first.numbers[0], first.numbers[-1]) == (20, 59)
    assert (second.numbers[0], second.numbers[-1]) == (0, 59)
    assert "broke off" in (first.note.reason or "")


def test_what_the_muxer_refuses_costs_one_clip(watching: Watch, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add = Clip._add

    def refusing(self: Clip, packet: object) -> None:
        if self.start_s == 70 / RATE and packet.time > 0.5:
            raise av.InvalidDataError(1, "Invalid data")
        add(self, packet)

    monkeypatch.setattr(Clip, "_add", refusing)
    watch(watching.source(video), watching.recorder, [*EVENT, (0.6, event("start", 0.4, number=2))])
    watching.recorder.close()
    clip = read_clip(watching.state)
    assert clip.numbers == list(range(70, 126))
    assert "cannot be written: invalid data" in (clip.note.reason or "")
    assert read_clip(watching.state, 2).numbers == list(range(50, 340))


def test_a_full_disk_is_said_once(watching: Watch, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage, free = namedtuple("usage", "total used free"), iter(range(4 << 30, 0, -(100 << 20)))
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage(100 << 30, 96 << 30, next(free)))
    watch(watching.source(video), watching.recorder, [*EVENT, (0.6, event("start", 0.4, number=2))])
    watching.recorder.close()
    assert watching.said == ["no clip is written: less than 1 GiB, or 5 %, of the disk is free"]
    assert watching.recorder.num_lost == 2
    assert list((watching.state / "clips").iterdir()) == [watching.state / "clips" / ".unfinished"]


def test_raw_pictures_are_not_recorded(watching: Watch, tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.nut", numbered(range(50)), codec="rawvideo", options={})
    watch(watching.source(path), watching.recorder, [(1.0, event("start", 0.5))])
    watching.recorder.close()
    assert watching.said == [
        "camera 'door': no clips are recorded: it sends raw pictures, which fill the disk",
        "no clip is written: nothing of camera 'door' is held",
    ]
    assert (watching.recorder.num_written, watching.recorder.num_lost) == (0, 1)


KILLED = """
import sys
sys.path[:0] = [{support!r}]
from pathlib import Path
from dataclasses import replace
from clips import event, watch
from i3d_edge.runtime.live.address import Address
from i3d_edge.runtime.live.options import StreamOptions
from i3d_edge.runtime.live.source import LiveSource
from i3d_edge.runtime.record import Recorder
from i3d_edge.runtime.settings import ClipsConfig

recorder = Recorder(Path({state!r}), ClipsConfig(before_s=0.05, after_s=0.05))
source = LiveSource(
    Address.parse({video!r}), StreamOptions(is_real_time=True, is_looped=True), tap=recorder.tap("door", late_s=0.5)
)
told = []
for number in range(1000):
    at = 0.1 + number * 0.02
    told += [(at, event("start", at, number=number)), (at + 0.15, event("end", at, at + 0.1, number=number))]
watch(source, recorder, told)
"""


def test_a_kill_leaves_only_whole_clips(tmp_path: Path, video: Path) -> None:
    state = tmp_path / "state"
    support = str(Path(__file__).parents[2] / "support")
    script = KILLED.format(support=support, state=str(state), video=str(video))
    process = subprocess.Popen([sys.executable, "-c", script])
    unfinished = state / "clips" / ".unfinished"
    deadline = time.monotonic() + 30
    while len(list(state.glob("clips/2*/*.json"))) < 5 or not list(unfinished.glob("*.mp4")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(unfinished.iterdir())
    Recorder(state).close()
    assert not list(unfinished.iterdir())
    videos = sorted(state.glob("clips/2*/*.mp4"))
    assert len(videos) >= 5
    for path in videos:
        with av.open(str(path)) as container:
            assert sum(1 for _ in container.decode(video=0)) > 20
