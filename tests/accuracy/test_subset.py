import random
import shutil
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import get_args

import cv2
import pytest
from broken import BREAKS, listed_name, whole_video
from nine_videos import LABELS, dataset, paths
from synthetic import numbered_frame

from i3d_edge.accuracy.data.dataset import DataSet, ListedVideo, ListOptions, read_dataset
from i3d_edge.accuracy.data.manifest import verify_videos
from i3d_edge.accuracy.data.subset import How, _quotas, make_subset
from i3d_edge.accuracy.data.video_check import Fault, VideoFacts, check_video, verified
from i3d_edge.accuracy.run.hashed_video import HashedVideo
from i3d_edge.core.errors import ListError


def test_one_of_each_class(tmp_path: Path) -> None:
    data = dataset(tmp_path)
    manifest = make_subset(data, LABELS, tmp_path / "m.json", num_videos=3)
    assert [video["index"] for video in manifest.content["videos"]] == [0, 1, 2]
    drawn = {tuple(paths(make_subset(data, LABELS, tmp_path / f"{s}.json", num_videos=3, seed=s))) for s in range(9)}
    assert len(drawn) > 3
    [video] = [video for video in manifest.content["videos"] if video["label"] == "run"]
    number = int(video["path"].partition("_")[0])
    assert (video["num_frames"], video["fps"], video["duration_s"]) == (10 + number, 25.0, (10 + number) / 25)
    assert video["num_bytes"] == (tmp_path / video["path"]).stat().st_size


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dataset(tmp_path)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    first = make_subset(data, LABELS, tmp_path / "a.json", num_videos=5).path.read_bytes()
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert make_subset(data, LABELS, tmp_path / "b.json", num_videos=5).path.read_bytes() == first
    backwards = DataSet(data.path, data.format, data.root, data.videos[::-1])
    assert make_subset(backwards, LABELS, tmp_path / "c.json", num_videos=5).path.read_bytes() == first


def test_the_digest_does_not_depend_on_the_place(tmp_path: Path) -> None:
    for name in ("here", "there/below"):
        (tmp_path / name).mkdir(parents=True)
    here = dataset(tmp_path / "here")
    (tmp_path / "here" / "0_jump.mp4").write_text("broken")
    shutil.copytree(tmp_path / "here", tmp_path / "there/below", dirs_exist_ok=True)
    there = read_dataset(tmp_path / "there/below/list.csv", LABELS)
    one = make_subset(here, LABELS, tmp_path / "one.json", num_videos=9)
    other = make_subset(there, LABELS, tmp_path / "there/other.json", num_videos=9)
    assert (one.digest, len(one.content["excluded"])) == (other.digest, 1)
    assert (one.content["root"], other.content["root"]) == ("here", "below")


def test_random_and_omz(tmp_path: Path) -> None:
    data = dataset(tmp_path)
    (tmp_path / "1_run.mp4").unlink()
    first = make_subset(data, LABELS, tmp_path / "omz.json", num_videos=4, how="omz")
    assert paths(first) == ["0_jump.mp4", "2_walk.mp4", "3_jump.mp4", "4_run.mp4"]
    assert first.content["choice"]["seed"] is None
    drawn = {
        tuple(paths(make_subset(data, LABELS, tmp_path / f"{seed}.json", num_videos=4, how="random", seed=seed)))
        for seed in range(5)
    }
    assert len(drawn) == 5
    assert all(len(set(names)) == 4 and "1_run.mp4" not in names for names in drawn)


def test_quotas() -> None:
    for sizes, num_videos, expected in [
        ({"a": 5, "b": 1, "c": 5}, 8, {"a": 4, "b": 1, "c": 3}),
        ({"a": 5, "b": 5}, 1, {"a": 1, "b": 0}),
        ({"a": 2, "b": 0}, 9, {"a": 2, "b": 0}),
    ]:
        assert _quotas(sizes, num_videos) == expected


