"""Every way that we know in which a listed video can be no video, each with the reason that is to be given for it."""

from __future__ import annotations

import gzip
import io
import os
import random
import socket
import struct
import wave
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import av
import numpy as np
from synthetic import numbered_frame, write_numbered

Break = Callable[[Path, Path], object]
"""Takes a whole MP4, its index in front, and the path where the broken one is to be; images are at 25 fps."""


def whole_video(path: Path, container_format: str = "mp4", **container_options: str) -> Path:
    """Write a whole video of 90 frames of noise, so that damage hits pictures; an MP4's index comes first."""
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (32, 48, 3), dtype=np.uint8) for _ in range(90)]
    options = container_options or ({"movflags": "faststart"} if container_format == "mp4" else {})
    with av.open(str(path), "w", format=container_format, options=options) as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "g": "10", "crf": "20"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


def distinct(data: bytes, number: int) -> bytes:
    """Return an MP4's bytes with a box at the end that means nothing: the same video, another file."""
    return data + struct.pack(">I4sI", 12, b"free", number)


def _bytes(change: Callable[[bytes], bytes]) -> Break:
    return lambda whole, path: path.write_bytes(change(whole.read_bytes()))


def _text(text: str) -> Break:
    return lambda whole, path: path.write_text(text)


def _replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


def _zeroed(data: bytes, start: float, end: float) -> bytes:
    first, last = int(len(data) * start), int(len(data) * end)
    return data[:first] + bytes(last - first) + data[last:]


