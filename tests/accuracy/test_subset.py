import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from threading import Lock

import cv2
import pytest
from broken import BREAKS, listed_name, whole_video
from synthetic import numbered_frame, write_numbered

from accuracy import video_check
from accuracy.dataset import DataSet, ListedVideo, read_dataset
from accuracy.decoding import HashedVideo
from accuracy.manifest import Manifest, digest_of, is_manifest, read_manifest, verify_videos
from accuracy.subset import HOWS, How, _quotas, make_subset
from accuracy.video_check import CheckPool, Fault, VideoFacts, check_video
from i3d_edge.errors import LabelError, ListError
from i3d_edge.labels import LabelSet

LABELS = LabelSet("three", ("jump", "run", "walk"))


def dataset(root: Path, per_class: int = 3) -> DataSet:
    """Nine videos, three of a class, each of its own length and so of its own bytes."""
    rows = []
    for number in range(per_class * 3):
        label = LABELS.names[number % 3]
        write_numbered(root / f"{number}_{label}.mp4", 10 + number)
        rows.append(f"{number}_{label}.mp4,{label}\n")
    (root / "list.csv").write_text("path,label\n" + "".join(rows))
    return read_dataset(root / "list.csv", LABELS)


def paths(manifest: Manifest) -> list[str]:
    return [video["path"] for video in manifest.content["videos"]]


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


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    data = dataset(tmp_path)
    first = make_subset(data, LABELS, tmp_path / "a.json", num_videos=5, num_workers=1).path.read_bytes()
    assert make_subset(data, LABELS, tmp_path / "b.json", num_videos=5, num_workers=4).path.read_bytes() == first
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


@pytest.mark.parametrize(
    ("sizes", "num_videos", "expected"),
    [
        ({"a": 5, "b": 1, "c": 5}, 8, {"a": 4, "b": 1, "c": 3}),
        ({"a": 5, "b": 5}, 1, {"a": 1, "b": 0}),
        ({"a": 2, "b": 0}, 9, {"a": 2, "b": 0}),
    ],
)
def test_quotas(sizes: dict[str, int], num_videos: int, expected: dict[str, int]) -> None:
    assert _quotas(sizes, num_videos) == expected


@pytest.mark.parametrize("num_videos", [*range(40), 97, 1000])
def test_quotas_are_what_dealing_out_one_by_one_gives(num_videos: int) -> None:
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

    monkeypatch.setattr("accuracy.video_check.check_video", check)
    monkeypatch.setattr("accuracy.subset.content_stat", lambda path: (1, 1))
    (tmp_path / "list.csv").write_text("path,label\n" + "".join(f"{n},{LABELS.names[n % 3]}\n" for n in range(300)))
    return read_dataset(tmp_path / "list.csv", LABELS)


