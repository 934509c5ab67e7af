"""A minimal RTSP server: one H.264 stream, by RTP over TCP (interleaved) or UDP. RFC 2326 and RFC 6184, no more."""

from __future__ import annotations

import base64
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np

_MAX_PAYLOAD = 1200
_CLOCK_HZ = 90_000
_FIRST_TIMESTAMP = 1_234_567  # by the standard any number; FFmpeg takes 0 for "none yet"


def encode_h264(frames: list[np.ndarray]) -> list[list[bytes]]:
    """Encode frames, lossless, a key frame every 10; return each one's NAL units."""
    context = av.CodecContext.create("libx264", "w")
    context.height, context.width = frames[0].shape[:2]
    context.pix_fmt, context.time_base = "yuv444p", Fraction(1, 25)
    context.options = {"qp": "0", "preset": "ultrafast", "tune": "zerolatency", "g": "10"}
    packets = []
    for number, pixels in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return [[unit for unit in re.split(b"\0\0\0?\1", bytes(packet)) if unit] for packet in packets]


@dataclass
class Played:
    """What is served and how each session ends.

    Attributes:
        pictures: NAL units of each frame.
        num_frames: Frames that each session sends in turn, the last number for all further ones.
        then: "close" breaks the connection off, "silent" leaves it open.
        rate_fps: How fast frames are sent; their timestamps say 25 a second.
        sessions: Transports of the sessions that played, in order.
    """

    pictures: list[list[bytes]]
    num_frames: list[int]
    then: str = "close"
    rate_fps: float = 250
    sessions: list[str] = field(default_factory=list)
    url: str = ""

    def sdp(self) -> str:
        parameter_sets = [unit for unit in self.pictures[0] if unit[0] & 31 in (7, 8)]
        sprop = ",".join(base64.b64encode(unit).decode() for unit in parameter_sets)
        return (
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\n"
            f"a=rtpmap:96 H264/{_CLOCK_HZ}\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets={sprop}\r\n"
            "a=control:track1\r\n"
        )


@contextmanager
def serve_rtsp(played: Played) -> Iterator[Played]:
    """Serve on a free port of the loopback interface."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    played.url = f"rtsp://127.0.0.1:{listener.getsockname()[1]}/stream"
    stopping = threading.Event()
    threads: list[threading.Thread] = []

    def accept() -> None:
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            threads.append(threading.Thread(target=_session, args=(connection, played, stopping)))
            threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield played
    finally:
        stopping.set()
        acceptor.join()
        for thread in threads:
            thread.join()
        listener.close()


def _session(connection: socket.socket, played: Played, stopping: threading.Event) -> None:
    with connection, connection.makefile("rb") as requests:
        connection.settimeout(5)
        send: Callable[[bytes], object] = lambda packet: connection.sendall(  # noqa: E731
            b"$\0" + struct.pack("!H", len(packet)) + packet
        )
        transport, sockets = "tcp", list[socket.socket]()
        try:
            while line := requests.readline().decode():
                method = line.split()[0]
                headers = dict(
                    row.decode().strip().split(": ", 1) for row in iter(requests.readline, b"\r\n") if b": " in row
                )
                answer, body = "Session: 1\r\n", ""
                if method == "DESCRIBE":
                    body = played.sdp()
                    answer = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
                elif method == "SETUP":
                    answer += f"Transport: {headers['Transport']}"
                    if ports := re.search(r"client_port=(\d+)", headers["Transport"]):
                        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                        sockets.append(udp)
                        udp.connect(("127.0.0.1", int(ports[1])))
                        send, transport = udp.send, "udp"
                        answer += f";server_port={udp.getsockname()[1]}-{udp.getsockname()[1] + 1}"
                    answer += "\r\n"
                connection.sendall(f"RTSP/1.0 200 OK\r\nCSeq: {headers['CSeq']}\r\n{answer}\r\n{body}".encode())
                if method == "PLAY":
                    played.sessions.append(transport)
                    _play(send, played, stopping)
                    return
        except OSError:
            return
        finally:
            for item in sockets:
                item.close()


def _play(send: Callable[[bytes], object], played: Played, stopping: threading.Event) -> None:
    session = len(played.sessions) - 1
    sequence = 0
    for number in range(played.num_frames[min(session, len(played.num_frames) - 1)]):
        if stopping.is_set():
            return
        units = played.pictures[number % len(played.pictures)]
        for position, unit in enumerate(units):
            for payload, is_last in _payloads(unit):
                marker = 128 if is_last and position == len(units) - 1 else 0
                timestamp = _FIRST_TIMESTAMP + number * _CLOCK_HZ // 25
                send(struct.pack("!BBHII", 128, 96 | marker, sequence & 65535, timestamp, 7) + payload)
                sequence += 1
        time.sleep(1 / played.rate_fps)
    if played.then == "silent":
        stopping.wait(30)


def _payloads(unit: bytes) -> Iterator[tuple[bytes, bool]]:
    """Split a NAL unit into payloads (FU-A where it is long); the second value is true for the last one."""
    if len(unit) <= _MAX_PAYLOAD:
        yield unit, True
        return
    indicator, kind = unit[0] & 0b11100000 | 28, unit[0] & 31
    parts = [unit[start : start + _MAX_PAYLOAD] for start in range(1, len(unit), _MAX_PAYLOAD)]
    for number, part in enumerate(parts):
        first, last = number == 0, number == len(parts) - 1
        yield bytes([indicator, kind | 128 * first | 64 * last]) + part, last