def _flipped(data: bytes) -> bytes:
    rng, changed = random.Random(0), bytearray(data)
    for _ in range(400):
        changed[rng.randrange(len(data) // 4, len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _swapped(data: bytes) -> bytes:
    """Exchange the third and the fourth quarter."""
    half, last = len(data) // 2, len(data) * 3 // 4
    return data[:half] + data[last:] + data[half:last]


def _of_words(data: bytes) -> bytes:
    """Do what a transfer in text mode does: a carriage return before each line feed."""
    return data.replace(b"\n", b"\r\n")


def _sound() -> bytes:
    with io.BytesIO() as file:
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(bytes(16000))
        return file.getvalue()


def _without_index(whole: Path, path: Path) -> None:
    """Write what is left of a recording that was never finished: its index comes last, and so is missing."""
    later = path.with_name(f"{path.name}.tmp.mp4")
    write_numbered(later, 90)
    data = later.read_bytes()
    later.unlink()
    path.write_bytes(data[: data.index(b"moov") - 4])


def _cut(container_format: str) -> Break:
    """Break off a video of another container after three quarters."""

    def make(whole: Path, path: Path) -> None:
        data = whole_video(path, container_format).read_bytes()
        path.write_bytes(data[: len(data) * 3 // 4])

    return make


def _hole_in_a_broadcast(whole: Path, path: Path) -> None:
    path.write_bytes(_zeroed(whole_video(path, "mpegts").read_bytes(), 0.5, 0.6))


def _encrypted(whole: Path, path: Path) -> None:
    whole_video(path, encryption_scheme="cenc-aes-ctr", encryption_key="5" * 32, encryption_kid="7" * 32)


def _picture() -> bytes:
    import cv2

    return cv2.imencode(".png", numbered_frame(5))[1].tobytes()


def _cover(whole: Path, path: Path) -> None:
    """Write a song with a picture of its cover."""
    with av.open(str(path), "w", format="mp4") as container:
        sound = container.add_stream("aac", rate=8000, layout="mono")
        cover = container.add_stream("png", rate=25)
        cover.height, cover.width, cover.pix_fmt = 240, 320, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame.from_ndarray(numbered_frame(5), format="rgb24")))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 8000
        container.mux(sound.encode(silence))
        container.mux(sound.encode())


def _without_frames(whole: Path, path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        container.start_encoding()


def _pipe(whole: Path, path: Path) -> None:
    os.mkfifo(path)


def _socket(whole: Path, path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's name is a hundred characters at most
    try:
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(path.name)
    finally:
        os.chdir(here)


def _folder_of(name: str) -> Break:
    def make(whole: Path, path: Path) -> None:
        path.mkdir()
        (path / name).write_text("no picture")

    return make


def _images(break_one: Callable[[Path], object]) -> Break:
    """Write a folder of 90 images, and break the third."""

    def make(whole: Path, path: Path) -> None:
        path.mkdir()
        for number in range(90):
            (path / f"image_{number + 1:05d}.png").write_bytes(_picture())
        broken = path / "image_00003.png"
        broken.unlink()
        break_one(broken)

    return make


def _huge_picture() -> bytes:
    """Return a PNG whose header states 100,000 x 100,000 pixels, by a checksum that is right."""
    data = bytearray(_picture())
    data[16:24] = struct.pack(">II", 100_000, 100_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def _folder_of_a_folder(whole: Path, path: Path) -> None:
    (path / "image_00001.png").mkdir(parents=True)


MISSING, CORRUPT, DUPLICATE, SHORT = "missing", "corrupt", "duplicate", "short"

BREAKS: Mapping[str, tuple[str, Break]] = {
    "absent": (MISSING, lambda whole, path: None),
    "absent_folder": (MISSING, lambda whole, path: None),
    "link_to_nothing": (MISSING, lambda whole, path: path.symlink_to("nowhere.mp4")),
    "link_to_itself": (MISSING, lambda whole, path: path.symlink_to(path.name)),
    "link_to_a_device": (MISSING, lambda whole, path: path.symlink_to("/dev/zero")),
    "pipe": (MISSING, _pipe),
    "socket": (MISSING, _socket),
    "below_a_file": (MISSING, lambda whole, path: None),
    "name_too_long": (MISSING, lambda whole, path: None),
    "empty": (CORRUPT, _bytes(lambda data: b"")),
    "one_byte": (CORRUPT, _bytes(lambda data: data[:1])),
    "zeros": (CORRUPT, _bytes(lambda data: bytes(len(data)))),
    "random": (CORRUPT, _bytes(lambda data: random.Random(0).randbytes(len(data)))),
    "web_page": (CORRUPT, _text("<!doctype html><title>404</title><h1>Video unavailable</h1>")),
    "json_error": (CORRUPT, _text('{"error": {"code": 403, "message": "private video"}}')),
    "playlist": (CORRUPT, _text("#EXTM3U\n#EXTINF:10,\nsegment0.ts\n")),
    "pointer": (CORRUPT, _text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 41234\n")),
    "sound": (CORRUPT, _bytes(lambda data: _sound())),
    "header_only": (CORRUPT, _bytes(lambda data: data[:64])),
    "index_cut": (CORRUPT, _bytes(lambda data: data[: data.index(b"moov") + 400])),
    "index_missing": (CORRUPT, _without_index),
    "start_lost": (CORRUPT, _bytes(lambda data: data[2000:])),
    "first_half": (CORRUPT, _bytes(lambda data: data[: len(data) // 2])),
    "nine_tenths": (CORRUPT, _bytes(lambda data: data[: len(data) * 9 // 10])),
    "last_byte_lost": (CORRUPT, _bytes(lambda data: data[:-1])),
    "hole": (CORRUPT, _bytes(lambda data: _zeroed(data, 0.5, 0.6))),
    "end_zeroed": (CORRUPT, _bytes(lambda data: _zeroed(data, 0.7, 1))),
    "pictures_zeroed": (CORRUPT, _bytes(lambda data: _zeroed(data, 0.2, 1))),
    "bits_flipped": (CORRUPT, _bytes(_flipped)),
    "quarters_swapped": (CORRUPT, _bytes(_swapped)),
    "text_mode": (CORRUPT, _bytes(_of_words)),
    "no_frames": (CORRUPT, _without_frames),
    "unknown_codec": (CORRUPT, _bytes(lambda data: _replaced(data, b"avc1\0", b"zzzz\0"))),
    "cut_mkv": (CORRUPT, _cut("matroska")),
    "cut_avi": (CORRUPT, _cut("avi")),
    "cut_flv": (CORRUPT, _cut("flv")),
    "ts_with_a_hole": (CORRUPT, _hole_in_a_broadcast),
    "encrypted": (CORRUPT, _encrypted),
    "compressed": (CORRUPT, _bytes(gzip.compress)),
    "cover": (CORRUPT, _cover),
    "empty_folder": (CORRUPT, lambda whole, path: path.mkdir()),
    "folder_of_text": (CORRUPT, _folder_of("note.txt")),
    "image_link_to_nothing": (MISSING, _images(lambda image: image.symlink_to("nowhere.png"))),
    "image_empty": (CORRUPT, _images(lambda image: image.touch())),
    "image_huge": (CORRUPT, _images(lambda image: image.write_bytes(_huge_picture()))),
    "image_that_is_a_folder": (CORRUPT, _folder_of_a_folder),
    "copy": (DUPLICATE, _bytes(lambda data: data)),
    "hard_link": (DUPLICATE, lambda whole, path: path.hardlink_to(whole)),
    "link": (DUPLICATE, lambda whole, path: path.symlink_to(whole)),
    "still_picture": (SHORT, _bytes(lambda data: _picture())),
    "one_frame": (SHORT, lambda whole, path: write_numbered(path, 1)),
    "one_frame_too_few": (SHORT, lambda whole, path: write_numbered(path, 78)),
}


def listed_name(kind: str, number: int) -> str:
    """Return the name under which a broken video of a kind is to be listed."""
    name = f"{number:04d}_{kind}.mp4"
    if kind == "absent_folder":
        return f"gone/{name}"
    if kind == "below_a_file":
        return f"whole.mp4/{name}"
    return name.replace(kind, 300 * "x") if kind == "name_too_long" else name
