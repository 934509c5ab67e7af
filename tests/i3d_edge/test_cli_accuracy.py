"""`i3d accuracy subset` and `run` from end to end, with a tiny untrained model."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from click.testing import CliRunner, Result
from killing import timeless
from synthetic import write_numbered
from tiny import write_tiny_ir

from i3d_edge.cli import main
from i3d_edge.convert import convert_graph
from i3d_edge.core.labels import kinetics_400

LABELS = ("zumba", "archery", "yoga")


def i3d(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def tiny_ir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    weights = np.random.default_rng(0).normal(0, 1 / 64, (3, 400)).astype(np.float32)
    return write_tiny_ir(
        tmp_path_factory.mktemp("tiny") / "tiny.xml",
        weights=weights,
        sees_time=True,
        labels=kinetics_400(),
        crop_px=224,
        short_side_px=256,
    )


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Class folders with two videos each, one of which is broken."""
    for position, label in enumerate(LABELS):
        for number in range(2):
            path = tmp_path / "videos" / label.replace(" ", "_") / f"{number}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_numbered(path, 12 + 2 * position + number)
    (tmp_path / "videos" / "archery" / "0.mp4").write_text("broken")
    return tmp_path / "videos"


@pytest.fixture
def manifest(folders: Path, tiny_ir: Path, tmp_path: Path) -> Path:
    result = i3d("accuracy", "subset", folders, "--model", tiny_ir, "-o", tmp_path / "m.json", "-q")
    assert result.exit_code == 0, result.output
    return tmp_path / "m.json"


def test_subset_says_what_it_did(folders: Path, tiny_ir: Path, tmp_path: Path) -> None:
    args = ["accuracy", "subset", folders, "--model", tiny_ir, "--num-videos", 9, "-o"]
    result = i3d(*args, tmp_path / "m.json")
    facts = dict(line.split("  ", 1) for line in result.stdout.splitlines())
    assert facts["read"].strip() == f"{folders}: class-folders, 6 videos"
    assert facts["chosen"].strip() == "5 of 9 asked for, stratified, seed 0"
    assert facts["classes"].strip() == (
        "3 of 400 (kinetics-400); no video of 'abseiling', 'air drumming', 'answering questions' and 394 more"
    )
    assert facts["excluded"].strip() == "1 corrupt"
    assert facts["short"].strip() == "5 are shorter than one clip: clips repeat them"
    assert facts["gate"].strip() == (
        "its limit of 2 points takes about 298 videos where 1 % flip without loss, 695 where 4 % do"
    )
    assert facts["digest"].strip() == json.loads((tmp_path / "m.json").read_text())["digest"]
    assert "excluded archery/0.mp4: corrupt: VideoOpenError: cannot open video 'archery/0.mp4'" in result.stderr
    assert result.exit_code == 1
    assert result.stderr.endswith(
        "ListError: only 5 of the 9 videos asked for can be used\n\n"
        f"hint: {tmp_path / 'm.json'} pins those; --num-videos 5 asks for no more\n"
    )

    again = i3d(*args, tmp_path / "m.json")
    assert again.exit_code == 1
    assert "exists already" in again.stderr
    i3d(*args, tmp_path / "n.json")
    assert (tmp_path / "n.json").read_bytes() == (tmp_path / "m.json").read_bytes()


def test_subset_used_wrongly(folders: Path, tmp_path: Path) -> None:
    args = ["accuracy", "subset", folders, "-o", tmp_path / "m.json"]
    both = i3d(*args, "--model", "m.xml", "--labels", "kinetics-400")
    assert both.exit_code == 2
    assert "--model cannot be used with --labels" in both.stderr
    (folders / "yoga").rename(folders / "no_such_dance")
    other = i3d(*args)
    assert other.exit_code == 1
    assert "label 'no_such_dance' is not among the 400 of 'kinetics-400'" in other.stderr
    assert other.stderr.endswith("kinetics-400 was assumed: --model IR or --labels says otherwise\n")
    named = i3d(*args, "--labels", "kinetics-600")
    assert named.exit_code == 1
    assert "was assumed" not in named.stderr
    rate = i3d(*args, "--frames-fps", "0")
    assert rate.exit_code == 2
    assert "'0' is not a rate above 0, for instance 25, 29.97 or 30000/1001" in rate.stderr


