"""Each form as its own tools write it, read into the same thing."""

import json
from pathlib import Path

import pytest
from listing import LABELS, message, rows, touch, write

from i3d_edge.accuracy.data.dataset import ListOptions, read_dataset
from i3d_edge.core.errors import LabelError, ListError
from i3d_edge.core.labels import LabelSet, read_label_file, shipped


def test_kinetics_csv_with_files_named_as_cvdf_does(tmp_path: Path) -> None:
    videos = touch(
        tmp_path / "val",
        "aaaaaaaaaaa_000001_000011.mp4",
        "zumba/bbbbbbbbbbb_000020_000030.mkv",
        "ccccccccccc.webm",
        "unlisted_000000_000010.mp4",
    )
    text = """label,youtube_id,time_start,time_end,split,is_cc
abseiling,aaaaaaaaaaa,1,11,validate,0
zumba,bbbbbbbbbbb,20,30,validate,0
"massaging person's head",ccccccccccc,5,15,validate,0
zumba,--ddddddddd,0,10,validate,0
,eeeeeeeeeee,0,10,test,0
"""
    data = read_dataset(write(tmp_path / "validate.csv", text), LABELS, ListOptions(root=videos))
    assert data.format == "kinetics"
    assert rows(data) == [
        ("aaaaaaaaaaa_000001_000011.mp4", "abseiling"),
        ("zumba/bbbbbbbbbbb_000020_000030.mkv", "zumba"),
        ("ccccccccccc.webm", "massaging person's head"),
        ("--ddddddddd_000000_000010.mp4", "zumba"),
        ("eeeeeeeeeee_000000_000010.mp4", None),
    ]
    assert [video.file.exists() for video in data.videos] == [True, True, True, False, False]


def test_kinetics_csv_of_the_test_set_has_no_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "test.csv", "youtube_id,time_start,time_end,split\naaaaaaaaaaa,1,11,test\n")
    assert rows(read_dataset(path, LABELS)) == [("aaaaaaaaaaa_000001_000011.mp4", None)]


