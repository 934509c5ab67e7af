"""Videos at addresses are those that lie there, and what a store refuses is said."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_store import FakeStore, StatusError, not_found
from servers import Served, serve
from synthetic import write_numbered

from i3d_edge.core.errors import DependencyError, DownloadError, I3DError, VideoOpenError
from i3d_edge.runtime.frames import remote
from i3d_edge.runtime.frames.remote import address_of, local_copy, located, public_name
from i3d_edge.runtime.frames.sources import open_source

ADDRESS = "https://ann:pw@store/val/a.mp4?sig=s3cret"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("remote") / "a.mp4"
    write_numbered(path, 12)
    return path.read_bytes()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, video: bytes) -> FakeStore:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(remote, "_PAUSES_S", (0, 0))
    monkeypatch.setattr(remote, "_here", threading.local())
    store = FakeStore(monkeypatch)
    store.objects[ADDRESS] = video
    return store


def in_a_thread(function: Callable[[], object]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    ("text", "address", "name"),
    [
        ("s3://bucket/val/a b.mp4", "s3://bucket/val/a b.mp4", "s3://bucket/val/a b.mp4"),
        ("gs://bucket/a?b.mp4", "gs://bucket/a?b.mp4", "gs://bucket/a?b.mp4"),
        (ADDRESS, ADDRESS, "https://store/val/a.mp4"),
        ("http://host:80/a.mp4#t=1", "http://host:80/a.mp4#t=1", "http://host:80/a.mp4"),
        ("rtsp://host/a", None, "rtsp:/host/a"),
        ("val/a.mp4", None, "val/a.mp4"),
        ("s3", None, "s3"),
    ],
)
def test_names(text: str, address: str | None, name: str) -> None:
    assert address_of(Path(text)) == address
    assert public_name(Path(text)) == name
    assert located(Path("/videos"), text) == (Path(text) if address else Path("/videos") / text)
    assert address_of(located(Path("s3://bucket/val"), "a.mp4")) == "s3://bucket/val/a.mp4"


def test_a_video_is_copied_once_for_all_that_reads_it(store: FakeStore, tmp_path: Path, video: bytes) -> None:
    def read() -> None:
        assert local_copy(Path(ADDRESS)).read_bytes() == video
        assert [index for index, _ in open_source(Path(ADDRESS)).frames([0, 5, 11])] == [0, 5, 11]
        seen.extend(os.listdir(tmp_path))

    seen: list[str] = []
    in_a_thread(read)
    assert (len(seen), os.listdir(tmp_path)) == (1, [])
    assert store.asked == [ADDRESS]
    assert local_copy(tmp_path) == tmp_path


def test_another_video_takes_the_place_of_the_copy(store: FakeStore, tmp_path: Path) -> None:
    def read() -> None:
        for name in ("one.h264", "two", "one.h264"):
            copies.append(local_copy(Path("s3://bucket", name)))
            assert copies[-1].read_bytes() == name.encode()
            assert len(os.listdir(tmp_path)) == 1

    copies: list[Path] = []
    store.objects = {f"s3://bucket/{name}": name.encode() for name in ("one.h264", "two")}
    in_a_thread(read)
    assert [copy.suffix for copy in copies] == [".h264", "", ".h264"]
    assert len(store.asked) == 3


@pytest.mark.parametrize(
    ("failures", "kind", "num_asked"),
    [
        ([OSError("reset"), TimeoutError()], None, 3),
        ([StatusError(503)] * 3, DownloadError, 3),
        ([ValueError("of some library")] * 3, DownloadError, 3),
        ([PermissionError("Forbidden")], DownloadError, 1),
        ([StatusError(403)], DownloadError, 1),
        ([StatusError(410)], VideoOpenError, 1),
        ([not_found(ADDRESS, 404)], VideoOpenError, 1),
        ([not_found(ADDRESS, 503)] * 3, DownloadError, 3),
    ],
)
def test_what_a_store_may_say(
    failures: list[Exception], kind: type[I3DError] | None, num_asked: int, store: FakeStore, tmp_path: Path
) -> None:
    store.fails[ADDRESS] = list(failures)
    if kind is None:
        local_copy(Path(ADDRESS))
    else:
        with pytest.raises(kind, match=r"'https://\*\*\*@store/val/a\.mp4\?sig=\*\*\*'") as caught:
            local_copy(Path(ADDRESS))
        assert "s3cret" not in str(caught.value)
        assert os.listdir(tmp_path) == []
    assert len(store.asked) == num_asked


def test_what_s3_does_not_have(store: FakeStore) -> None:
    with pytest.raises(VideoOpenError, match=r"no video 's3://bucket/a\.mp4'"):
        local_copy(Path("s3://bucket/a.mp4"))


def test_what_is_cut_off_or_never_ends(store: FakeStore, monkeypatch: pytest.MonkeyPatch, video: bytes) -> None:
    store.sizes[ADDRESS] = 1_000_000
    with pytest.raises(DownloadError, match=f"it ends after {len(video):,} of 1,000,000 bytes"):
        local_copy(Path(ADDRESS))
    monkeypatch.setattr(remote, "_MAX_BYTES", len(video) - 1)
    with pytest.raises(VideoOpenError, match="has over 0 GiB or takes longer than 900 s") as caught:
        local_copy(Path(ADDRESS))
    assert caught.value.hint == "`i3d stream` watches live sources"


@pytest.mark.parametrize(("scheme", "package"), [("s3", "s3fs"), ("gs", "gcsfs"), ("https", "aiohttp")])
def test_without_the_packages(
    scheme: str, package: str, store: FakeStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(DependencyError, match=f"reading {scheme}:// needs the package {package}") as caught:
        local_copy(Path(f"{scheme}://bucket/a.mp4"))
    assert caught.value.hint == "pip install 'i3d-edge[remote]'"


@pytest.mark.filterwarnings("ignore")
def test_a_server_itself(video: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fsspec", reason="needs i3d-edge[cluster-tests]")
    pytest.importorskip("aiohttp", reason="needs i3d-edge[cluster-tests]")
    monkeypatch.setattr(remote, "_PAUSES_S", ())
    monkeypatch.setattr(remote, "_BLOCK_BYTES", 1000)
    with serve(Served({"/a.mp4": video, "/a.mp4?token=1": video})) as served:
        assert local_copy(Path(f"{served.url}/a.mp4?token=1")).read_bytes() == video
        assert all(path.endswith("token=1") for path, _ in served.requests)
        assert open_source(Path(f"{served.url}/a.mp4")).timeline.num_frames == 12
        with pytest.raises(VideoOpenError, match="no video"):
            local_copy(Path(f"{served.url}/b.mp4"))
        served.break_after = 500
        with pytest.raises(DownloadError):
            local_copy(Path(f"{served.url}/a.mp4?token=1"))
    with pytest.raises(DownloadError, match="connect call failed"):
        local_copy(Path(f"{served.url}/a.mp4?gone"))


@pytest.mark.filterwarnings("ignore")
def test_s3_itself(video: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("s3fs", reason="needs i3d-edge[cluster-tests]")
    server = pytest.importorskip("moto.server", reason="needs i3d-edge[cluster-tests]").ThreadedMotoServer(port=0)
    server.start()
    monkeypatch.setattr(remote, "_PAUSES_S", ())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "one")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "two")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
    try:
        s3 = __import__("s3fs").S3FileSystem()
        s3.mkdir("bucket")
        s3.pipe("bucket/val/a.mp4", video)
        assert open_source(Path("s3://bucket/val/a.mp4")).timeline.num_frames == 12
        for name in ("bucket/val/b.mp4", "no-bucket/a.mp4"):
            with pytest.raises(VideoOpenError, match="no video 's3://"):
                local_copy(Path(f"s3://{name}"))
    finally:
        server.stop()
    with pytest.raises(DownloadError, match=r"cannot read 's3://bucket/val/a\.mp4': could not connect"):
        local_copy(Path("s3://bucket/val/a.mp4"))
