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
        ("http://h/token/abc/live", "http://h/token/***/live"),
        ("http://h/token%3Dabc/live", "http://h/***/live"),
        ("http://h/a;jsessionid=abc/live", "http://h/a;jsessionid=***/live"),
        ("https://h/services/T00/XXXXXXXXXXXXXXXXXXXXXXXX", "https://h/services/T00/***"),
        ("https://h/api/webhook/door", "https://h/api/webhook/***"),
        ("rtsps://h:7441/AbCdEf0123456789", "rtsps://h:7441/***"),
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
    text = "cannot open 'http://u:p@h/x?t=1' or rtsp://a:b@c: must be rtsp:// or http(s)://"
    expected = "cannot open 'http://***@h/x?t=***' or rtsp://***@c: must be rtsp:// or http(s)://"
    assert masked_text(text) == expected
    hint = "put them into the address: rtsp://USER:PASSWORD@HOST/..."
    assert str(I3DError(text, hint=hint)) == f"{expected}\n\nhint: {hint}"
