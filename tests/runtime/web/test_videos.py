"""Videos that are sent: answers, pages, limits."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from fake_box import Connect, FakeBox
from starlette.testclient import TestClient
from synthetic import write_numbered
from tiny import write_tiny_ir

from i3d_edge.runtime import VideoClassifier
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.web.site import VideoLimits

MP4 = {"Content-Type": "video/mp4"}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_numbered(tmp_path_factory.mktemp("video") / "v.mp4", 50)


@pytest.fixture
def sent(video: Path) -> dict[str, Any]:
    return {"content": video.read_bytes(), "headers": MP4}


@pytest.mark.parametrize("is_form", [False, True])
def test_a_video_is_classified(connect: Connect, box: FakeBox, video: Path, tmp_path: Path, is_form: bool) -> None:
    content = video.read_bytes()
    body: dict[str, Any] = {"files": {"video": ("v.mp4", content)}} if is_form else {"content": content, "headers": MP4}
    answer = connect().post("/v1/classify?num_clips=3&k=2", **body).json()
    expected = VideoClassifier(box.engine).classify(video, k=2)
    assert [item["label"] for item in answer["predictions"]] == [item.label for item in expected.predictions]
    assert (len(answer["views"]), answer["num_frames"]) == (3, 50)
    assert not list((tmp_path / "uploads").iterdir())


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"content": b"no video", "headers": MP4}, 422, "cannot open video 'video'"),
        ({"content": b"#EXTM3U\nfile:///etc/passwd\n", "headers": MP4}, 422, "cannot open video 'video'"),
        ({"content": b"", "headers": MP4}, 422, "cannot open video 'video'"),
        ({"content": b"x", "headers": {"Content-Type": "text/plain"}}, 415, "send a video as"),
        ({"content": b"x"}, 415, "send a video as"),
        ({"data": {"video": "text"}, "files": {"none": b""}}, 422, "the form has no file"),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400, "boundary"),
        ({"content": b"x" * 2_000_000, "headers": MP4}, 413, "at most 1,000,000 bytes"),
        ({"files": {"video": b"x" * 2_000_000}}, 413, "at most"),
    ],
)
def test_what_is_refused(connect: Connect, tmp_path: Path, body: dict[str, Any], status: int, message: str) -> None:
    answer = connect(limits=VideoLimits(max_bytes=1_000_000)).post("/v1/classify", **body)
    assert answer.status_code == status
    assert message in answer.json()["error"]
    assert str(tmp_path) not in answer.text
    assert not list((tmp_path / "uploads").iterdir())


def test_a_long_video_is_refused(connect: Connect, sent: dict[str, Any]) -> None:
    answer = connect(limits=VideoLimits(longest_s=1)).post("/v1/classify", **sent)
    assert (answer.status_code, answer.json()["error"]) == (422, "the video lasts 2.0 s; at most 1 s are taken")


def test_a_full_disk_is_said(
    connect: Connect, sent: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("i3d_edge.runtime.web.uploads.run_in_threadpool", full)
    answer = connect().post("/v1/classify", **sent)
    assert (answer.status_code, "No space left" in answer.json()["error"]) == (507, True)
    assert not list((tmp_path / "uploads").iterdir())


@pytest.mark.parametrize("query", ["num_clips=0", "num_clips=11", "k=0", "k=x"])
def test_options_have_ranges(connect: Connect, sent: dict[str, Any], query: str) -> None:
    assert connect().post(f"/v1/classify?{query}", **sent).status_code == 422


def test_a_step_model_says_that_it_takes_no_clips(
    connect: Connect, box: FakeBox, sent: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write_tiny_ir(tmp_path_factory.mktemp("steps") / "m.xml", sees_time=True)
    box.engine = Engine(path, hop=3)
    answer = connect().post("/v1/classify", **sent)
    assert (answer.status_code, answer.json()["error"]) == (422, "a step model takes no whole clips")


def test_one_at_a_time_a_few_wait_and_others_come_again(
    connect: Connect, sent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go, num_running, most = Event(), 0, 0
    classify = VideoClassifier.classify

    def slowly(*args: Any, **options: Any) -> Any:
        nonlocal num_running, most
        num_running += 1
        most = max(most, num_running)
        may_go.wait(10)
        num_running -= 1
        return classify(*args, **options)

    monkeypatch.setattr(VideoClassifier, "classify", slowly)
    with connect() as client:  # one event loop for all
        answers: list[Any] = []
        threads = [Thread(target=lambda: answers.append(client.post("/v1/classify", **sent))) for _ in range(6)]
        for thread in threads:
            thread.start()
        limit = time.monotonic() + 10
        while len(answers) < 2 and time.monotonic() < limit:
            time.sleep(0.01)
        refused = list(answers)
        may_go.set()
        for thread in threads:
            thread.join()
    assert [(answer.status_code, answer.headers["retry-after"]) for answer in refused] == [(503, "5")] * 2
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [503] * 2
    assert most == 1


def page_of(client: TestClient, name: str, content: bytes) -> Any:
    began = client.post("/jobs", files={"video": (name, content)})
    assert began.status_code == 303
    limit = time.monotonic() + 20
    while 'http-equiv="refresh"' in (shown := client.get(began.headers["location"])).text:
        assert time.monotonic() < limit
        time.sleep(0.05)
    return shown


def test_the_page_about_a_video(connect: Connect, video: Path, tmp_path: Path) -> None:
    with connect() as client:
        shown = page_of(client, "<b>my.mp4", video.read_bytes())
        assert "&lt;b&gt;my.mp4" in shown.text
        assert str(tmp_path) not in shown.text
        policy = shown.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert "cannot open video &#39;x.mp4&#39;" in page_of(client, "../x.mp4", b"no video").text
        assert client.get("/jobs/none").status_code == 404


def test_the_interface_is_described(connect: Connect) -> None:
    client = connect()
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths["/v1/classify"]["post"]["requestBody"]["content"]) == {"video/*", "multipart/form-data"}
    assert {"/healthz", "/readyz", "/metrics", "/v2/models/{model}/infer"} <= set(paths)
    assert {client.get(path).status_code for path in ("/docs", "/redoc")} == {404}  # they would load from elsewhere
