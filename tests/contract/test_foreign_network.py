"""A network that is no I3D goes through every command by its description alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from foreign import LABELS, NUM_FRAMES, SIDE_PX, STRIDE, expected_probabilities, write_foreign_ir
from synthetic import write_video

from i3d_edge.cli import main

LENGTH = 80
MIDDLE = (LENGTH - NUM_FRAMES * STRIDE) // 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network, its description, the IR that describes itself, and two videos with their labels."""
    folder = tmp_path_factory.mktemp("foreign")
    write_foreign_ir(folder / "net.xml")
    run("convert", folder / "net.xml", "--spec", folder / "net.json", "-o", folder / "own.xml")
    row, column = np.ogrid[:SIDE_PX, : SIDE_PX + 64]
    for seed, name in enumerate(("a", "b")):
        frames = [
            np.stack(
                [127 + 120 * np.sin((row * (3 + seed) + column * (2 + c) + time * (4 + 3 * c)) / 40) for c in range(3)],
                axis=-1,
            ).astype(np.uint8)
            for time in range(LENGTH)
        ]
        write_video(folder / f"{name}.mp4", frames)
    (folder / "list.csv").write_text("path,label\na.mp4,walk\nb.mp4,run\n")
    return folder


def run(*args: object) -> str:
    result = CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_info(folder: Path) -> None:
    text = run("info", folder / "own.xml")
    assert "video classifier rgb, 5 classes (five actions), 32 frames" in text
    assert "every 2nd source frame, short side 256, centre crop 256 x 256" in text
    assert "logits (1, 5), logits" in text


@pytest.mark.parametrize("model", [("net.xml", "--spec", "net.json"), ("own.xml",)], ids=["spec file", "rt_info"])
def test_classify(folder: Path, model: tuple[str, ...]) -> None:
    args = [folder / item if "." in item else item for item in model]
    answer = json.loads(
        run("classify", folder / "a.mp4", "--model", *args, "--inference-precision", "f32", "-k", 5, "--json")
    )["videos"][0]
    probabilities = expected_probabilities(folder / "net.xml", folder / "a.mp4", MIDDLE)
    found = {item["label"]: item["prob"] for item in answer["predictions"]}
    assert [found[label] for label in LABELS] == pytest.approx(probabilities.tolist(), abs=2e-5)
    assert answer["views"][0]["start_s"] == pytest.approx(MIDDLE / 25)
    assert answer["views"][0]["end_s"] == pytest.approx((MIDDLE + NUM_FRAMES * STRIDE) / 25)


def test_stream(folder: Path) -> None:
    own = ("--model", folder / "own.xml", "--inference-precision", "f32", "--predictions", folder / "p.jsonl")
    run("stream", folder / "b.mp4", *own, "--hop", 16)
    windows = [json.loads(line) for line in (folder / "p.jsonl").read_text().splitlines()]
    assert len(windows) == 2
    for window, first in zip(windows, (0, 16), strict=True):
        assert (window["start_s"], window["end_s"]) == (first / 25, (first + NUM_FRAMES * STRIDE) / 25)
        probabilities = expected_probabilities(folder / "net.xml", folder / "b.mp4", first)
        found = {item["label"]: item["prob"] for item in window["predictions"]}
        assert [found[label] for label in LABELS] == pytest.approx(probabilities.tolist(), abs=2e-5)


def test_accuracy_run(folder: Path) -> None:
    own = ("--model", folder / "own.xml", "--inference-precision", "f32")
    run("accuracy", "run", folder / "list.csv", *own, "-o", folder / "results")
    how = json.loads((folder / "results" / "result.json").read_text())["how"]
    assert (how["num_frames"], how["frame_stride"], how["frame_rate_fps"], how["crop_px"]) == (32, 2, None, 256)
    rows = [json.loads(line) for line in (folder / "results" / "predictions.jsonl").read_text().splitlines()]
    for row, name in zip(rows, ("a", "b"), strict=True):
        probabilities = expected_probabilities(folder / "net.xml", folder / f"{name}.mp4", MIDDLE)
        assert row["probs"] == pytest.approx(probabilities.tolist(), abs=2e-5)
    assert "five actions" in (folder / "results" / "result.json").read_text()
    run("accuracy", "score", folder / "results")


def test_quantize_and_parity(folder: Path) -> None:
    pytest.importorskip("nncf")
    videos = (folder / "a.mp4", folder / "b.mp4")
    options = ("--num-clips", 2, "--fold", "hw")
    quantized = run("quantize", folder / "own.xml", *videos, "-o", folder / "int8.xml", *options)
    assert "none: no 7x7x7 convolution of stride 2 with SAME padding" in " ".join(quantized.split())
    assert "INT8" in run("info", folder / "int8.xml")
    stages = (folder / "net.xml", folder / "own.xml", folder / "int8.xml")
    steps = json.loads(run("parity", *stages, "--spec", folder / "net.json", "--clips", folder / "a.mp4", "--json"))
    assert [step["agrees"] for step in steps["steps"]] == [True, True, True]
    assert steps["steps"][0]["relative_difference"] < 1e-6
    assert steps["steps"][1]["relative_difference"] > 0


def test_bundle(folder: Path) -> None:
    run("bundle", "pack", folder / "own.xml", "-o", folder / "box.i3d")
    assert "right" in run("bundle", "verify", folder / "box.i3d")
    assert "not known (weights unknown)" in run("info", folder / "box.i3d")