def test_several_models_share_a_run(manifest: Path, tiny_ir: Path, tmp_path: Path) -> None:
    result = i3d(
        *("accuracy", "run", manifest, "-o", tmp_path / "out", "-q"),
        *("--model", tiny_ir, "--model", f"{tiny_ir}@f32", "--model", f"again={tiny_ir}@f32"),
    )
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "out" / "result.json").read_text())
    assert list(written["what"]) == ["tiny", "tiny@f32", "again"]
    assert written["what"]["tiny@f32"]["executed_precision"] == "f32"
    assert written["metrics"]["tiny@f32"] == written["metrics"]["again"]
    assert written["data"]["manifest_digest"] == json.loads(manifest.read_text())["digest"]
    assert [(video["path"], video["sha256"]) for video in written["videos"]] == [
        (video["path"], video["sha256"]) for video in json.loads(manifest.read_text())["videos"]
    ]
    assert (written["how"]["name"], written["how"]["version"]) == ("centre", 2)
    rows = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert [row["model"] for row in rows] == ["tiny", "tiny@f32", "again"] * 5
    assert "protocol: centre v2: 1 clip of 9 frames at 25 fps per video, short_side=256 (" in result.stdout
    assert " clips/s; decoding is " in result.stdout


def test_slices_of_a_manifest_are_merged(manifest: Path, folders: Path, tiny_ir: Path, tmp_path: Path) -> None:
    args = ("accuracy", "run", manifest, "--model", tiny_ir, "-q")
    assert i3d(*args, "-o", tmp_path / "whole").exit_code == 0
    assert i3d(*args, "-o", tmp_path / "b", "--shard", "2/2").exit_code == 0
    first = json.loads(manifest.read_text())["videos"][1]["path"]
    (folders / first).unlink()  # a video of the other slice, which this machine does not need
    assert i3d(*args, "-o", tmp_path / "a", "--shard", "1/2").exit_code == 0
    merged = i3d("accuracy", "merge", tmp_path / "b", tmp_path / "a", "-o", tmp_path / "out")
    assert merged.exit_code == 0, merged.output
    assert f"written: {tmp_path / 'out' / 'result.json'}, " in merged.stdout
    assert timeless(tmp_path / "out") == timeless(tmp_path / "whole")
    again = i3d("accuracy", "merge", tmp_path / "b", "-o", tmp_path / "other")
    assert again.exit_code == 1
    assert "1 of 2 slices are missing: 1/2" in again.stderr


def test_a_list_gives_what_its_manifest_gives(folders: Path, manifest: Path, tiny_ir: Path, tmp_path: Path) -> None:
    (folders / "archery" / "0.mp4").unlink()
    for source, name in ((manifest, "a"), (folders, "b")):
        result = i3d("accuracy", "run", source, "--model", tiny_ir, "-o", tmp_path / name, "-q", "--num-clips", 2)
        assert result.exit_code == 0, result.output
    rows = [sorted((tmp_path / name / "predictions.jsonl").read_text().splitlines()) for name in "ab"]
    assert rows[0] == rows[1]
    assert json.loads((tmp_path / "b" / "result.json").read_text())["how"]["name"] == "spread-2"


def test_a_changed_video_is_found_before_the_run(manifest: Path, folders: Path, tiny_ir: Path, tmp_path: Path) -> None:
    path = folders / "zumba" / "1.mp4"
    path.write_bytes(path.read_bytes() + b"x")
    result = i3d("accuracy", "run", manifest, "--model", tiny_ir, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "changed or are gone: 'zumba/1.mp4'" in result.stderr
    assert not (tmp_path / "out" / "run.json").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--format", "kinetics"), ("--classes", "c.txt"), ("--split", "val"), ("--frames-fps", "30")],
)
def test_options_of_lists_do_not_go_with_a_manifest(
    option: str, value: str, manifest: Path, tiny_ir: Path, tmp_path: Path
) -> None:
    result = i3d("accuracy", "run", manifest, "--model", tiny_ir, "-o", tmp_path / "out", option, value)
    assert result.exit_code == 2
    assert f"{option} is for lists and folders; '{manifest}' is a manifest" in result.stderr
    assert not (tmp_path / "out" / "run.json").exists()