@pytest.mark.parametrize("how", HOWS)
def test_how_many_check_at_once_changes_nothing(how: How, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = fake_data(tmp_path, monkeypatch, lambda number: number % 7 == 0)
    made = set()
    for workers in (1, 2, 5, 16):
        manifest = make_subset(data, LABELS, tmp_path / f"{workers}.json", num_videos=9, how=how, num_workers=workers)
        made.add(manifest.path.read_bytes())
    assert len(made) == 1
    assert len(manifest.content["videos"]) == 9
    assert len(manifest.content["excluded"]) < 200  # what was checked ahead and not needed is not named


def test_the_last_video_that_lacks_is_looked_for_by_all_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = fake_data(tmp_path, monkeypatch, lambda number: number == 250)
    running, most, tracked, lock = 0, 0, [], Lock()
    check = video_check.check_video

    def counted(video: ListedVideo) -> VideoFacts | Fault:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        found = check(video)
        with lock:
            running -= 1
        return found

    def track(items: Iterable[bool], **options: object) -> Iterable[bool]:
        tracked.append(options)
        return items

    monkeypatch.setattr("accuracy.video_check.check_video", counted)
    monkeypatch.setattr("accuracy.subset.track", track)
    manifest = make_subset(data, LABELS, tmp_path / "m.json", num_videos=1, how="omz", num_workers=4)
    assert paths(manifest) == ["250"]
    assert [item["path"] for item in manifest.content["excluded"]] == sorted(str(number) for number in range(250))
    assert most == 4
    assert tracked == [{"total": 1, "title": "checking", "unit": "video"}]


def test_all_are_checked_if_asked_for(tmp_path: Path) -> None:
    data = dataset(tmp_path)
    shutil.copy(tmp_path / "1_run.mp4", tmp_path / "5_walk.mp4")
    shutil.copy(tmp_path / "2_walk.mp4", tmp_path / "8_walk.mp4")
    (tmp_path / "7_run.mp4").unlink()
    options = {"num_videos": 1, "how": "omz", "checks_all": True}
    manifest = make_subset(data, LABELS, tmp_path / "m.json", **options)
    assert paths(manifest) == ["0_jump.mp4"]
    assert manifest.content["excluded"] == [
        {"path": "5_walk.mp4", "reason": "duplicate: the same bytes as '1_run.mp4', which has another label"},
        {"path": "7_run.mp4", "reason": "missing: there is no such file"},
        {"path": "8_walk.mp4", "reason": "duplicate: the same bytes as '2_walk.mp4'"},
    ]
    short = make_subset(data, LABELS, tmp_path / "s.json", **options, num_workers=3)
    assert short.path.read_bytes() == manifest.path.read_bytes()


def test_every_kind_of_fault_is_found(tmp_path: Path) -> None:
    """The whole one is listed first, so that copies of it are the ones that are passed over."""
    whole = whole_video(tmp_path / "whole.mp4")
    names = {kind: listed_name(kind, number) for number, kind in enumerate(BREAKS)}
    for kind, (_, make) in BREAKS.items():
        make(whole, tmp_path / names[kind])
    rows = "".join(f"{name},run\n" for name in ("whole.mp4", *names.values())) + "blank.mp4,\n"
    (tmp_path / "list.csv").write_text("path,label\n" + rows)
    listed = read_dataset(tmp_path / "list.csv", LABELS, frames_fps=Fraction(25))
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

    kept = make_subset(listed, LABELS, tmp_path / "kept.json", num_videos=1, how="random", checks_all=True)
    assert len(kept.content["videos"]) == 1
    found = {name for name, reason in expected.items() if reason not in ("short", "duplicate")}
    assert {item["path"] for item in kept.content["excluded"]} >= found


def test_what_is_broken_is_replaced_from_its_class(tmp_path: Path) -> None:
    data = dataset(tmp_path)
    (tmp_path / "1_run.mp4").unlink()
    (tmp_path / "4_run.mp4").write_text("<html>404</html>")
    manifest = make_subset(data, LABELS, tmp_path / "m.json", num_videos=3)
    assert [video["label"] for video in manifest.content["videos"]] == ["jump", "run", "walk"]
    assert paths(manifest)[1] == "7_run.mp4"


def test_answers_come_in_order(tmp_path: Path) -> None:
    data = dataset(tmp_path)
    with CheckPool(4) as pool:
        pool.begin(data.videos)
        found = [pool.check(video) for video in data.videos]
    assert [facts.num_frames for facts in found if isinstance(facts, VideoFacts)] == list(range(10, 19))


def test_frame_folders_are_pinned_by_their_images(tmp_path: Path) -> None:
    (tmp_path / "run/v").mkdir(parents=True)
    for number in range(5):
        cv2.imwrite(str(tmp_path / f"run/v/image_{number + 1:05d}.jpg"), numbered_frame(number))
    data = read_dataset(tmp_path, LABELS, frames_fps=Fraction("29.97"))
    manifest = make_subset(data, LABELS, tmp_path / "m.json")
    assert manifest.content["frames_fps"] == "2997/100"
    [video] = manifest.videos(LABELS)
    assert (video.file, video.frames_fps) == (tmp_path / "run/v", Fraction("29.97"))
    verify_videos(manifest, force=True)
    (tmp_path / "run/v/image_00003.jpg").unlink()
    with pytest.raises(ListError, match="1 of 1 changed or are gone: 'run/v'"):
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
    data = read_dataset(tmp_path / "list.txt", LABELS, frames_fps=Fraction(25))
    manifest = make_subset(data, LABELS, tmp_path / "m.json")
    (tmp_path / "fr/f0/n_frames").unlink(missing_ok=True)
    for video in (*manifest.videos(LABELS), *([data.videos[0]] if stated_by == "list" else [])):
        assert HashedVideo(video).open().timeline.num_frames == 20


def test_nothing_that_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\na.mp4,run\n")
    with pytest.raises(ListError) as caught:
        make_subset(read_dataset(tmp_path / "list.csv", LABELS), LABELS, tmp_path / "m.json")
    assert str(caught.value) == (
        f"data set '{tmp_path / 'list.csv'}' must have a video that can be used; all 1 were excluded, the first one "
        "because of missing: there is no such file\n\nhint: --videos says where they lie"
    )
    assert not (tmp_path / "m.json").exists()


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return make_subset(dataset(tmp_path), LABELS, tmp_path / "m.json")


def test_a_manifest_is_read_back(manifest: Manifest) -> None:
    assert is_manifest(manifest.path)
    assert not is_manifest(manifest.path.parent / "list.csv")
    assert read_manifest(manifest.path) == manifest
    assert [video.label for video in manifest.videos(LABELS)] == ["jump"] * 3 + ["run"] * 3 + ["walk"] * 3
    assert all(video.sha256 and video.file.is_file() for video in manifest.videos(LABELS))


def test_a_manifest_is_known_whatever_wrote_it_anew(manifest: Manifest) -> None:
    content = json.loads(manifest.path.read_text())
    padded = {"a" * 2000: None, **content}
    for text in (json.dumps(content, sort_keys=True), "\n" + json.dumps(content), "\ufeff" + json.dumps(content)):
        manifest.path.write_text(text, encoding="utf-8")
        assert is_manifest(manifest.path)
        assert read_manifest(manifest.path).content == manifest.content
    manifest.path.write_text(json.dumps(padded))
    assert is_manifest(manifest.path)
    manifest.path.write_text(json.dumps(content)[:-100])
    assert is_manifest(manifest.path)
    manifest.path.write_text('{"database": {}, "note": "manifest_version"}')
    assert not is_manifest(manifest.path)


def test_a_manifest_without_a_root(manifest: Manifest) -> None:
    content = json.loads(manifest.path.read_text())
    for change, expected in (
        ({}, "be JSON as `i3d accuracy subset` writes it; got no 'root'"),
        ({"root": None}, "name the folder of its videos as its root; got None"),
    ):
        del content["root"]
        content |= change
        manifest.path.write_text(json.dumps(content))
        with pytest.raises(ListError) as caught:
            read_manifest(manifest.path)
        assert str(caught.value) == f"manifest '{manifest.path}' must {expected}"
        content["root"] = "."


def test_a_manifest_in_a_folder_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "far/away").mkdir(parents=True)
    (tmp_path / "videos").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "far/away")
    data = dataset(tmp_path / "videos")
    manifest = make_subset(data, LABELS, tmp_path / "out/m.json")
    assert manifest.content["root"] == "../../videos"
    assert all(video.file.is_file() for video in read_manifest(tmp_path / "out/m.json").videos(LABELS))
    assert all(video.file.is_file() for video in read_manifest(tmp_path / "far/away/m.json").videos(LABELS))


