"""What `i3d verify-sample` says of logits, by the form of the sample and by what is known of the weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from synthetic import write_gif

from i3d_edge.cli import main
from i3d_edge.freeze import open_checkpoint, sample
from i3d_edge.freeze.sample import SampleResult, summarize

LOGITS = np.random.default_rng(0).normal(0, 3, 400)
NEAR = LOGITS * 1.001
"""The same classes in the same order, and a norm that is too far off."""


def i3d(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("samples")
    np.save(folder / "sample.npy", np.zeros((1, 79, 224, 224, 3), np.float32))
    return {".npy": folder / "sample.npy", ".gif": write_gif(folder / "sample.gif", 79)}


@pytest.mark.parametrize(
    ("known", "form", "logits", "exit_code", "said"),
    [
        ("published", ".npy", LOGITS, 0, "verdict: this is DeepMind's network and DeepMind's weights\n"),
        (
            "published",
            ".npy",
            NEAR,
            3,
            "off the published norm (allowed: 0.0001), and the leading classes are the same",
        ),
        ("published", ".gif", NEAR, 0, "first class is the expected one; DeepMind's own .npy would prove more\n"),
        ("published", ".gif", -LOGITS, 3, "ParityError: the first class is "),
        ("reference", ".gif", LOGITS, 0, "verdict: these are the logits of DeepMind's own graph, the TF-Hub module"),
        ("reference", ".gif", NEAR, 3, "off the norm of DeepMind's graph (allowed: 0.0001)"),
        ("reference", ".npy", NEAR, 0, "first class is the expected one; DeepMind's own .gif would prove more\n"),
        ("reference", ".npy", -LOGITS, 3, "ParityError: the first class is "),
        ("nothing", ".gif", LOGITS, 0, "no verdict: DeepMind published no values for weights "),
    ],
)
def test_the_verdict(
    known: str,
    form: str,
    logits: np.ndarray,
    exit_code: int,
    said: str,
    checkpoint_prefix: Path,
    samples: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checkpoint = open_checkpoint(checkpoint_prefix)
    expected = {checkpoint.origin: summarize(LOGITS, checkpoint.labels)}
    nothing: dict[str, SampleResult] = {}
    monkeypatch.setattr(sample, "published_results", lambda: expected if known == "published" else nothing)
    monkeypatch.setattr(sample, "reference_results", lambda: expected if known == "reference" else nothing)
    seen: list[np.ndarray] = []

    def run(path: Path, clips: list[dict[str, np.ndarray]]) -> list[np.ndarray]:
        seen.extend(clip["Placeholder"] for clip in clips)
        return [logits[np.newaxis]]

    monkeypatch.setattr("i3d_edge.freeze.run_frozen_graph", run)
    result = i3d("verify-sample", checkpoint_prefix, samples[form])
    assert result.exit_code == exit_code, result.output
    assert said in result.output
    [clip] = seen
    assert (clip.shape, clip.dtype) == ((1, 79, 224, 224, 3), np.float32)
    blue = {".npy": 0.0, ".gif": (2 * 85 - 127.5) / 127.5}[form]
    assert clip[0, 78, 0, 0, 2] == np.float32(blue)


@pytest.mark.slow
@pytest.mark.shared
def test_rgb_scratch_on_the_gif(shared: Path) -> None:
    gif = shared / "golden/v_CricketShot_g04_c01_rgb.gif"
    result = i3d("verify-sample", shared / "checkpoints/rgb_scratch", gif)
    assert result.exit_code == 0, result.output
    assert "DeepMind's graph  83.24164" in result.stdout
    assert "DeepMind's graph label" in result.stdout
    assert "verdict: these are the logits of DeepMind's own graph" in result.stdout
