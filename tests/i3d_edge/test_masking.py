import pytest

from i3d_edge.core.errors import I3DError
from i3d_edge.core.masking import masked, masked_text


def test_what_may_be_secret_is_masked(subtests: pytest.Subtests) -> None:
    for url, expected in [
        ("rtsp://10.0.0.5:554/Streaming/Channels/101", "rtsp://10.0.0.5:554/Streaming/Channels/101"),
        ("rtsp://admin:secret@10.0.0.5/ch1", "rtsp://***@10.0.0.5/ch1"),
        ("rtsp://admin@10.0.0.5/ch1", "rtsp://***@10.0.0.5/ch1"),
        ("rtsp://a:p@ss@host/x", "rtsp://***@host/x"),
        ("rtsp://a:p/ss@host/x", "rtsp://***@host/x"),
        ("rtsp://a:12/34@host/x", "rtsp://***@host/x"),
        ("rtsp://a:1?2@host/x", "rtsp://***@host/x"),
        ("rtsp://a:p?ss#@host/x", "rtsp://***@host/x"),
        ("rtsp://a:p/@host/x", "rtsp://***@host/x"),
        ("http://a:secret", "http://***"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("http://host/@channel/live", "http://host/@channel/live"),
        ("rtsp:/a:p@host/x", "rtsp:/***@host/x"),
        ("rtsp://h/cam?channel=1&subtype=0&tcp", "rtsp://h/cam?channel=1&subtype=0&tcp"),
        ("http://h/x?loginuse=a&loginpas=b&resolution=32", "http://h/x?loginuse=***&loginpas=***&resolution=32"),
        ("rtsp://h/11?u=admin&p=x", "rtsp://h/11?u=***&p=***"),
        ("srt://h:9?mode=caller&passphrase=x", "srt://h:9?mode=caller&passphrase=***"),
        ("http://h/x?SECRET", "http://h/x?***"),
        ("http://h/x?channel=1%26p%3Dx", "http://h/x?channel=***"),
        ("http://h/x?stream=0123456789abcdef", "http://h/x?stream=***"),
        ("http://h/x?fps=5#token=x", "http://h/x?fps=5#***"),
        ("rtsp://h/user=admin_password=abc_channel=1.sdp", "rtsp://h/user=***"),
        ("rtsp://h/user=admin&password=abc&channel=1", "rtsp://h/user=***&password=***&channel=1"),
        ("rtsp://h/0/admin:12345/main", "rtsp://h/0/***/main"),
        ("http://h/token/abc/live", "http://h/token/***/***"),
        ("http://h/token%3Dabc/live", "http://h/***/live"),
        ("http://h/a;jsessionid=abc/live", "http://h/a;jsessionid=***/live"),
        ("https://h/services/T00/XXXXXXXXXXXXXXXXXXXXXXXX", "https://h/***/***/***"),
        ("https://h/api/webhook/door", "https://h/api/webhook/***"),
        ("rtsps://h:7441/AbCdEf0123456789", "rtsps://h:7441/***"),
        ("http://h:8080/live/bob/hunter2/1.ts", "http://h:8080/live/***/***/1.ts"),
        ("http://h:8080/bob/hunter2/12345", "http://h:8080/***/***/12345"),
        ("http://h/user/bob/of/eve/1", "http://h/user/***/***/***/***"),
        ("http://h/hls/t0k3n1/index.m3u8", "http://h/hls/***/index.m3u8"),
        ("https://ntfy.sh/my-secret-topic", "https://ntfy.sh/***"),
        ("https://hooks.slack.com/services/T00/B00/abcDEF", "https://hooks.slack.com/***"),
        ("http://h/mirror/rgb/model.ckpt.index", "http://h/mirror/rgb/model.ckpt.index"),
        ("http://h/hls/front_door/index.m3u8", "http://h/hls/front_door/index.m3u8"),
        ("http://h/cgi-bin//mjpg/video.cgi", "http://h/cgi-bin//mjpg/video.cgi"),
        ("rtsp://h/h264/ch1/main/av_stream", "rtsp://h/h264/ch1/main/av_stream"),
        ("rtsp://h:554/PSIA/Streaming/channels/101", "rtsp://h:554/PSIA/Streaming/channels/101"),
        (" “rtsp://admin:secret@h/x”", " “rtsp://***@h/x”"),
        ("admin:secret@10.0.0.5/x", "***@10.0.0.5/x"),
        ("rtsp//admin:secret@h/x", "rtsp//***@h/x"),
        ("rtsp ://admin:secret@h/x", "rtsp ://***@h/x"),
        ("rtsp://h/h264Preview_01_main", "rtsp://h/h264Preview_01_main"),
        (
            "https://raw.githubusercontent.com/0123456789abcdef/x",
            "https://raw.githubusercontent.com/0123456789abcdef/x",
        ),
        ("clips/user=1/a.mp4", "clips/user=1/a.mp4"),
    ]:
        with subtests.test(url=url):
            assert masked(url) == expected
            assert masked(expected) == expected


def test_errors_mask_the_addresses_in_their_texts() -> None:
    text = "cannot open 'http://u:p@h/x?t=1' or rtsp://a:b@c or a:b@c: must be rtsp:// or http(s)://"
    expected = "cannot open 'http://***@h/x?t=***' or rtsp://***@c or ***@c: must be rtsp:// or http(s)://"
    assert masked_text(text) == expected
    hint = "put them into the address: rtsp://USER:PASSWORD@HOST/..."
    assert str(I3DError(text, hint=hint)) == f"{expected}\n\nhint: {hint}"
