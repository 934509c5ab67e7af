"""Pictures of videos, from the files that were scored and from no others."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from runs import Run, Video, sure, write_run
from synthetic import write_numbered, write_video

from i3d_edge.accuracy.data.video_check import content_sha256
from i3d_edge.accuracy.report.pictures import Found, RunPictures
from i3d_edge.accuracy.result.recorded_run import RecordedRun, read_run


def recorded(folder: Path, list_path: Path, name: str, file: Path) -> RecordedRun:
    video = Video(name, 0, [sure(0)], sha256=content_sha256(file) if file.exists() else "0" * 64)
    data = {"path": str(list_path), "manifest_digest": None, "sha256": "0" * 64}
    return read_run(write_run(folder / "run", Run({"m": [video]}, overrides={"data": data})))


def decoded(found: Found) -> list[np.ndarray]:
    assert not isinstance(found, str)
    jpegs = [base64.b64decode(picture.url.removeprefix("data:image/jpeg;base64,")) for picture in found]
    return [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in jpegs]


def test_three_pictures_from_beginning_middle_and_end(tmp_path: Path) -> None:
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
    frames = [np.full((120, 160, 3), colours[number // 10], np.uint8) for number in range(30)]
    file = write_video(tmp_path / "a.mp4", frames)
    pictures = decoded(RunPictures().of(recorded(tmp_path, tmp_path / "list.csv", "a.mp4", file), "a.mp4"))
    for picture, colour in zip(pictures, colours, strict=True):
        assert picture.shape == (120, 160, 3)
        assert picture[40, 56, ::-1].astype(int) == pytest.approx(colour, abs=12)


def test_where_the_videos_are_now(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    file = write_numbered(tmp_path / "new" / "a.mp4", 5)
    run = recorded(tmp_path, tmp_path / "list.csv", "a.mp4", file)
    assert RunPictures().of(run, "a.mp4") == "the file is not here"
    assert decoded(RunPictures(tmp_path / "new").of(run, "a.mp4"))
    run.result["data"]["root"] = str(tmp_path / "new")
    assert decoded(RunPictures().of(run, "a.mp4"))


def test_another_file_of_that_name_is_not_shown(tmp_path: Path) -> None:
    file = write_numbered(tmp_path / "a.mp4", 5)
    run = recorded(tmp_path, tmp_path / "list.csv", "a.mp4", file)
    write_numbered(file, 6)
    assert RunPictures().of(run, "a.mp4") == "the file has changed since"
    del run.result["videos"]  # so it could name any file
    assert RunPictures().of(run, "a.mp4") == "the run does not say which bytes it read"


def test_a_file_that_does_not_decode(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    file.write_text("no video")
    run = recorded(tmp_path, tmp_path / "list.csv", "a.mp4", file)
    assert RunPictures().of(run, "a.mp4") == "the file does not decode: VideoOpenError"


def test_a_name_that_is_no_path(tmp_path: Path) -> None:
    run = recorded(tmp_path, tmp_path / "list.csv", "a\x00b", tmp_path / "none")
    assert RunPictures().of(run, "a\x00b") == "the file is not here"


def test_a_folder_of_images(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(4):
        cv2.imwrite(str(folder / f"image_{number + 1:05d}.jpg"), np.full((84, 100, 3), 60 * number, np.uint8))
    run = recorded(tmp_path, tmp_path / "list.csv", "frames", folder)
    assert [picture.shape for picture in decoded(RunPictures().of(run, "frames"))] == [(84, 100, 3)] * 3


def test_the_root_of_a_manifest(tmp_path: Path) -> None:
    from i3d_edge.accuracy.data.manifest import digest_of

    (tmp_path / "videos").mkdir()
    file = write_numbered(tmp_path / "videos" / "a.mp4", 5)
    manifest = tmp_path / "val.json"
    made_from = {"name": "", "format": "", "sha256": None, "split": None, "classes_sha256": None, "num_listed": 1}
    content = {
        "manifest_version": 1,
        "root": "videos",
        "labels": "",
        "num_classes": 1,
        "labels_sha256": "",
        "frames_fps": None,
        "made_from": made_from,
        "choice": {"how": "random", "num_asked": 1, "seed": 0, "drops_short": False},
        "videos": [],
        "excluded": [],
    }
    manifest.write_text(json.dumps({**content, "digest": digest_of(content)}))
    run = recorded(tmp_path, manifest, "a.mp4", file)
    pictures = RunPictures()
    assert decoded(pictures.of(run, "a.mp4"))
    manifest.write_text(json.dumps({**content, "digest": "0"}))
    assert RunPictures().of(run, "a.mp4") == "the manifest has changed since"


def test_each_file_is_decoded_once(tmp_path: Path) -> None:
    file = write_numbered(tmp_path / "a.mp4", 5)
    run = recorded(tmp_path, tmp_path / "list.csv", "a.mp4", file)
    pictures = RunPictures()
    assert pictures.of(run, "a.mp4") is pictures.of(run, "a.mp4")