def test_what_was_verified_is_known_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "videos").mkdir()
    monkeypatch.chdir(tmp_path)
    data = dataset(tmp_path / "videos")
    manifest = make_subset(data, LABELS, Path("m.json"))
    monkeypatch.setattr("accuracy.manifest.content_sha256", lambda path: "read")
    verify_videos(manifest, root=Path("videos"))
    monkeypatch.chdir(tmp_path / "videos")
    there = read_manifest(Path("../m.json"))
    verify_videos(there)
    verify_videos(there, root=Path("."))


def test_videos_below_a_folder_whose_name_is_not_utf8(tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    folder.mkdir()
    listing = dataset(tmp_path).path
    for path in tmp_path.glob("*.mp4"):
        path.rename(folder / path.name)
    data = read_dataset(listing, LABELS, root=folder)
    with pytest.raises(ListError) as caught:
        make_subset(data, LABELS, tmp_path / "m.json")
    assert str(caught.value) == (
        f"folder '{tmp_path}/caf\\udce9' must have a name that is UTF-8, for a manifest to name it; "
        "got 'caf\\udce9'\n\nhint: rename it"
    )
    beside = make_subset(data, LABELS, folder / "m.json")
    assert beside.content["root"] == "."
    with pytest.raises(ListError) as caught:
        read_manifest(beside.path)
    assert str(caught.value) == (
        f"manifest '{tmp_path}/caf\\udce9/m.json' must have a path that is UTF-8, for results to name it; "
        "it has other bytes"
    )


def test_an_edited_manifest_is_refused(manifest: Manifest) -> None:
    content = json.loads(manifest.path.read_text())
    content["videos"][0]["label"] = "walk"
    manifest.path.write_text(json.dumps(content))
    with pytest.raises(ListError) as caught:
        read_manifest(manifest.path)
    assert str(caught.value) == (
        f"manifest '{manifest.path}' must have the digest of its content, {digest_of(content)[:12]}; "
        f"it states {manifest.digest[:12]}\n\nhint: somebody edited it: make a new one by `i3d accuracy subset`"
    )
    content["manifest_version"] = 9
    manifest.path.write_text(json.dumps(content))
    with pytest.raises(ListError, match="must have version 1; got 9"):
        read_manifest(manifest.path)


def test_another_models_classes(manifest: Manifest) -> None:
    manifest.videos(LabelSet("more", (*LABELS.names, "swim")))
    with pytest.raises(LabelError) as caught:
        manifest.videos(LabelSet("other", ("run", "jump", "walk")))
    assert str(caught.value) == (
        f"manifest '{manifest.path}' must have the model's classes, 'other'; it was made for 'three', where class 0 "
        "is 'jump'\n\nhint: `i3d accuracy subset --model` makes one for this model"
    )


def test_changed_videos_are_found(manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr("accuracy.manifest.content_sha256", lambda path: read.append(path) or "other")
    verify_videos(manifest)  # sizes and times are as they were: nothing is read
    assert read == []
    video = manifest.path.parent / "0_jump.mp4"
    os.utime(video, ns=(1, 1))
    with pytest.raises(ListError) as caught:
        verify_videos(manifest)
    assert read == [video]
    assert str(caught.value) == (
        f"manifest '{manifest.path}' must list videos as they are; 1 of 9 changed or are gone: '0_jump.mp4'\n\n"
        "hint: bring back the videos that were pinned, say where they are by --videos, or make a new manifest"
    )
    monkeypatch.undo()
    verify_videos(manifest)  # the bytes are the same after all
    video.write_bytes(b"x" + video.read_bytes()[1:])
    (manifest.path.parent / "1_run.mp4").unlink()
    with pytest.raises(ListError, match=r"2 of 9 changed or are gone: '0_jump\.mp4', '1_run\.mp4'"):
        verify_videos(manifest)


def test_forced_verification_reads_everything(manifest: Manifest) -> None:
    video = manifest.path.parent / "0_jump.mp4"
    stat = video.stat()
    video.write_bytes(b"x" + video.read_bytes()[1:])
    os.utime(video, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    verify_videos(manifest)
    with pytest.raises(ListError, match="1 of 9 changed"):
        verify_videos(manifest, force=True)


def test_videos_may_have_moved(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    for path in tmp_path.glob("*.mp4"):
        path.rename(tmp_path / "moved" / path.name)
    with pytest.raises(ListError, match="9 of 9 changed or are gone"):
        verify_videos(manifest)
    verify_videos(manifest, root=tmp_path / "moved")
    assert manifest.videos(LABELS, root=tmp_path / "moved")[0].file == tmp_path / "moved" / "0_jump.mp4"