@pytest.mark.slow
def test_whole_videos(manifest: Path, graph_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    args = ["accuracy", "run", manifest, "--graph", graph_path, "--protocol", "deepmind", "-o", tmp_path / "out", "-q"]
    monkeypatch.setenv("I3D_MODEL", "a model that this protocol has no use for")
    result = i3d(*args, "--inference-precision", "f32")
    assert result.exit_code == 0, result.output
    lengths = sorted(int(path.stem.rpartition("-")[2]) for path in (tmp_path / "out" / "whole-video").glob("*.xml"))
    assert lengths == [9, 12, 13, 15, 16, 17]  # 9 to know what it runs in; 14 is the broken one
    written = json.loads((tmp_path / "out" / "result.json").read_text())
    assert (written["how"]["num_frames"], written["how"]["aggregation"]) == (
        None,
        "mean of logits over time, inside the network",
    )
    assert next(iter(written["what"].values()))["kind"] == "ir-per-length"
    rows = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert sorted(round(25 * row["end_s"]) for row in rows) == [12, 13, 15, 16, 17]

    # Of the video of 12 frames an ordinary IR of 12 must say the same.
    [video] = [row for row in rows if round(25 * row["end_s"]) == 12]
    convert_graph(graph_path, tmp_path / "12.xml", num_frames=12)
    (tmp_path / "one.csv").write_text(f"path,label\nvideos/{video['video']},\n")
    other = i3d(
        *("accuracy", "run", manifest, "--model", tmp_path / "12.xml", "-o", tmp_path / "same", "-q"),
        *("--inference-precision", "f32"),
    )
    assert other.exit_code == 0, other.output
    [same] = [
        row
        for row in map(json.loads, (tmp_path / "same" / "predictions.jsonl").read_text().splitlines())
        if row["video"] == video["video"]
    ]
    assert max(abs(a - b) for a, b in zip(video["probs"], same["probs"], strict=True)) < 1e-6


@pytest.mark.parametrize(
    ("options", "exit_code", "text"),
    [
        (["--protocol", "slidding-79"], 2, "gluoncv-torch-10x3\n\nhint: did you mean 'sliding-79'?"),
        (["--protocol", "10x3"], 2, "protocol '10x3' shows clips of 79 frames; the model takes 9"),
        (["--protocol", "centre", "--num-clips", "2"], 2, "give a protocol or a number of clips, not both"),
        (["--protocol", "deepmind"], 2, "the protocol 'deepmind' needs a frozen graph, and no model"),
    ],
)
def test_protocols_used_wrongly(
    options: list[str], exit_code: int, text: str, manifest: Path, tiny_ir: Path, tmp_path: Path
) -> None:
    result = i3d("accuracy", "run", manifest, "--model", tiny_ir, "-o", tmp_path / "out", *options)
    assert result.exit_code == exit_code
    assert text in result.stderr


def test_models_used_wrongly(manifest: Path, tiny_ir: Path, tmp_path: Path) -> None:
    args = ["accuracy", "run", manifest, "-o", tmp_path / "out"]
    none = i3d(*args)
    assert none.exit_code == 2
    assert "no model given\n\nhint: --model IR, or $I3D_MODEL" in none.stderr
    twice = i3d(*args, "--model", tiny_ir, "--model", tiny_ir)
    assert twice.exit_code == 2
    assert "two models are named 'tiny'\n\nhint: name them: NAME=IR" in twice.stderr
    taken = i3d(*args, "--model", f"frozen-graph={tiny_ir}", "--graph", "graph.pb")
    assert taken.exit_code == 2
    assert "'frozen-graph' is the frozen graph's name: name the model otherwise, NAME=IR" in taken.stderr
    torn = i3d(*args, "--model", f"{tiny_ir}@f32@bf16")
    assert torn.exit_code == 2
    assert f"'{tiny_ir}@f32@bf16' names more than one precision or device" in torn.stderr
    for option, way_out in (
        ("fp32", "did you mean f32?"),
        ("float16", "did you mean f16?"),
        ("bf17", "did you mean bf16?"),
        ("INT8", "an INT8 IR already runs in INT8"),
        ("", "nothing follows it"),
    ):
        misspelt = i3d(*args, "--model", f"{tiny_ir}@{option}")
        assert misspelt.exit_code == 2
        assert f"@{option} is neither a precision (f32, bf16, f16) nor a device: {way_out}\n" in misspelt.stderr
    other = i3d(*args, "--model", tiny_ir, "--model", write_tiny_ir(tmp_path / "five.xml"))
    assert other.exit_code == 1
    assert "models of one run take the same clips and have the same classes; " in other.stderr


def test_ctrl_c_keeps_what_there_is(
    manifest: Path, tiny_ir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from i3d_edge.runtime import Engine

    run: Callable[..., object] = Engine.probabilities
    seen = []

    def interrupted(engine: Engine, clip: object) -> object:
        seen.append(clip)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return run(engine, clip)

    args = ["accuracy", "run", manifest, "--model", tiny_ir, "-o", tmp_path / "out"]
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "probabilities", interrupted)
        result = i3d(*args)
    assert result.exit_code == 130
    assert "interrupted" in result.stderr
    partial = json.loads((tmp_path / "out" / "result.json").read_text())
    assert (partial["is_complete"], partial["counts"]["scored"]) == (False, 2)
    assert f"2 of 5 videos are kept in {tmp_path / 'out'}: run it again to go on" in result.stderr
    resumed = i3d(*args)
    assert resumed.exit_code == 0, resumed.output
    assert "going on after 2 of 5 videos" in resumed.stderr
    assert json.loads((tmp_path / "out" / "result.json").read_text())["counts"]["scored"] == 5
    again = i3d(*args)
    assert again.exit_code == 0, again.output
    assert "already complete: all 5 videos are done; --force runs them again" in again.stderr
    assert again.stdout == resumed.stdout.replace("command: 3 of 5", "command: 0 of 5")


def test_sigterm_is_an_interruption(
    manifest: Path, tiny_ir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from i3d_edge.runtime import Engine

    run: Callable[..., object] = Engine.probabilities
    seen = []

    def terminated(engine: Engine, clip: object) -> object:
        seen.append(clip)
        if len(seen) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return run(engine, clip)

    monkeypatch.setattr(Engine, "probabilities", terminated)
    before = signal.getsignal(signal.SIGTERM)
    result = i3d("accuracy", "run", manifest, "--model", tiny_ir, "-o", tmp_path / "out")
    assert result.exit_code == 130
    assert "2 of 5 videos are kept in" in result.stderr
    assert json.loads((tmp_path / "out" / "result.json").read_text())["is_complete"] is False
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_room_of_frames(folders: Path, tiny_ir: Path, tmp_path: Path) -> None:
    """Folders of images, by a list with counts, at the rate of the option."""
    import cv2
    from synthetic import numbered_frame

    shutil.rmtree(folders)
    (tmp_path / "frames").mkdir()
    for number in range(30):
        cv2.imwrite(str(tmp_path / "frames" / f"img_{number + 1:05d}.jpg"), numbered_frame(number))
    (tmp_path / "list.txt").write_text("frames 30 0\n")
    args = ["accuracy", "run", tmp_path / "list.txt", "--model", tiny_ir, "-o", tmp_path / "out", "-q"]
    without = i3d(*args)
    assert without.exit_code == 1
    assert without.stderr.endswith(
        f"ListError: data set '{tmp_path / 'list.txt'}' has folders of images of unknown frame rate: the first is "
        "'frames'\n\nhint: give their rate: --frames-fps 25, or 30000/1001\n"
    )
    result = i3d(*args, "--frames-fps", "50")
    assert result.exit_code == 0, result.output
    [row] = map(json.loads, (tmp_path / "out" / "predictions.jsonl").read_text().splitlines())
    assert (row["start_s"], row["end_s"]) == (3 / 25, 12 / 25)


def test_the_choices_are_those_of_the_room() -> None:
    """They are written down twice, so that the command line loads nothing heavy."""
    from i3d_edge.accuracy.data.formats import FORMATS
    from i3d_edge.accuracy.data.subset import How
    from i3d_edge.cli.subset import subset

    choices = {param.name: getattr(param.type, "choices", None) for param in subset.params}
    assert tuple(choices["format_name"]) == tuple(FORMATS)
    assert tuple(choices["how"]) == get_args(How)