def test_quotas_are_what_dealing_out_one_by_one_gives() -> None:
    for num_videos in [*range(40), 97, 1000]:
        rng = random.Random(num_videos)
        sizes = {str(number): rng.randrange(9) for number in range(12)}
        quotas, left = dict.fromkeys(sizes, 0), num_videos
        while left and any(quotas[name] < size for name, size in sizes.items()):
            for name, size in sizes.items():
                if left and quotas[name] < size:
                    quotas[name] += 1
                    left -= 1
        assert _quotas(sizes, num_videos) == quotas


def fake_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_whole: Callable[[int], bool]) -> DataSet:
    """Three hundred videos that are not there; which are whole is said by their number."""

    def check(video: ListedVideo) -> VideoFacts | Fault:
        time.sleep(0.0005)
        number = int(video.path)
        return VideoFacts(f"{number:064}", 1, 4.0, 25.0, 100) if is_whole(number) else Fault("missing: gone")

    monkeypatch.setattr("i3d_edge.accuracy.data.subset.check_video", check)
    (tmp_path / "list.csv").write_text("path,label\n" + "".join(f"{n},{LABELS.names[n % 3]}\n" for n in range(300)))
    return read_dataset(tmp_path / "list.csv", LABELS)


@pytest.mark.parametrize("how", get_args(How))
def test_how_many_check_at_once_changes_nothing(how: How, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = fake_data(tmp_path, monkeypatch, lambda number: number % 7 == 0)
    made = set()
    for workers in (1, 2, 5, 16):
        monkeypatch.setattr("os.cpu_count", lambda number=workers: number)
        manifest = make_subset(data, LABELS, tmp_path / f"{workers}.json", num_videos=9, how=how)
        made.add(manifest.path.read_bytes())
    assert len(made) == 1
    assert len(manifest.content["videos"]) == 9
    assert len(manifest.content["excluded"]) < 200


def test_copies_and_missing_videos_are_excluded(tmp_path: Path) -> None:
    data = dataset(tmp_path)
    shutil.copy(tmp_path / "1_run.mp4", tmp_path / "5_walk.mp4")
    shutil.copy(tmp_path / "2_walk.mp4", tmp_path / "8_walk.mp4")
    (tmp_path / "7_run.mp4").unlink()
    manifest = make_subset(data, LABELS, tmp_path / "m.json", how="omz")
    assert paths(manifest) == ["0_jump.mp4", "1_run.mp4", "2_walk.mp4", "3_jump.mp4", "4_run.mp4", "6_jump.mp4"]
    assert manifest.content["excluded"] == [
        {"path": "5_walk.mp4", "reason": "duplicate: the same bytes as '1_run.mp4', which has another label"},
        {"path": "7_run.mp4", "reason": "missing: there is no such file"},
        {"path": "8_walk.mp4", "reason": "duplicate: the same bytes as '2_walk.mp4'"},
    ]


def test_every_kind_of_fault_is_found(tmp_path: Path) -> None:
    """The whole one is listed first, so that copies of it are the ones that are passed over."""
    whole = whole_video(tmp_path / "whole.mp4")
    names = {kind: listed_name(kind, number) for number, kind in enumerate(BREAKS)}
    for kind, (_, make) in BREAKS.items():
        make(whole, tmp_path / names[kind])
    rows = "".join(f"{name},run\n" for name in ("whole.mp4", *names.values())) + "blank.mp4,\n"
    (tmp_path / "list.csv").write_text("path,label\n" + rows)
    listed = read_dataset(tmp_path / "list.csv", LABELS, ListOptions(frames_fps=Fraction(25)))
    num_videos = len(listed.videos)
    manifest = make_subset(listed, LABELS, tmp_path / "m.json", num_videos=num_videos, how="omz", drops_short=True)
    assert paths(manifest) == ["whole.mp4"]
    reasons = {item["path"]: item["reason"] for item in manifest.content["excluded"]}
    expected = {names[kind]: reason for kind, (reason, _) in BREAKS.items()} | {"blank.mp4": "unlabelled"}
    assert {name: reason.partition(":")[0] for name, reason in reasons.items()} == expected
    assert reasons[names["copy"]] == "duplicate: the same bytes as 'whole.mp4'"
    assert reasons[names["one_frame_too_few"]] == "short: 3.12 s, less than a clip of 3.16 s"
    assert reasons[names["image_link_to_nothing"]] == (
        "missing: it cannot be read: no such file or directory: 'image_00003.png'"
    )
    assert not any(str(tmp_path) in reason for reason in reasons.values())


def test_what_is_broken_is_replaced_from_its_class(tmp_path: Path) -> None:
    data = dataset(tmp_path)
    (tmp_path / "1_run.mp4").unlink()
    (tmp_path / "4_run.mp4").write_text("<html>404</html>")
    manifest = make_subset(data, LABELS, tmp_path / "m.json", num_videos=3)
    assert [video["label"] for video in manifest.content["videos"]] == ["jump", "run", "walk"]
    assert paths(manifest)[1] == "7_run.mp4"


def test_answers_come_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dataset(tmp_path)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    found = verified(check_video, data.videos)
    assert [facts.num_frames for facts in found if isinstance(facts, VideoFacts)] == list(range(10, 19))


def test_frame_folders_are_pinned_by_their_images(tmp_path: Path) -> None:
    (tmp_path / "run/v").mkdir(parents=True)
    for number in range(5):
        cv2.imwrite(str(tmp_path / f"run/v/image_{number + 1:05d}.jpg"), numbered_frame(number))
    data = read_dataset(tmp_path, LABELS, ListOptions(frames_fps=Fraction("29.97")))
    manifest = make_subset(data, LABELS, tmp_path / "m.json")
    assert manifest.content["frames_fps"] == "2997/100"
    [video] = manifest.videos(LABELS)
    assert (video.file, video.frames_fps) == (tmp_path / "run/v", Fraction("29.97"))
    verify_videos(manifest)
    (tmp_path / "run/v/image_00003.jpg").unlink()
    with pytest.raises(ListError, match=r"1 of 1 videos .* changed or are gone: 'run/v'"):
        verify_videos(manifest)
    stated = ListedVideo("run/v", tmp_path / "run/v", "run", num_frames=5, frames_fps=Fraction(25))
    assert check_video(stated) == Fault("corrupt: 5 frames are stated; the folder holds 4")


@pytest.mark.parametrize("stated_by", ["list", "n_frames"])
def test_a_manifest_keeps_how_many_images_count(stated_by: str, tmp_path: Path) -> None:
    (tmp_path / "fr/f0").mkdir(parents=True)
    for number in range(40):
        cv2.imwrite(str(tmp_path / f"fr/f0/image_{number + 1:05d}.jpg"), numbered_frame(number))
    if stated_by == "n_frames":
        (tmp_path / "fr/f0/n_frames").write_text("20")
    (tmp_path / "list.txt").write_text("fr/f0 20 0\n" if stated_by == "list" else "fr/f0 0\n")
    data = read_dataset(tmp_path / "list.txt", LABELS, ListOptions(frames_fps=Fraction(25)))
    manifest = make_subset(data, LABELS, tmp_path / "m.json")
    (tmp_path / "fr/f0/n_frames").unlink(missing_ok=True)
    for video in (*manifest.videos(LABELS), *([data.videos[0]] if stated_by == "list" else [])):
        assert HashedVideo(video).open().timeline.num_frames == 20


def test_nothing_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\na.mp4,run\n")
    with pytest.raises(ListError) as caught:
        make_subset(read_dataset(tmp_path / "list.csv", LABELS), LABELS, tmp_path / "m.json")
    assert str(caught.value) == (
        f"none of the 1 videos of data set '{tmp_path / 'list.csv'}' can be used; the first: missing: there is no such "
        f"file\n\nhint: looked for '{tmp_path / 'a.mp4'}'; --videos says where they lie"
    )
    assert not (tmp_path / "m.json").exists()
