"""The commands as a user runs them; what they compute is tested in the rooms."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import openvino as ov
import pytest
from click.testing import CliRunner, Result
from small import write_small_ir
from synthetic import write_numbered

from i3d_edge.cli import main
from i3d_edge.cli._fold import choose_fold, fold_option
from i3d_edge.core.files import sha256_file


def i3d(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)


@pytest.fixture(scope="module")
def small_ir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_ir(tmp_path_factory.mktemp("small") / "small.xml")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_numbered(tmp_path / "video.mp4", 30)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.mp4"
    path.write_text("no video")
    return path


def test_freeze_then_convert(checkpoint_prefix: Path, tmp_path: Path) -> None:
    frozen = i3d("freeze", checkpoint_prefix, "-o", tmp_path / "g.pb", "--num-frames", 9)
    assert frozen.exit_code == 0, frozen.output
    assert "230 variables, 12,704,544 parameters" in frozen.stdout

    converted = i3d("convert", tmp_path / "g.pb", "-o", tmp_path / "m.xml", "--precision", "FP16")
    assert converted.exit_code == 0, converted.output
    assert "Placeholder NDCHW (1, 9, 3, 224, 224), uint8, RGB 0..255" in converted.stdout
    assert "GFLOPs per clip, 12.69 MParams" in converted.stdout
    assert "parity, gratings clip" in converted.stdout
    assert "limit 0.01" in converted.stdout


def test_a_step_model_is_made_and_shown_and_takes_no_clips(video: Path, tmp_path: Path) -> None:
    model, steps = write_small_ir(tmp_path / "small.xml"), tmp_path / "steps.xml"
    made = i3d("step", model, "--hop", 2, "-o", steps)
    assert made.exit_code == 0, made.output
    assert "every 2 frames, from step 5 on" in made.stdout
    assert "exact, 2 frames each; an answer from step 5 on" in i3d("info", steps).stdout
    for words in (("classify", video, "--model", steps), ("step", steps, "-o", tmp_path / "again")):
        refused = i3d(*words)
        assert refused.exit_code == 1
        assert "is a step model: it takes 2 frames at a time, not whole clips" in refused.stderr
    assert i3d("step", model, "--hop", 9, "-o", tmp_path / "long").exit_code == 2


def test_expected_failures_are_a_message_and_a_code(tmp_path: Path) -> None:
    result = i3d("freeze", tmp_path / "no.ckpt", "-o", tmp_path / "g.pb")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"CheckpointMissingError: checkpoint '{tmp_path / 'no.ckpt'}' has no .index file\n\n"
        "hint: `i3d fetch` downloads the published ones\n"
    )


def test_an_existing_output_is_refused_before_any_work(checkpoint_prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "g.pb").write_text("before")
    result = i3d("freeze", checkpoint_prefix, "-o", tmp_path / "g.pb")
    assert (result.exit_code, (tmp_path / "g.pb").read_text()) == (1, "before")
    assert "pass --force to replace it" in result.stderr


def test_unexpected_failures_keep_their_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("i3d_edge.freeze.open_checkpoint", lambda _path, **_options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        i3d("freeze", "x", "-o", tmp_path / "g.pb")


def test_interruption_has_its_own_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupt(_path: Path, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("i3d_edge.freeze.open_checkpoint", interrupt)
    assert i3d("freeze", "x", "-o", tmp_path / "g.pb").exit_code == 130


@pytest.mark.parametrize(
    ("options", "expected"),
    [(["--fold", "h"], "'h'"), (["--fold", "none"], "None"), (["--no-fold"], "None"), ([], "'hw'")],
    ids=["one axis", "none", "no fold", "by default what is fastest on this CPU"],
)
def test_folding_is_an_axis_or_none(options: list[str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.cli._fold.cpu_kind", lambda _features: "avx2")
    command = click.command()(fold_option(lambda fold: click.echo(repr(choose_fold(fold, is_int8=True)[0]))))
    assert CliRunner().invoke(command, options).output == f"{expected}\n"


def test_a_failed_parity_check_exits_3(graph_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("i3d_edge.api.models._run_graph", lambda _path, clips: [np.ones((1, 400), np.float32)] * 2)
    result = i3d("convert", graph_path, "-o", tmp_path / "m.xml")
    assert result.exit_code == 3
    assert "ParityError: the IR's logits differ from the frozen graph's by " in result.stderr
    assert not (tmp_path / "m.xml").exists()


def test_convert_without_tensorflow_says_so_loudly(graph_path: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['tensorflow'] = None\nfrom i3d_edge.cli import main; main(sys.argv[1:])"
    args = ["convert", str(graph_path), "-o", str(tmp_path / "m.xml")]
    result = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=True)
    assert "WARNING: parity NOT CHECKED, because TensorFlow is not installed" in result.stderr
    assert "NOT CHECKED" in result.stdout
    assert (tmp_path / "m.xml").is_file()


@pytest.mark.parametrize(
    ("module", "command", "work"),
    [
        ("tensorflow", "freeze", "making or running a TensorFlow graph"),
        ("google_crc32c", "freeze", "checking weights"),
    ],
)
def test_a_missing_package_is_named(
    module: str, command: str, work: str, checkpoint_prefix: Path, tmp_path: Path
) -> None:
    code = f"import sys; sys.modules[{module!r}] = None\nfrom i3d_edge.cli import main; main(sys.argv[1:])"
    args = [sys.executable, "-c", code, command, "-q", str(checkpoint_prefix), "-o", str(tmp_path / "g.pb")]
    result = subprocess.run(args, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == (
        f"DependencyError: {work} needs the package {module.replace('_', '-')}, which is not installed\n\n"
        "hint: pip install tensorflow cramjam google-crc32c\n"
    )


def test_info_of_a_checkpoint_needs_no_further_package(checkpoint_prefix: Path) -> None:
    missing = "for name in ('tensorflow', 'cramjam', 'google_crc32c'): sys.modules[name] = None\n"
    code = f"import sys\n{missing}from i3d_edge.cli import main; main(sys.argv[1:])"
    args = [sys.executable, "-c", code, "info", str(checkpoint_prefix)]
    assert "TensorFlow checkpoint" in subprocess.run(args, capture_output=True, text=True, check=True).stdout


def test_classify_for_people(small_ir: Path, video: Path) -> None:
    result = i3d("classify", video, "--model", small_ir, "-k", 2)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"{video}  (0.40-0.76 s of 1.20 s)"
    assert [re.fullmatch(r" +\d+\.\d %  [a-z0-9 ]+", line) is not None for line in lines[1:]] == [True, True]
    assert "; runs in " in result.stderr


def test_jsonl_has_a_row_per_file_in_order_and_one_bad_file_does_not_stop_the_rest(
    small_ir: Path, video: Path, broken: Path
) -> None:
    result = i3d("classify", video, broken, video, "--model", small_ir, "--jsonl", "-k", 3)
    assert result.exit_code == 1
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["path"], row["status"]) for row in rows] == [
        (str(video), "ok"),
        (str(broken), "error"),
        (str(video), "ok"),
    ]
    assert [set(item) for item in rows[0]["predictions"]] == [{"label", "index", "prob"}] * 3
    assert rows[0] == rows[2]
    assert rows[1]["predictions"] == []
    assert f"VideoOpenError: cannot open video '{broken}'" in result.stderr
    assert result.stderr.endswith(f"1 of 3 videos could not be classified: {broken}\n")


def test_json_is_one_document(small_ir: Path, video: Path) -> None:
    result = i3d("classify", video, "--model", small_ir, "--json")
    document = json.loads(result.stdout)
    assert document["model"]["origin"] == "unknown"
    assert document["model"]["executed_precision"]
    assert len(document["videos"]) == 1


def test_contradictory_options(small_ir: Path, video: Path) -> None:
    result = i3d("classify", video, "--model", small_ir, "--json", "--jsonl")
    assert result.exit_code == 2
    assert "--json cannot be used with --jsonl" in result.stderr


def test_the_model_may_come_from_the_environment(small_ir: Path, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert i3d("classify", video).exit_code == 2
    assert "--model" in i3d("classify", video).stderr
    assert "I3D_MODEL" in i3d("classify", "-h").stdout
    monkeypatch.setenv("I3D_MODEL", str(small_ir))
    assert i3d("classify", video).exit_code == 0


def test_a_foreign_device_is_an_error(small_ir: Path, video: Path) -> None:
    result = i3d("classify", video, "--model", small_ir, "--device", "FPGA")
    assert result.exit_code == 1
    assert result.stderr.startswith("DeviceError: no device 'FPGA' on this machine; available: ")


@pytest.mark.isa
def test_accuracy_of_the_ir_and_of_the_graph(ir_path: Path, graph_path: Path, video: Path, tmp_path: Path) -> None:
    shutil.copy(video, tmp_path / "again.mp4")
    (tmp_path / "list.csv").write_text("path,label\nvideo.mp4,zumba\nagain.mp4,archery\nno.mp4,\n")
    other = tmp_path / "other.pb"
    other.write_bytes(graph_path.read_bytes() + b"\x12\x00")  # the same graph, another file
    args = ["accuracy", "run", tmp_path / "list.csv", "--model", ir_path, "--graph", other]
    result = i3d(*args, "-o", tmp_path / "out", "--inference-precision", "f32")
    assert result.exit_code == 0, result.output
    assert f"WARNING: the IR was not made from {other}" in result.stderr
    assert "videos: 3 listed, 2 decoded, 2 scored, 0 without a label, 1 dropped" in result.stdout
    written = json.loads((tmp_path / "out" / "result.json").read_text())
    what = written["what"][ir_path.stem]
    assert (what["executed_precision"], what["weights_sha256"]) == ("f32", sha256_file(ir_path.with_suffix(".bin")))
    assert written["metrics"][ir_path.stem] == written["metrics"]["frozen-graph"]
    rows = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    ir, graph = rows[0]["probs"], rows[1]["probs"]
    assert max(abs(a - b) for a, b in zip(ir, graph, strict=True)) < 1e-5

    again = i3d(*args[:-2], "-o", tmp_path / "out", "--inference-precision", "f32")  # the IR alone
    assert again.exit_code == 1
    assert "holds another run, which differs in models" in again.stderr


def test_a_label_that_the_model_does_not_have(ir_path: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\nvideo.mp4,zumbo\n")
    result = i3d("accuracy", "run", tmp_path / "list.csv", "--model", ir_path, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "hint: nearest: 'zumba'" in result.stderr


def test_a_graph_with_other_clips_is_refused(small_ir: Path, graph_path: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\nvideo.mp4,a\n")
    result = i3d(
        *("accuracy", "run", tmp_path / "list.csv"), "--model", small_ir, "--graph", graph_path, "-o", tmp_path
    )
    assert result.exit_code == 1
    assert "takes other clips or has other classes than the IR: I3D rgb, 400 classes (kinetics-400), 9 frames" in (
        result.stderr
    )


def test_a_terminal_that_cannot_show_a_sign_loses_no_result(small_ir: Path, video: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,label\nvideo.mp4,a\n")
    args = ["accuracy", "run", str(tmp_path / "list.csv"), "--model", str(small_ir), "-o", str(tmp_path / "out")]
    result = subprocess.run(
        [sys.executable, "-m", "i3d_edge", *args],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    assert b"metric \\u2191" in result.stdout


def test_fusion_needs_two_streams(checkpoint_prefix: Path, tmp_path: Path) -> None:
    result = i3d("freeze", checkpoint_prefix, "-o", tmp_path / "g.pb", "--fusion", "probabilities")
    assert result.exit_code == 2
    assert "--fusion goes with --joint" in result.stderr


def test_freeze_takes_labels_batch_and_embedding(checkpoint_prefix: Path, tmp_path: Path) -> None:
    labels = tmp_path / "mine.txt"
    labels.write_text("".join(f"action {number}\n" for number in range(400)))
    args = ["freeze", checkpoint_prefix, "-o", tmp_path / "g.pb", "--num-frames", 9, "--batch", 2]
    result = i3d(*args, "--embedding", "--labels", labels)
    assert result.exit_code == 0, result.output
    assert "400 classes (mine), 9 frames, batch 2" in result.stdout
    assert "embedding (2, 1024)" in result.stdout

    labels.write_text("one\ntwo\n")
    refused = i3d(*args, "--force", "--labels", labels)
    assert refused.exit_code == 1
    assert refused.stderr == (f"LabelError: checkpoint '{checkpoint_prefix}' has 400 classes; label set 'mine' has 2\n")


@pytest.mark.parametrize("num_frames", [8, 513])
def test_clip_lengths_have_limits(checkpoint_prefix: Path, tmp_path: Path, num_frames: int) -> None:
    result = i3d("freeze", checkpoint_prefix, "-o", tmp_path / "g.pb", "--num-frames", num_frames)
    assert result.exit_code == 2
    assert f"Invalid value for '--num-frames': {num_frames} is not in the range 9<=x<=512." in result.stderr


def facts(*args: object) -> dict[str, str]:
    result = i3d("info", *args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_info_knows_each_kind(
    checkpoint_prefix: Path, graph_path: Path, ir_path: Path, video: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("run\njump\n")
    assert facts(checkpoint_prefix)["kind"] == facts(checkpoint_prefix.parent)["kind"] == "TensorFlow checkpoint"
    assert facts(checkpoint_prefix)["next"] == f"i3d freeze {checkpoint_prefix} -o model.pb"
    assert facts(checkpoint_prefix)["identified"] == "unknown: shares no variable with what DeepMind published"
    assert facts(graph_path)["kind"].startswith("frozen graph, ")
    assert facts(graph_path)["next"] == f"i3d convert {graph_path} -o {graph_path.with_suffix('.xml')}"
    assert facts(ir_path)["kind"] == "OpenVINO IR"
    assert facts(ir_path)["fingerprint"] == facts(checkpoint_prefix)["fingerprint"]
    assert facts(video)["duration"] == "1.20 s, 30 frames, 25.00 fps on average"
    assert facts(video)["picture"] == "320 x 240, upright"
    assert facts(labels)["classes"] == "2, from 'run' to 'jump'"


def test_info_knows_other_files_and_folders(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name in ("frames", "both"):
        (tmp_path / name).mkdir()
    series = (
        "frames/a_1.jpg",
        "frames/a_2.jpg",
        "both/img_1.jpg",
        "both/img_2.jpg",
        "both/flow_1.jpg",
        "both/flow_2.jpg",
    )
    for name in ("m.xml", "m.bin", "v.mp4", "x.pt", *series):
        (tmp_path / name).touch()
    np.save(tmp_path / "c.npy", np.zeros((9, 4), np.uint8))
    (tmp_path / "list.csv").write_text("path,label\na.mp4,yoga\n")
    for name, document in {
        "b.json": {"kind": "i3d-edge accuracy baseline", "model": "f32", "videos": [1]},
        "m.json": {"manifest_version": 1, "videos": [1, 2]},
        "p.json": {"devices": [], "recommended": None, "machine": {}, "model": {"name": "rgb.xml"}},
        "s.json": {"spec_version": 1, "labels": {"name": "kinetics-400"}},
        "run/result.json": {"metrics": {}, "counts": {}, "what": {"int8": {}}, "videos": []},
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(document))
    for name, kind in {
        "c.npy": "NumPy array",
        "x.pt": "a PyTorch file",
        "list.csv": "list, 2 lines",
        "b.json": "baseline, 1 video",
        "m.json": "manifest, 2 videos",
        "p.json": "profile of rgb.xml",
        "s.json": "model description",
        "run": "accuracy run, 0 videos",
        "frames": "2 numbered images, one video",
        "both": "2 numbered images, one video",
        ".": "folder",
    }.items():
        with subtests.test(name):
            assert facts(tmp_path / name)["kind"] == kind
    assert facts(tmp_path)["holds"].startswith("'b.json', 'both', 'c.npy', ")
    (tmp_path / "o.json").write_text("[1]")
    assert "is JSON, but no baseline, manifest, " in i3d("info", tmp_path / "o.json").stderr
    assert f"is the weights of an IR, not an IR's .xml\n\nhint: give {tmp_path / 'm.xml'} beside it" in (
        i3d("info", tmp_path / "m.bin").stderr
    )


def test_info_of_an_ir_from_elsewhere(graph_path: Path, tmp_path: Path) -> None:
    ov.save_model(ov.convert_model(graph_path), tmp_path / "m.xml")
    described = facts(tmp_path / "m.xml")
    assert described["provenance"] == "unknown: it does not describe itself"
    assert described["input"] == "Placeholder [1,9,224,224,3]"
    assert described["next"] == f"i3d classify VIDEO --model {tmp_path / 'm.xml'} --spec SPEC.json"


def test_info_of_nothing(tmp_path: Path) -> None:
    result = i3d("info", tmp_path / "no")
    assert result.exit_code == 1
    assert result.stderr == (f"I3DError: no file, folder or checkpoint named '{tmp_path / 'no'}'\n")


def test_bench(small_ir: Path) -> None:
    result = i3d("bench", small_ir, small_ir.with_name(small_ir.name), "--rounds", 2, "-q")
    assert result.exit_code == 0, result.output
    assert "times_faster_than_first" not in result.stdout
    assert "x first" in result.stdout

    document = json.loads(i3d("bench", small_ir, "--rounds", 2, "--json", "--inference-precision", "f32").stdout)
    [row] = document["models"]
    assert (row["executed_precision"], row["times_faster_than_first"]) == ("f32", 1.0)
    assert row["median_ms"] > 0
    assert (row["p90_ms"], row["p99_ms"], row["hop"]) == (None, None, None)  # two rounds do not tell percentiles


@pytest.mark.parametrize("mode", ["latency", "throughput"])
def test_bench_times_steps_beside_clips(mode: str, tmp_path: Path) -> None:
    model, steps = write_small_ir(tmp_path / "small.xml"), tmp_path / "steps.xml"
    assert i3d("step", model, "--hop", 2, "-o", steps).exit_code == 0
    words = ("bench", model, steps, "--rounds", 2, "--mode", mode)
    rows = json.loads(i3d(*words, "--json").stdout)["models"]
    assert [(row["hop"], row["median_ms"] > 0) for row in rows] == [(None, True), (2, True)]
    lines = i3d(*words, "-q").stdout.splitlines()
    assert lines[0].split()[:4] == ["model", "hop", "ran", "in"]
    assert [line.split()[1] for line in lines[2:]] == ["-", "2"]


def test_the_list_of_commands_fits_80_columns_uncut() -> None:
    for group in (main, *(command for command in main.commands.values() if isinstance(command, click.Group))):
        text = CliRunner().invoke(group, ["-h"], terminal_width=80).stdout
        assert "..." not in text.replace("[ARGS]...", "")
        assert max(map(len, text.splitlines())) <= 80
        assert all(f"  {name} " in text for name in group.commands)
