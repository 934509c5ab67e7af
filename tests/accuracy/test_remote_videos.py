"""Runs over lists and manifests of videos at addresses: as over files, and without secrets in what is written."""

from __future__ import annotations

import json
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from fake_store import FakeStore
from small import write_small_ir
from synthetic import write_numbered
from tiny import LABELS, write_tiny_ir

from i3d_edge import classify_videos, run_accuracy
from i3d_edge.accuracy.data.dataset import ListOptions, read_dataset
from i3d_edge.accuracy.data.near_duplicates import find_near_duplicates
from i3d_edge.accuracy.data.subset import make_subset
from i3d_edge.accuracy.result.schema import Result
from i3d_edge.core.errors import DownloadError, ListError, VideoOpenError
from i3d_edge.runtime.frames import remote

NAMES = [f"{number}.mp4" for number in range(4)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model, four videos, and a list and a manifest of them."""
    write_tiny_ir(tmp_path / "tiny.xml")
    for number, name in enumerate(NAMES):
        write_numbered(tmp_path / name, 12 + number)
    write_list(tmp_path / "list.csv", NAMES)
    make_subset(read_dataset(tmp_path / "list.csv", LABELS), LABELS, tmp_path / "pinned.json")
    return tmp_path


@pytest.fixture
def store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    """The videos in two stores, one of which wants a signature."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(remote, "_PAUSES_S", ())
    monkeypatch.setattr(remote, "_here", threading.local())
    store = FakeStore(monkeypatch)
    for name in NAMES:
        store.objects |= dict.fromkeys((f"s3://bucket/val/{name}", signed(name)), (folder / name).read_bytes())
    return store


def signed(name: str) -> str:
    return f"https://ann:pw@store/val/{name}?sig=s3cret"


def write_list(path: Path, names: list[str]) -> None:
    rows = [f"{name},{LABELS.names[number]}\n" for number, name in enumerate(names)]
    path.write_text("path,label\n" + "".join(rows))


def run(folder: Path, listed: str, output: str, **options: Any) -> Result:
    return run_accuracy(folder / listed, [str(folder / "tiny.xml")], folder / output, num_clips=2, **options)


def test_a_list_of_addresses(folder: Path, store: FakeStore) -> None:
    write_list(folder / "remote.csv", [signed(name) for name in [*NAMES, "gone.mp4"]])
    run(folder, "list.csv", "here")
    result = run(folder, "remote.csv", "there")
    assert sorted(store.asked) == [signed(name) for name in [*NAMES, "gone.mp4"]]
    assert [video["path"] for video in result["videos"]] == [f"https://store/val/{name}" for name in NAMES]
    [dropped] = result["counts"]["dropped"]
    assert dropped["reason"] == "VideoOpenError: no video 'https://***@store/val/gone.mp4?sig=***'"
    written = {
        name: (folder / "there" / name).read_text() for name in ("predictions.jsonl", "videos.jsonl", "run.json")
    }
    assert written["predictions.jsonl"].replace("https://store/val/", "") == (
        (folder / "here" / "predictions.jsonl").read_text()
    )
    assert not any("s3cret" in text or "ann" in text or "pw@" in text for text in written.values())
    write_list(folder / "remote.csv", [f"{signed(name)}2" for name in [*NAMES, "gone.mp4"]])  # another signature
    assert run(folder, "remote.csv", "there")["time"]["num_new"] == 0
    assert len(store.asked) == 5


def test_a_manifest_whose_videos_are_in_a_store(folder: Path, store: FakeStore) -> None:
    there = ListOptions(root=Path("s3://bucket/val"))
    run(folder, "pinned.json", "here")
    for name in NAMES:
        (folder / name).unlink()
    result = run(folder, "pinned.json", "there", reading=there)
    assert (folder / "there" / "predictions.jsonl").read_bytes() == (folder / "here" / "predictions.jsonl").read_bytes()
    assert result["data"]["root"] == "s3://bucket/val"
    store.objects["s3://bucket/val/2.mp4"] += b"more"
    [dropped] = run(folder, "pinned.json", "changed", reading=there)["counts"]["dropped"]
    assert dropped["reason"] == "VideoOpenError: video '2.mp4' is not the one that the manifest pins"


def test_a_manifest_made_of_addresses(folder: Path, store: FakeStore) -> None:
    small = write_small_ir(folder / "small.xml")
    for root, names in ((Path("s3://bucket/val"), NAMES), (None, [f"s3://bucket/val/{name}" for name in NAMES])):
        write_list(folder / "remote.csv", [*names, "s3://bucket/gone.mp4"])
        data = read_dataset(folder / "remote.csv", LABELS, ListOptions(root=root))
        made = make_subset(data, LABELS, folder / "remote.json", force=True)
        pinned = json.loads((folder / "pinned.json").read_text())["videos"]
        assert [video["sha256"] for video in made.content["videos"]] == [video["sha256"] for video in pinned]
        assert made.content["excluded"] == [
            {"path": "s3://bucket/gone.mp4", "reason": "missing: there is no such file"}
        ]
        assert len(run(folder, "remote.json", "out", force=True)["videos"]) == 4
        assert find_near_duplicates(made, small)  # the numbers look alike to it


def test_a_store_that_fails_ends_the_run_which_then_goes_on(folder: Path, store: FakeStore) -> None:
    write_list(folder / "remote.csv", [f"s3://bucket/val/{name}" for name in NAMES])
    store.fails["s3://bucket/val/2.mp4"] = [ConnectionError("unreachable")]
    with pytest.raises(DownloadError, match=r"cannot read 's3://bucket/val/2\.mp4': unreachable"):
        run(folder, "remote.csv", "out")
    result = run(folder, "remote.csv", "out")
    assert (result["time"]["num_new"], result["counts"]["dropped"]) == (2, [])
    store.objects.clear()
    with pytest.raises(ListError, match=r"none of the 4 videos .* no video 's3://bucket/val/0\.mp4'"):
        run(folder, "remote.csv", "none")


def test_a_name_that_only_a_query_tells_apart_is_refused(folder: Path, store: FakeStore) -> None:
    write_list(folder / "remote.csv", ["https://store/v?id=1", "https://store/v?id=2"])
    with pytest.raises(ListError, match="names a video twice"):
        run(folder, "remote.csv", "out")


def test_classify(folder: Path, store: FakeStore) -> None:
    (folder / "some.txt").write_text(f"0.mp4\n{signed('1.mp4')}\n")
    arguments = [str(folder / "some.txt"), "s3://bucket/val/2.mp4", "s3://bucket/gone.mp4"]
    answers = dict(classify_videos(arguments, folder / "tiny.xml"))
    assert list(answers) == [f"{folder}/0.mp4", "https://store/val/1.mp4", *arguments[1:]]
    alone = dict(classify_videos([folder / name for name in NAMES[:3]], folder / "tiny.xml"))
    assert list(answers.values())[:3] == list(alone.values())
    assert isinstance(answers["s3://bucket/gone.mp4"], VideoOpenError)
    store.objects["s3://bucket/text.mp4"] = b"no video"
    [error] = dict(classify_videos(["s3://bucket/text.mp4"], folder / "tiny.xml")).values()
    assert str(error).startswith("cannot open video 's3://bucket/text.mp4': ")
