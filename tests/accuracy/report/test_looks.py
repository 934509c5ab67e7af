"""What the models of a report saw, when they run again."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest
from pages import Page
from runs import INFO, Run, Video, sure, write_run
from small import write_small_ir
from synthetic import write_video

from i3d_edge.accuracy.report.page import make_report
from i3d_edge.accuracy.result.recorded_run import RecordedRun, read_run
from i3d_edge.core.errors import IRError
from i3d_edge.core.files import sha256_file


@pytest.fixture
def run(tmp_path: Path) -> RecordedRun:
    """Two models on two videos that flip, which are one IR."""
    random, before, after = np.random.default_rng(0), [], []
    for number in range(2):
        file = write_video(tmp_path / f"{number}.mp4", list(random.integers(0, 256, (12, 64, 96, 3), np.uint8)))
        for videos, index in ((before, number), (after, 1 - number)):
            videos.append(Video(file.name, 0, [sure(index, num_classes=5)], sha256_file(file)))
    ir = write_small_ir(tmp_path / "m.xml")
    info = {**INFO, "path": str(ir), "sha256": sha256_file(ir), "weights_sha256": sha256_file(ir.with_suffix(".bin"))}
    data = {"path": str(tmp_path / "list.csv"), "manifest_digest": None, "sha256": "0" * 64}
    overrides = {"data": data, "what": {"one": info, "two": info}}
    return read_run(write_run(tmp_path / "run", Run({"one": before, "two": after}, names="abcde", overrides=overrides)))


def images(page: Page) -> list[np.ndarray]:
    urls = [attributes["src"] for name, attributes in page.elements if name == "img"]
    jpegs = [base64.b64decode(url.removeprefix("data:image/jpeg;base64,")) for url in urls]
    return [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).astype(int) for jpeg in jpegs]


def test_each_flip_shows_where_both_models_saw_their_answers(run: RecordedRun) -> None:
    plain = images(Page(make_report([(run, None)])))
    drawn = images(Page(make_report([(run, None)], explains=True)))
    assert (len(plain), len(drawn)) == (2 * 3, 2 * 2 * 3)
    for first, second in zip(drawn[:3], drawn[3:6], strict=True):  # class a and class b of one video
        assert np.abs(first - second).mean() > 1


def test_all_videos_by_likeness(run: RecordedRun) -> None:
    page = Page(make_report([(run, "two")], by_likeness=True))
    assert "Videos by likeness" in page.text
    assert len(images(page)) == 2
    assert "a → b" in page.text  # labelled a, answered b
    assert page.text.count("a (") == 2


def test_a_model_that_has_changed_since(run: RecordedRun, tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_bytes(b"other")
    for options in ({"explains": True}, {"by_likeness": True}):
        with pytest.raises(IRError, match="is not the one that run:one is a run of"):
            make_report([(run, None)], **options)
    assert make_report([(run, None)])
