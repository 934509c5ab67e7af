"""The page: what is shown, what is told, and that texts stay texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import cv2
import numpy as np
import pytest
from fake_box import HOSTILE, Connect, FakeBox, event

from i3d_edge.runtime.web import WebSink
from i3d_edge.runtime.web.feed import MAX_RECORDS, Feed
from i3d_edge.runtime.web.pages import Updates

VOID = {"link", "input", "option"}


@pytest.mark.parametrize("path", ["/", "/camera/door", "/review", "/classify", "/login"])
def test_pages_have_no_script_or_style_of_their_own(connect: Connect, path: str) -> None:
    html = connect().get(path).text
    assert "style=" not in html
    assert "<style" not in html
    assert html.count("<script") == html.count('<script src="/static/') == 1
    assert " on" not in "".join(part.partition(">")[0].replace(" one", "") for part in html.split("<"))
    assert "//" not in html.replace("</", "")  # nothing from elsewhere


def test_names_are_text(connect: Connect, box: FakeBox) -> None:
    box.put(HOSTILE)
    html = connect().get(f"/camera/{HOSTILE}").text
    assert "<img" not in html
    assert "&lt;img" in html
    assert connect().get("/camera/none").status_code == 404


def test_a_picture_is_made_a_few_times_a_second_however_many_ask(connect: Connect, box: FakeBox) -> None:
    client = connect()
    answers = [client.get("/api/picture/door") for _ in range(20)]
    assert {answer.headers["content-type"] for answer in answers} == {"image/jpeg"}
    assert box.num_pictures < 4
    picture = cv2.imdecode(np.frombuffer(answers[0].content, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (270, 480, 3)
    assert picture[100, 100, 2] > 180 > 40 > picture[100, 100, 0]  # red, in OpenCV's order
    box.put("yard")
    for path, status in (("none", 404), ("yard", 404), ("door?large=9999", 422), ("..%2f..%2fetc%2fpasswd", 404)):
        assert client.get(f"/api/picture/{path}").status_code == status, path


def messages(updates: Updates, num: int) -> list[tuple[str, Any]]:
    async def read() -> list[str]:
        stream, texts = updates.stream(), []
        async for text in stream:
            texts.append(text)
            if len(texts) == num:
                break
        await stream.aclose()
        return texts

    lines = [text.strip().split("\n") for text in anyio.run(read)]
    return [(kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for kind, data in lines]


def test_updates_begin_with_everything_and_go_on_with_changes(box: FakeBox, sink: WebSink) -> None:
    sink.happened(event("start", "1-a", label=HOSTILE))
    updates = Updates(box, sink.feed)
    begin, records, cameras = messages(updates, 3)
    assert begin == ("begin", {})
    assert [(record["key"], record["label"], record["type"]) for record in records[1]] == [("1-a", HOSTILE, "start")]
    [region] = cameras[1]["door"]["regions"]
    assert (region["windows"], region["latency_ms"], region["top"][0]) == (
        12,
        420,
        {"label": "red", "index": 0, "prob": 0.7},
    )
    number, _ = sink.feed.since(-1)
    sink.happened(event("end", "1-a"))
    assert [record["type"] for record in sink.feed.since(number)[1]] == ["end"]


def test_events_of_before_are_read_and_reviews_with_them(tmp_path: Path) -> None:
    lines = [event("start", "1-a"), event("end", "1-a"), event("start", "2-b"), event("gap")]
    (tmp_path / "events").mkdir()
    text = "\n".join(line.to_json() for line in lines) + '\n["no event"]\n{"type": "start", "id": "3-c", "cut o'
    (tmp_path / "events" / "2026-03-01.jsonl").write_text(text)
    (tmp_path / "reviews.jsonl").write_text(
        '{"id": "1-a", "verdict": "wrong"}\n{"id": "1-a", "verdict": "keep"}\n{"id": "2-b", "verd'
    )
    feed = Feed(tmp_path)
    records = {record["key"]: record for record in feed.since(-1)[1]}
    assert [(record["type"], record["verdict"]) for record in records.values()] == [
        ("end", "keep"),
        ("start", None),
        ("gap", None),
    ]
    feed.review("2-b", "wrong", "red")
    last = (tmp_path / "reviews.jsonl").read_text().splitlines()[-1]
    assert {**json.loads(last), "time": ""} == {"id": "2-b", "verdict": "wrong", "time": "", "label": "red"}


def test_the_feed_is_bounded(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    for number in range(MAX_RECORDS + 5):
        feed.happened(event("start", f"{number}-a").fields)
    records = feed.since(-1)[1]
    assert (len(records), records[0]["key"]) == (MAX_RECORDS, "5-a")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id": "1-a", "verdict": "seen"}, 204),
        ({"id": "1-a", "verdict": "wrong", "label": "blue"}, 204),
        ({"id": "1-a", "verdict": "wrong", "label": "no such class"}, 422),
        ({"id": "1-a", "verdict": "nice"}, 422),
        ({"id": "../1-a", "verdict": "seen"}, 422),
        ({"id": "2-b", "verdict": "seen"}, 404),
        ([], 422),
    ],
)
def test_reviews_are_checked(connect: Connect, sink: WebSink, tmp_path: Path, body: Any, status: int) -> None:
    sink.happened(event("start", "1-a"))
    answer = connect().post("/api/reviews", json=body)
    assert answer.status_code == status
    assert (tmp_path / "reviews.jsonl").exists() == (status == 204)
    if status == 204:
        assert sink.feed.since(-1)[1][0]["verdict"] == body["verdict"]
    else:
        assert set(answer.json()) == {"error"}


def test_clips_are_served_by_id_and_nothing_else(connect: Connect, tmp_path: Path) -> None:
    day = tmp_path / "clips" / "2026-03-01"
    day.mkdir(parents=True)
    (day / "1772366407.250-1c0f42ae.mp4").write_bytes(b"0123456789")
    (day / "1772366407.250-1c0f42ae.json").write_text("{}")
    (tmp_path / "secret.mp4").write_text("secret")
    (tmp_path / "clips" / "secret.mp4").write_text("secret")
    (day / "1772366408.000-1c0f42ae.mkv").write_text("vp9")
    client = connect()
    other = client.get("/clips/1772366408.000-1c0f42ae.mp4")
    assert (other.text, other.headers["Content-Type"]) == ("vp9", "video/x-matroska")
    clip = client.get("/clips/1772366407.250-1c0f42ae.mp4", headers={"Range": "bytes=2-4"})
    assert (clip.status_code, clip.content, clip.headers["content-type"]) == (206, b"234", "video/mp4")
    for path in (
        "1772366407.250-1c0f42ae.json",
        "1772366407.250-1c0f42ae.jpg",
        "secret.mp4",
        "../secret.mp4",
        "..%2fsecret.mp4",
        "%2e%2e/secret.mp4",
        "*.mp4",
        "?????????????????????????.mp4",
        ".mp4",
    ):
        assert client.get(f"/clips/{path}").status_code == 404, path
    for path in ("/static/../access.py", "/static/%2e%2e/access.py", "/static/..%2faccess.py"):
        assert client.get(path).status_code == 404, path
