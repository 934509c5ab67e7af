import pytest

from i3d_edge.core.errors import StreamOpenError
from i3d_edge.runtime.live.address import Address


def test_kinds_of_sources(subtests: pytest.Subtests) -> None:
    for source, expected in [
        ("clips/a.mp4", ("file", "clips/a.mp4", "clips/a.mp4")),
        ("a:b.mp4", ("file", "a:b.mp4", "a:b.mp4")),
        ("-", ("pipe", "pipe:0", "standard input")),
        ("camera:2", ("camera", "/dev/video2", "/dev/video2")),
        ("/dev/video0", ("camera", "/dev/video0", "/dev/video0")),
        ("rtsp://h/1", ("rtsp", "rtsp://h/1", "rtsp://h/1")),
        ("RTSPS://u:p@h/1", ("rtsp", "RTSPS://u:p@h/1", "RTSPS://***@h/1")),
        (" 'rtsp://u:p@h/1' ", ("rtsp", "rtsp://u:p@h/1", "rtsp://***@h/1")),
        ("https://h/live.m3u8", ("http", "https://h/live.m3u8", "https://h/live.m3u8")),
    ]:
        with subtests.test(source=source):
            address = Address.parse(source)
            assert (address.kind, address.target, address.shown) == expected


def test_other_schemes_are_refused_without_their_credentials() -> None:
    with pytest.raises(StreamOpenError) as caught:
        Address.parse("srt://u:secret@h:9")
    assert str(caught.value) == (
        "stream 'srt://***@h:9' must be a file, camera:N, /dev/videoN, rtsp://, http(s):// or -; got srt://\n\n"
        "hint: FFmpeg opens more: `ffmpeg -i ADDRESS -c copy -f mpegts - | i3d stream - --model M.xml`"
    )
