import json
from pathlib import Path

import pytest
from nine_videos import LABELS, dataset

from i3d_edge.accuracy.data.dataset import ListOptions, read_dataset
from i3d_edge.accuracy.data.manifest import VideoManifest, digest_of, is_manifest, read_manifest, verify_videos
from i3d_edge.accuracy.data.subset import make_subset
from i3d_edge.core.errors import LabelError, ListError
from i3d_edge.core.labels import LabelSet


@pytest.fixture
def manifest(tmp_path: Path) -> VideoManifest:
    return make_subset(dataset(tmp_path), LABELS, tmp_path / "m.json")


def test_a_manifest_is_read_back(manifest: VideoManifest) -> None:
    assert is_manifest(manifest.path)
    assert not is_manifest(manifest.path.parent / "list.csv")
    assert read_manifest(manifest.path) == manifest
    assert [video.label for video in manifest.videos(LABELS)] == ["jump"] * 3 + ["run"] * 3 + ["walk"] * 3
    assert all(video.sha256 and video.file.is_file() for video in manifest.videos(LABELS))


def test_a_manifest_is_known_whatever_wrote_it_anew(manifest: VideoManifest) -> None:
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


def test_a_manifest_without_a_root(manifest: VideoManifest) -> None:
    content = json.loads(manifest.path.read_text())
    for change, expected in (
        ({}, "missing field 'root'"),
        ({"root": None}, "root: expected str, got null"),
    ):
        del content["root"]
        content |= change
        manifest.path.write_text(json.dumps(content))
        with pytest.raises(ListError) as caught:
            read_manifest(manifest.path)
        assert caught.value.message == f"manifest '{manifest.path}' is damaged: {expected}"
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


def test_videos_below_a_folder_whose_name_is_not_utf8(tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    folder.mkdir()
    listing = dataset(tmp_path).path
    for path in tmp_path.glob("*.mp4"):
        path.rename(folder / path.name)
    data = read_dataset(listing, LABELS, ListOptions(root=folder))
    with pytest.raises(ListError) as caught:
        make_subset(data, LABELS, tmp_path / "m.json")
    assert str(caught.value) == (
        f"the name of folder '{tmp_path}/caf\\udce9' is not UTF-8, so a manifest cannot hold it\n\nhint: rename it"
    )
    beside = make_subset(data, LABELS, folder / "m.json")
    assert beside.content["root"] == "."
    with pytest.raises(ListError) as caught:
        read_manifest(beside.path)
    assert str(caught.value) == (
        f"the path of manifest '{tmp_path}/caf\\udce9/m.json' is not UTF-8, so results cannot name it\n\n"
        "hint: rename it"
    )


def test_an_edited_manifest_is_refused(manifest: VideoManifest) -> None:
    content = json.loads(manifest.path.read_text())
    content["videos"][0]["label"] = "walk"
    manifest.path.write_text(json.dumps(content))
    with pytest.raises(ListError) as caught:
        read_manifest(manifest.path)
    assert str(caught.value) == (
        f"manifest '{manifest.path}' was edited: the digest of its content is {digest_of(content)[:12]}, and it "
        f"states {manifest.digest[:12]}\n\nhint: make a new one by `i3d accuracy subset`"
    )
    content["manifest_version"] = 9
    manifest.path.write_text(json.dumps(content))
    with pytest.raises(ListError, match="has version 9; this program reads version 1"):
        read_manifest(manifest.path)


def test_another_models_classes(manifest: VideoManifest) -> None:
    manifest.videos(LabelSet("more", (*LABELS.names, "swim")))
    manifest.content["videos"][0]["index"] = 1
    with pytest.raises(LabelError, match="where class 1 is 'jump'"):
        manifest.videos(LABELS)
    manifest.content["videos"][0]["index"] = 0
    with pytest.raises(LabelError) as caught:
        manifest.videos(LabelSet("other", ("run", "jump", "walk")))
    assert str(caught.value) == (
        f"manifest '{manifest.path}' was made for the classes 'three', where class 0 is 'jump'; the model has 'other'"
        "\n\nhint: `i3d accuracy subset --model` makes one for this model"
    )


def test_changed_videos_are_found(manifest: VideoManifest) -> None:
    verify_videos(manifest)
    video = manifest.path.parent / "0_jump.mp4"
    video.write_bytes(b"x" + video.read_bytes()[1:])
    with pytest.raises(ListError) as caught:
        verify_videos(manifest)
    assert str(caught.value) == (
        f"1 of 9 videos of manifest '{manifest.path}' changed or are gone: '0_jump.mp4'\n\n"
        "hint: bring back the videos that were pinned, say where they are by --videos, or make a new manifest"
    )
    (manifest.path.parent / "1_run.mp4").unlink()
    with pytest.raises(ListError, match=r"2 of 9 videos .* changed or are gone: '0_jump\.mp4', '1_run\.mp4'"):
        verify_videos(manifest)


def test_videos_may_have_moved(manifest: VideoManifest, tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    for path in tmp_path.glob("*.mp4"):
        path.rename(tmp_path / "moved" / path.name)
    with pytest.raises(ListError, match="9 of 9 videos"):
        verify_videos(manifest)
    verify_videos(manifest, root=tmp_path / "moved")
    assert manifest.videos(LABELS, root=tmp_path / "moved")[0].file == tmp_path / "moved" / "0_jump.mp4"