def test_kinetics_times_that_are_none(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for start in ["one", "inf", "nan", "-inf"]:
        with subtests.test(start=start):
            path = write(tmp_path / "v.csv", f"label,youtube_id,time_start,time_end\nzumba,aaaaaaaaaaa,{start},11\n")
            assert message(path) == f"list '{path}', line 2, has times that are not seconds: '{start}' and '11'"


def test_kinetics_csv_with_class_folders_that_are_links(tmp_path: Path) -> None:
    """Each folder is searched once, so that a link to one above it ends."""
    touch(tmp_path / "disk", "zumba/aaaaaaaaaaa_000001_000011.mp4")
    (tmp_path / "val").mkdir()
    (tmp_path / "val" / "zumba").symlink_to(tmp_path / "disk" / "zumba")
    (tmp_path / "disk" / "zumba" / "up").symlink_to(tmp_path / "val")
    path = write(tmp_path / "v.csv", "label,youtube_id,time_start,time_end\nzumba,aaaaaaaaaaa,1,11\n")
    data = read_dataset(path, LABELS, ListOptions(root=tmp_path / "val"))
    assert rows(data) == [("zumba/aaaaaaaaaaa_000001_000011.mp4", "zumba")]


def test_kinetics_csv_with_quotes_or_blank_lines(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for header in ['"label","youtube_id","time_start","time_end"', '\n  \nlabel, "youtube_id",time_start,time_end']:
        with subtests.test(header=header):
            path = write(tmp_path / "v.csv", f'{header}\n"zumba","aaaaaaaaaaa","1","11"\n')
            assert rows(read_dataset(path, LABELS)) == [("aaaaaaaaaaa_000001_000011.mp4", "zumba")]


SPLITS = """label,youtube_id,time_start,time_end,split
abseiling,aaaaaaaaaaa,1,11,train
zumba,bbbbbbbbbbb,20,30,Val
zumba,ccccccccccc,0,10,validate
yoga,ddddddddddd,0,10,test
"""


def test_kinetics_csv_without_a_header(tmp_path: Path) -> None:
    path = write(tmp_path / "v.csv", '"zumba","-aaaaaaaaa_",1,11,val,0\nyoga,bbbbbbbbbbb,20,30,train,1\n')
    assert rows(read_dataset(path, LABELS)) == [
        ("-aaaaaaaaa__000001_000011.mp4", "zumba"),
        ("bbbbbbbbbbb_000020_000030.mp4", "yoga"),
    ]
    assert rows(read_dataset(path, LABELS, ListOptions(split="val"))) == [("-aaaaaaaaa__000001_000011.mp4", "zumba")]


def test_kinetics_csv_of_several_splits(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for split, expected in [
        (None, "abcd"),
        ("train", "a"),
        ("val", "bc"),
        ("validate", "bc"),
        ("validation", "bc"),
        ("test", "d"),
    ]:
        with subtests.test(split=split):
            path = write(tmp_path / "all.csv", SPLITS)
            assert (
                "".join(video.path[0] for video in read_dataset(path, LABELS, ListOptions(split=split)).videos)
                == expected
            )


def test_classes_of_the_data_sets_own(tmp_path: Path) -> None:
    path = write(tmp_path / "v.csv", "path,label,source\na.mp4,waving,door\nb.mp4,Falling,\n")
    data = read_dataset(path, None)
    assert rows(data) == [("a.mp4", "waving"), ("b.mp4", "Falling")]
    assert [video.source for video in data.videos] == ["door", None]
    indexed = write(tmp_path / "v.txt", "a.mp4 1\nb.mp4 0\n")
    classes = write(tmp_path / "classes.txt", "Falling\nwaving\n")
    assert rows(read_dataset(indexed, None, ListOptions(classes_path=classes))) == rows(data)
    with pytest.raises(ListError, match="does not name its classes"):
        read_dataset(indexed, None)


def test_a_split_that_a_csv_does_not_have(tmp_path: Path) -> None:
    path = write(tmp_path / "all.csv", SPLITS)
    assert message(path, split="holdout") == (
        f"list '{path}' has no videos of the split 'holdout'; available: Val, test, train, validate"
    )
    path = write(tmp_path / "v.csv", "path,label\na.mp4,zumba\n")
    assert (
        message(path, split="val") == f"list '{path}' has no column 'split'; available: path, label; --split needs it"
    )
    path = write(tmp_path / "w.csv", "path,split,label\na.mp4,val,zumba\nb.mp4,train,yoga\n")
    assert rows(read_dataset(path, LABELS, ListOptions(split="val"))) == [("a.mp4", "zumba")]


def test_formats_without_splits(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name, text in [
        ("path-index", "a.mp4 0\n"),
        ("frame-folders", "a 5 0\n"),
        ("ucf101", "Archery/v_Archery_g01_c02.avi\n"),
    ]:
        with subtests.test(name=name):
            path = write(tmp_path / "val.txt", text)
            assert message(path, split="val") == (
                f"--split needs a format with splits; data set '{path}' is read as {name}\n\n"
                "hint: leave --split out, and give the list or folder of that split"
            )


def test_class_folders_have_neither_splits_nor_indices(tmp_path: Path) -> None:
    touch(tmp_path, "zumba/a.mp4")
    assert message(tmp_path, split="val").startswith(
        f"--split needs a format with splits; data set '{tmp_path}' is read as class-folders"
    )
    assert message(tmp_path, classes_path=write(tmp_path / "classes.txt", "zumba\n")) == (
        f"--classes needs class indices; data set '{tmp_path}' is read as class-folders, which has names\n\n"
        "hint: leave --classes out: names are matched with the model's"
    )


def test_class_folders_with_spaces_or_underscores(tmp_path: Path) -> None:
    root = touch(
        tmp_path,
        "playing cricket/b.mp4",
        "playing cricket/a.avi",
        "playing cricket/readme.txt",
        "massaging_persons_head/c.webm",
        "Zumba/frames_of_d/img_00001.jpg",
        "notes/todo.txt",
    )
    data = read_dataset(root, LABELS)
    assert data.format == "class-folders"
    assert rows(data) == [
        ("Zumba/frames_of_d", "zumba"),
        ("massaging_persons_head/c.webm", "massaging person's head"),
        ("playing cricket/a.avi", "playing cricket"),
        ("playing cricket/b.mp4", "playing cricket"),
    ]


def test_class_folders_of_other_classes(tmp_path: Path) -> None:
    touch(tmp_path, "playing criket/a.mp4")
    assert message(tmp_path, LabelError).startswith(
        f"list '{tmp_path}', folder 'playing criket': label 'playing criket' is not among the 400 of 'kinetics-400'"
    )


def test_splits_instead_of_classes(tmp_path: Path) -> None:
    touch(tmp_path, "train/zumba/a.mp4", "val/zumba/b.mp4")
    assert message(tmp_path) == (
        f"folder '{tmp_path}' holds splits, not a folder for each class: train, val\n\n"
        f"hint: give one of them: {tmp_path / 'val'}"
    )


def test_an_empty_folder(tmp_path: Path) -> None:
    assert message(tmp_path).startswith(f"folder '{tmp_path}' holds no class folders with videos")


def test_path_and_index(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for text in ["a b.mp4 399\nc.mp4 0\n", "a b.mp4,399\nc.mp4,0\n", "a b.mp4 , 399\nc.mp4\t0\n"]:
        with subtests.test(text=text):
            data = read_dataset(write(tmp_path / "val.txt", text), LABELS)
            assert data.format == "path-index"
            assert rows(data) == [("a b.mp4", "zumba"), ("c.mp4", "abseiling")]


def test_frame_folders_with_counts(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for separator in [" ", ",", ", "]:
        with subtests.test(separator=separator):
            text = "".join(
                f"{separator.join(cells)}\n" for cells in (("abseiling/x y", "163", "0"), ("z", "250", "399"))
            )
            data = read_dataset(write(tmp_path / "val.txt", text), LABELS)
            assert data.format == "frame-folders"
            assert [(video.path, video.label, video.num_frames) for video in data.videos] == [
                ("abseiling/x y", "abseiling", 163),
                ("z", "zumba", 250),
            ]


def test_a_video_whose_name_ends_in_a_number_is_not_a_frame_folder(tmp_path: Path) -> None:
    data = read_dataset(write(tmp_path / "val.txt", "take 2.mp4 12 0\n"), LABELS, ListOptions(format_name="path-index"))
    assert rows(data) == [("take 2.mp4", "abseiling")]
    assert read_dataset(tmp_path / "val.txt", LABELS).format == "path-index"


def test_gluoncvs_lists_of_video_files_state_a_length_too(tmp_path: Path) -> None:
    """It is taken for a part of the name where what precedes it is not called like a video."""
    path = write(tmp_path / "val.txt", "video_001.mp4 200 0\nb.MKV,30,399\ne 12 0\n")
    data = read_dataset(path, LABELS)
    assert data.format == "path-index"
    assert rows(data) == [
        ("video_001.mp4", "abseiling"),
        ("b.MKV", "zumba"),
        ("e 12", "abseiling"),
    ]


def test_numbers_of_too_many_digits(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for line in ["a.mp4 {}", "a {} 0"]:
        with subtests.test(line=line):
            path = write(tmp_path / "val.txt", f"{line.format('9' * 5000)}\n")
            number = line.partition(" ")[0] + " " + "9" * 118
            if line == "a.mp4 {}":
                assert message(path) == (
                    f"list '{path}', line 1, is not a path and a class index: '{number[:120]}...'\n\n"
                    "hint: the path comes first, then the index; "
                    "for names, a header says path,label, or is Kinetics' own"
                )
            text = message(path, format_name="frame-folders")
            assert text == (
                f"list '{path}', line 1, is not a frame folder, its number of frames and a class index: "
                f"'{number[:120]}...'"
            )


def test_videos_that_are_no_folder(tmp_path: Path) -> None:
    touch(tmp_path, "data/zumba/a.mp4", "file")
    assert message(tmp_path / "data", root=tmp_path / "no") == (
        f"cannot read folder '{tmp_path / 'no'}': No such file or directory"
    )
    assert message(tmp_path / "data", root=tmp_path / "file") == (
        f"cannot read folder '{tmp_path / 'file'}': Not a directory"
    )


def test_class_folders_with_links_to_themselves(tmp_path: Path) -> None:
    touch(tmp_path, "zumba/a.mp4")
    (tmp_path / "yoga").symlink_to("yoga")
    (tmp_path / "zumba" / "b.mp4").symlink_to("b.mp4")
    assert rows(read_dataset(tmp_path, LABELS)) == [("zumba/a.mp4", "zumba")]


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    touch(tmp_path, "zumba/a.mp4", "zumba/caf\udce9.mp4")
    assert message(tmp_path) == (
        f"data set '{tmp_path}' has a name that is not UTF-8: 'zumba/caf\\udce9.mp4'\n\n"
        "hint: rename that file or folder"
    )
    listing = write(touch(tmp_path / "caf\udce9") / "list.csv", "path,label\na.mp4,zumba\n")
    escaped = f"'{tmp_path}/caf\\udce9/list.csv'"
    assert message(listing) == (
        f"data set {escaped} has a name that is not UTF-8: {escaped}\n\nhint: rename that file or folder"
    )


def test_a_name_of_a_list_that_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    assert message(path) == f"list '{path}' is not a readable text file: File name too long"


def omz(tmp_path: Path) -> Path:
    database = {
        f"{name}_000000_000010": {"subset": subset, "annotations": {"label": label}}
        for name, subset, label in (
            ("aaaaaaaaaaa", "validation", "zumba"),
            ("bbbbbbbbbbb", "training", "zumba"),
            ("ccccccccccc", "validation", "playing cricket"),
            ("ddddddddddd", "validation", "abseiling"),
        )
    }
    text = json.dumps({"labels": ["zumba", "playing cricket", "abseiling"], "database": database})
    return write(tmp_path / "kinetics_400.json", text)


def test_json_of_open_model_zoo(tmp_path: Path) -> None:
    """The order of its labels is not the model's, and does not matter."""
    path = omz(tmp_path)
    root = touch(
        tmp_path / "frames",
        "zumba/aaaaaaaaaaa_000000_000010/image_00001.jpg",
        "playing_cricket/ccccccccccc_000000_000010.mp4",
    )
    data = read_dataset(path, LABELS, ListOptions(root=root))
    assert data.format == "omz"
    assert rows(data) == [
        ("zumba/aaaaaaaaaaa_000000_000010", "zumba"),
        ("playing_cricket/ccccccccccc_000000_000010.mp4", "playing cricket"),
        ("abseiling/ddddddddddd_000000_000010", "abseiling"),
    ]
    assert rows(read_dataset(path, LABELS, ListOptions(split="training"))) == [
        ("zumba/bbbbbbbbbbb_000000_000010", "zumba")
    ]
    assert message(path, split="val") == (
        f"list '{path}' has no videos of the subset 'val'; available: training, validation"
    )


def test_somethings_json(tmp_path: Path, subtests: pytest.Subtests) -> None:
    """Beside MMAction2's list of the same videos, whose indices are those of `labels.json`."""
    labels = shipped("something-something-v2")
    assert labels is not None
    touch(tmp_path, "20bn/78687.webm", "42326.mp4")
    items = [
        {
            "id": "78687",
            "label": "holding potato next to bottle",
            "template": "Holding [something] next to [something]",
        },
        {"id": 42326, "template": "Putting [number of] [something] onto [something]", "placeholders": []},
        {"id": "1420"},
    ]
    path = write(tmp_path / "validation.json", json.dumps(items))
    data = read_dataset(path, labels)
    assert data.format == "something-something"
    assert rows(data) == [
        ("20bn/78687.webm", "Holding something next to something"),
        ("42326.mp4", "Putting number of something onto something"),
        ("1420.webm", None),
    ]
    indices = write(tmp_path / "labels.json", json.dumps({name: str(index) for index, name in enumerate(labels.names)}))
    assert read_label_file(indices).names == labels.names
    theirs = write(tmp_path / "val.txt", "20bn/78687.webm 19\n42326.mp4 102\n")
    assert rows(read_dataset(theirs, labels, ListOptions(classes_path=indices))) == rows(data)[:2]
    for text, expected in [
        ('[{"id": "1"}, 5]', f"list '{path}', item 2, has no 'id', or a 'template' that is no text"),
        ('[{"id": "1", "template": 5}]', f"list '{path}', item 1, has no 'id', or a 'template' that is no text"),
    ]:
        with subtests.test(text=text):
            assert message(write(path, text)) == expected
    assert message(theirs, format_name="something-something") == (
        f"list '{theirs}' is not Something-Something's: a JSON list of objects with an 'id'"
    )


def test_a_manifest_is_no_list(tmp_path: Path) -> None:
    path = write(tmp_path / "m.json", '\ufeff{"digest": "", "manifest_version": 1}')
    assert message(path) == (
        f"data set '{path}' is a manifest: its videos are chosen already\n\nhint: `i3d accuracy run` takes it as it is"
    )


def test_json_of_another_kind(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for text in ['{"videos": []}', '{"database', '{"a": ' * 100_000]:
        with subtests.test(text=text[:20]):
            path = write(tmp_path / "a.json", text)
            assert message(path) == (
                f"list '{path}' is JSON, but no manifest, nor Kinetics', Open Model Zoo's or "
                "Something-Something's annotation"
            )


def test_json_of_open_model_zoo_with_labels_that_are_no_names(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for label in [5, ["zumba"], True]:
        with subtests.test(label=label):
            database = {"a": {"subset": "validation", "annotations": {"label": label}}}
            path = write(tmp_path / "k.json", json.dumps({"database": database}))
            assert message(path) == f"list '{path}', video 'a', has a label that is no name: {label!r}"


def test_json_of_open_model_zoo_with_a_name_that_is_too_long(tmp_path: Path) -> None:
    database = {"x" * 300: {"subset": "validation", "annotations": {"label": "zumba"}}}
    path = write(tmp_path / "k.json", json.dumps({"database": database}))
    assert rows(read_dataset(path, LABELS)) == [(f"zumba/{'x' * 300}", "zumba")]


UCF = LabelSet("ucf101", ("ApplyEyeMakeup", "ApplyLipstick", "Archery"))


def test_ucf101(tmp_path: Path) -> None:
    test = write(
        tmp_path / "testlist01.txt", "ApplyLipstick/v_ApplyLipstick_g01_c01.avi\nArchery/v_Archery_g01_c02.avi\n"
    )
    train = write(tmp_path / "trainlist01.txt", "ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1\n")
    data = read_dataset(test, UCF)
    assert data.format == "ucf101"
    assert rows(data) == [
        ("ApplyLipstick/v_ApplyLipstick_g01_c01.avi", "ApplyLipstick"),
        ("Archery/v_Archery_g01_c02.avi", "Archery"),
    ]
    assert rows(read_dataset(train, UCF)) == [("ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi", "ApplyEyeMakeup")]
    path = write(tmp_path / "broken.txt", "Archery/v_Archery_g01_c02.avi\nsomething else\n")
    assert message(path) == (
        f"list '{path}', line 2, is not a class folder and a video, as UCF101 writes them: 'something else'"
    )


def test_lists_as_other_programs_write_them(tmp_path: Path, subtests: pytest.Subtests) -> None:
    touch(tmp_path, "zumba/a.mp4", "b\\c.mp4")
    for case, name, text, expected in [
        ("Windows, by name", "l.csv", "path,label\nzumba\\a.mp4,zumba\n", "zumba/a.mp4"),
        ("Windows, by index", "l.txt", "yoga\\gone.mp4 398\n", "yoga/gone.mp4"),
        ("a backslash in a name", "l.txt", "b\\c.mp4 399\n", "b\\c.mp4"),
        ("quotes", "l.txt", '"zumba/a.mp4" 399\n', "zumba/a.mp4"),
        ("quotes and a count", "l.txt", '"take 2.mp4", 250, 399\n', "take 2.mp4"),
        ("tabs", "l.tsv", "path\tlabel\nzumba/a.mp4\tzumba\n", "zumba/a.mp4"),
        ("semicolons, capitals", "l.csv", "\nLabel;Path\nzumba;a,b.mp4\n", "a,b.mp4"),
    ]:
        with subtests.test(case):
            [(path, _label)] = rows(read_dataset(write(tmp_path / name, text), LABELS))
            assert path == expected


def test_lists_that_cannot_be_meant(tmp_path: Path, subtests: pytest.Subtests) -> None:
    touch(tmp_path / "flat", "aaaaaaaaaaa_000001_000011.mp4", "._b.mp4")
    for name, text, expected in [
        (
            "l.csv",
            "path,label\nC:\\data\\a.mp4,zumba\n",
            "line 2, has an absolute path of Windows: 'C:\\\\data\\\\a.mp4'",
        ),
        ("l.csv", "path,label\n\\\\server\\a.mp4,zumba\n", "has an absolute path of Windows"),
        ("l.csv", "path,label\nD:/a.mp4,zumba\n", "has an absolute path of Windows"),
        ("l.csv", "path,label\nzumba,zumba/a.mp4\n", "hint: path and label seem to be swapped: the path comes first"),
        ("l.txt", "399 zumba/a.mp4\n", "hint: the path comes first, then the index"),
        ("l.csv", "zumba,aaaaaaaaaaa,11,1,val\n", "a header says path,label, or is Kinetics' own"),
        ("l.json", '[{"path": "a.mp4"}]', "is JSON, but no manifest, nor Kinetics', Open Model Zoo's or"),
    ]:
        with subtests.test(text=text):
            assert expected in message(write(tmp_path / name, text), (ListError, LabelError))
    assert message(tmp_path / "flat").endswith(
        "hint: 1 video of unknown class: give a list that says it, such as Kinetics' own CSV, and "
        f"--videos {tmp_path}/flat"
    )


def test_the_json_of_kinetics(tmp_path: Path) -> None:
    touch(tmp_path, "zumba/aaaaaaaaaaa_000001_000011.mkv", "._aaaaaaaaaaa_000001_000011.mp4")
    video = {"annotations": {"label": "zumba", "segment": [1.0, 11.0]}, "duration": 10.0, "subset": "validate"}
    other = {"annotations": {"segment": [2.0, 12.0]}, "subset": "test"}
    path = write(tmp_path / "k.json", json.dumps({"aaaaaaaaaaa": video, "bbbbbbbbbbb": other}))
    assert rows(read_dataset(path, LABELS)) == [
        ("zumba/aaaaaaaaaaa_000001_000011.mkv", "zumba"),
        ("bbbbbbbbbbb_000002_000012.mp4", None),
    ]
    assert len(read_dataset(path, LABELS, ListOptions(split="val")).videos) == 1
    del other["annotations"]
    write(path, json.dumps({"aaaaaaaaaaa": video, "bbbbbbbbbbb": other}))
    assert message(path) == (f"list '{path}', video 'bbbbbbbbbbb', has no 'annotations' with a 'segment' of two times")


def test_hidden_files_and_folders_are_no_videos(tmp_path: Path) -> None:
    touch(
        tmp_path, "zumba/a.mp4", "zumba/._a.mp4", "zumba/.DS_Store", ".cache/b.mp4", "zumba/.c/1.jpg", "zumba/d/._1.jpg"
    )
    assert rows(read_dataset(tmp_path, LABELS)) == [("zumba/a.mp4", "zumba")]
