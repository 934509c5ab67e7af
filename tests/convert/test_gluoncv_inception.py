"""GluonCV's Inceptions from their .params: small ones, held to what GluonCV's own code answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from click.testing import CliRunner
from weights import FRAMES, INCEPTION_SIDES_PX, NUM_CLASSES, inception_tensors, mxnet_params, pixels

from i3d_edge import convert_weights
from i3d_edge.cli import main
from i3d_edge.convert.networks.layers import read_layers
from i3d_edge.convert.networks.network import candidates
from i3d_edge.convert.step_model import make_step_ir
from i3d_edge.core.errors import CheckpointVariablesError, SpecError
from i3d_edge.core.i3d_spec import LOGITS_NAME
from i3d_edge.runtime import read_ir

GOLDENS = json.loads((Path(__file__).parent / "gluoncv_inception.json").read_text())
"""By `tests/support/peer_mxnet.py`: logits of GluonCV's own networks, an eighth as wide, and the shapes of weights."""
SIDES_PX = {name.replace("_", "-"): side for name, side in INCEPTION_SIDES_PX.items()}


def tensors_of(network: str) -> dict[str, np.ndarray]:
    return inception_tensors(GOLDENS[network]["shapes"])


def write(path: Path, network: str) -> Path:
    path.write_bytes(mxnet_params(tensors_of(network)))
    return path


@pytest.mark.parametrize(
    ("network", "target", "passes"),
    [("i3d-inceptionv1", "cpu", ()), ("i3d-inceptionv3", "cpu", ()), ("i3d-inceptionv3", "vpu", ("lower-to-2d",))],
)
def test_gluoncv_answers_the_same(network: str, target: str, passes: tuple[str, ...], tmp_path: Path) -> None:
    weights, output, side = write(tmp_path / "w.params", network), tmp_path / "m.xml", SIDES_PX[network]
    own = {"target": target, "num_frames": FRAMES, "crop_px": side, "logits_output": True}
    report = convert_weights(weights, output, **own)  # type: ignore[arg-type]
    assert report.spec.passes == ("embed-preprocessing", *passes)
    compiled = ov.compile_model(read_ir(output)[0], "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    got = compiled(np.ascontiguousarray(report.spec.lay_out(pixels(side_px=side))))[LOGITS_NAME][0]
    expected = np.array(GOLDENS[network]["logits"])
    assert np.abs(got - expected).max() / np.abs(expected).max() < 1e-5


def test_steps(tmp_path: Path) -> None:
    weights = write(tmp_path / "w.params", "i3d-inceptionv3")
    convert_weights(weights, tmp_path / "m.xml", num_frames=FRAMES, crop_px=SIDES_PX["i3d-inceptionv3"])
    report = make_step_ir(tmp_path / "m.xml", tmp_path / "steps.xml", hop=4)
    assert max(clip.relative_difference for clip in report.clips) < 1e-5


@pytest.mark.parametrize(
    ("network", "title", "framing"),
    [
        ("i3d-inceptionv1", "I3D-Inception-V1", "short side 256, centre crop 224 x 224"),
        ("i3d-inceptionv3", "I3D-Inception-V3", "short side 340, centre crop 299 x 299"),
    ],
)
def test_clips_are_as_gluoncv_tests(network: str, title: str, framing: str, tmp_path: Path) -> None:
    weights, output = write(tmp_path / "w.params", network), tmp_path / "m.xml"
    for args in (("info", weights), ("convert", weights, "-o", output, "--num-frames", 5)):
        result = CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)
        assert f"{title}, {NUM_CLASSES} classes, GluonCV's names" in result.output
    _, spec = read_ir(output)
    assert (spec.family, spec.frame_stride, spec.head.view_fusion) == ("gluoncv-inception", 2, "logits")
    assert spec.framing() == framing


STEM, CONV = "features.0.0.weight", "features.7.1.1.0.weight"
ONES = np.ones((8, 7, 5, 5, 5), np.float32)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (CONV, None, "layer features.7.1.1 lacks its 'weight'"),
        (STEM, ONES[:4, :3], "layer features.0 has shape (4, 3, 5, 5, 5), not (4, 3, 3, 3, 3)"),
        (CONV, ONES, "layer features.7.1.1 has shape (8, 7, 5, 5, 5), not (8, 6, 5, 5, 5)"),
        ("features.19.0.weight", ONES[0, 0, 0], "lacks, or is alone in having, 'features.19'"),
    ],
)
def test_other_networks_are_refused(name: str, values: np.ndarray | None, message: str) -> None:
    tensors = tensors_of("i3d-inceptionv3") | {name: values}
    with pytest.raises(CheckpointVariablesError) as caught:
        candidates(read_layers({key: tensor for key, tensor in tensors.items() if tensor is not None}))
    assert message in caught.value.message


def test_a_crop_of_which_nothing_is_left(tmp_path: Path) -> None:
    weights = write(tmp_path / "w.params", "i3d-inceptionv3")
    with pytest.raises(SpecError, match="crop_px must be at least 75 for i3d-inceptionv3; got 74"):
        convert_weights(weights, tmp_path / "m.xml", crop_px=74)
