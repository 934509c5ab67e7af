"""Comparing two forms of a model, and quantizing: `i3d parity` and `i3d quantize`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hub_modules import network_of, small_module
from small import write_small_ir
from synthetic import write_gif, write_video

from i3d_edge.cli import main
from i3d_edge.convert.mistakes import mistakes
from i3d_edge.convert.parity import generated_clips
from i3d_edge.runtime import read_ir


def i3d(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("videos")
    frame, row, column, channel = np.ogrid[:40, :64, :80, :3]
    paths = []
    for number in range(4):
        waves = np.sin((row * (number + 1) + column * (3 - channel) + 4 * frame) / 9.0 + channel)
        paths.append(write_video(folder / f"{number}.mp4", list(np.rint(127.5 + 120 * waves).astype(np.uint8))))
    return paths


@pytest.mark.isa
def test_parity_from_the_module_on(checkpoint_prefix: Path, graph_path: Path, ir_path: Path, tmp_path: Path) -> None:
    result = i3d("parity", graph_path, ir_path, f"{ir_path}@bf16")
    assert result.exit_code == 0, result.output
    assert "1 -> 2: agree" in result.stdout
    assert "2 -> 3: agree" in result.stdout
    assert "1 -> 3: agree" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert result.stderr.endswith("2 clips; differences are fractions of the largest logit\n")

    module = small_module(tmp_path / "module", checkpoint_prefix, network_of(graph_path))
    clip = write_gif(tmp_path / "clip.gif", 9)
    weights = i3d("parity", module, checkpoint_prefix, "--clips", clip, "--layers")
    assert weights.exit_code == 0, weights.output
    assert re.search(
        r"1 -> 2: agree; norms of logits (\d+\.\d+) and \1\n",
        weights.stdout,
    )
    assert "1 -> 2: agree" in weights.stdout
    assert weights.stdout.count("RGB/inception_i3d/Mixed_5c/concat") == 1
    assert weights.stderr.endswith("1 clip; differences are fractions of the largest logit\n")


@pytest.mark.slow
def test_parity_names_a_mistake_in_the_second_clips(ir_path: Path, tmp_path: Path) -> None:
    spec = read_ir(ir_path)[1]
    clip, port = generated_clips(spec)["gratings"]["Placeholder"], spec.inputs["Placeholder"]
    for folder, values in (("a", clip), ("b", mistakes(port)["frames reversed"](clip))):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "clip.npy", values)
    options = ["--clips", tmp_path / "a", "--clips-b", tmp_path / "b"]
    result = i3d("parity", ir_path, ir_path, *options)
    assert result.exit_code == 3
    assert "1 -> 2: DIFFER, first layer beyond 0.001: RGB/" in result.stdout
    assert "; the second clips have frames reversed" in result.stdout
    assert "ParityError: short.xml (f32) differs from short.xml (f32) by " in (result.stderr)
    assert result.stderr.endswith("hint: the second clips have frames reversed\n")

    document = json.loads(i3d("parity", ir_path, ir_path, *options, "--json").stdout)
    [step] = document["steps"]
    assert (step["agrees"], step["num_clips"]) == (False, 1)
    assert step["mistake"] == "the second clips have frames reversed"
    assert step["first_divergence"]["layer"] == "RGB/inception_i3d/Conv3d_1a_7x7/Relu"


@pytest.mark.slow
def test_parity_with_a_stricter_tolerance(graph_path: Path, ir_path: Path) -> None:
    result = i3d("parity", graph_path, ir_path, "--tolerance", "1e-12")
    assert result.exit_code == 3
    assert result.stderr.endswith("hint: see the first layer that differs\n")


def test_parity_used_wrongly(subtests: pytest.Subtests) -> None:
    for args, message in [
        (["one.xml"], "a comparison needs two stages or more"),
        (["a.xml", "b.xml", "--clips-b", "folder"], "there are no clips to compare the other clips with"),
        (["graph.pb@bf16", "b.xml"], "only an IR runs in a chosen precision or on a device; 'graph.pb' is not one"),
    ]:
        with subtests.test(args=args):
            result = i3d("parity", *args)
            assert result.exit_code == 2
            assert message in result.stderr


def test_quantize_says_what_each_layer_runs_as(videos: list[Path], tmp_path: Path) -> None:
    result = i3d(
        "quantize", write_small_ir(tmp_path / "small.xml"), *videos, "-o", tmp_path / "q.xml", "--num-clips", 4, "-q"
    )
    assert result.exit_code == 0, result.output
    assert "1 convolutions: 1 int8" in result.stdout
    assert "on 4 clips of 4 videos, seed 0" in result.stdout
