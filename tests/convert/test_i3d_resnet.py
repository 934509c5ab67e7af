"""I3D-ResNets from the weights of MMAction2 and GluonCV: small ones, held to what the peers' own code answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from click.testing import CliRunner, Result
from weights import (
    FRAMES,
    KINDS,
    NUM_CLASSES,
    SIDE_PX,
    gluoncv_names,
    mmaction2_names,
    mxnet_names,
    pixels,
    tensors_of,
    torch_zip,
    write_checkpoint,
)

from i3d_edge import convert_weights
from i3d_edge.cli import main
from i3d_edge.convert.networks.layers import Layers, read_layers
from i3d_edge.convert.networks.network import NETWORKS, build_network, candidates
from i3d_edge.convert.networks.published import GLUONCV, MMACTION2
from i3d_edge.convert.step_model import make_step_ir
from i3d_edge.convert.weights import read_weights
from i3d_edge.core.errors import ArgumentError, CheckpointVariablesError, NotFiniteError, SpecError
from i3d_edge.core.i3d_spec import LOGITS_NAME
from i3d_edge.core.labels import numbered
from i3d_edge.core.port import Port
from i3d_edge.core.spec import Head, ModelSpec
from i3d_edge.runtime import read_ir

GOLDENS = json.loads((Path(__file__).parent / "i3d_resnet.json").read_text())
"""Logits of the peers' own networks, by `tests/support/peer_network.py`."""
SPEC = ModelSpec(
    family="i3d-resnet",
    inputs={
        "video": Port(
            stream="rgb",
            mean=(123.675, 116.28, 103.53),
            scale=(58.395, 57.12, 57.375),
            element_type="u8",
            takes_pixels=True,
        )
    },
    head=Head(output="Softmax", kind="probabilities"),
    labels=numbered(NUM_CLASSES),
    num_frames=FRAMES,
    short_side_px=SIDE_PX,
    crop_px=(SIDE_PX, SIDE_PX),
    layout="NDHWC",
)
SMALL = {"crop_px": SIDE_PX, "num_frames": FRAMES}


def i3d(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)


def logits(layers: Layers, network: str) -> np.ndarray:
    model = build_network(layers, NETWORKS[network], SPEC, logits_output=True)
    compiled = ov.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(pixels())[LOGITS_NAME][0]


def difference(got: np.ndarray, expected: object) -> float:
    return float(np.abs(got - np.array(expected)).max() / np.abs(expected).max())


@pytest.mark.parametrize("kind", KINDS)
def test_the_peers_own_networks_answer_the_same(kind: str) -> None:
    layers = read_layers(tensors_of(kind))
    assert kind in candidates(layers)
    assert difference(logits(layers, kind), GOLDENS[kind]) < 1e-5


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("i3d-heavy", "i3d"),
        ("i3d-nl-dot-product", "i3d-nl-embedded-gaussian"),
        ("i3d-nl-gluoncv", "i3d-nl-embedded-gaussian"),
    ],
)
def test_what_the_weights_do_not_say_matters(kind: str, other: str) -> None:
    assert difference(logits(read_layers(tensors_of(kind)), other), GOLDENS[kind]) > 1e-2


@pytest.mark.parametrize("names", [mmaction2_names, gluoncv_names, mxnet_names])
def test_one_network_under_three_namings(names: object) -> None:
    layers = read_layers(tensors_of("i3d", names))  # type: ignore[arg-type]
    assert layers.fingerprint == read_layers(tensors_of("i3d")).fingerprint
    assert layers.publisher == ("MMAction2" if names is mmaction2_names else "GluonCV")


@pytest.mark.parametrize(
    ("kind", "fitting"),
    [
        ("i3d", ("i3d",)),
        ("i3d-heavy", ("i3d", "i3d-heavy")),
        ("i3d-nl-dot-product", ("i3d-nl-dot-product", "i3d-nl-embedded-gaussian")),
        ("i3d-nl-gaussian", ("i3d-nl-gaussian",)),
        ("i3d-nl-gluoncv", ("i3d-nl-gluoncv",)),
        ("slow-8x8", ("slow-32x2", "slow-16x4", "slow-8x8")),
    ],
)
def test_which_networks_weights_fit(kind: str, fitting: tuple[str, ...]) -> None:
    assert candidates(read_layers(tensors_of(kind))) == fitting


def without(tensors: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    return {key: values for key, values in tensors.items() if key != name}


BN = "backbone.layer1.0.conv1.bn"
STEM = "backbone.conv1.conv.weight"
SPOILT = {
    "nothing": (lambda _: {}, "its stages have 0, 0, 0, 0 blocks, and its layers have names such as none"),
    "other names": (
        lambda tensors: tensors | {"fast_path.conv1.weight": np.zeros((1, 1), np.float32)},
        "it lacks, or is alone in having, 'fast_path.conv1'",
    ),
    "one more": (
        lambda tensors: tensors | {"backbone.layer1.3.conv1.conv.weight": tensors[STEM]},
        "is alone in having, 'layer1.3.conv1'",
    ),
    "no classifier": (
        lambda tensors: without(without(tensors, "cls_head.fc_cls.weight"), "cls_head.fc_cls.bias"),
        "it lacks, or is alone in having, 'fc'",
    ),
    "no variance": (lambda tensors: without(tensors, f"{BN}.running_var"), "layer layer1.0.conv1 lacks its 'variance'"),
    "half a batch norm": (
        lambda tensors: tensors | {f"{BN}.weight": np.ones(3, np.float32)},
        "layer layer1.0.conv1 has weights (4, 4, 3, 1, 1), and not one number for each output",
    ),
    "2-D": (
        lambda tensors: tensors | {STEM: tensors[STEM][:, :, 0]},
        "layer conv1 has shape (4, 3, 7, 7), not (4, 3, 5, 7, 7)",
    ),
    "another stem": (
        lambda tensors: tensors | {STEM: tensors[STEM][:, :, :3]},
        "layer conv1 has shape (4, 3, 3, 7, 7)",
    ),
    "NaN": (lambda tensors: tensors | {f"{BN}.bias": np.full(4, np.nan, np.float32)}, "numbers that are not finite"),
    "negative variance": (lambda tensors: tensors | {f"{BN}.running_var": -np.ones(4, np.float32)}, "not finite"),
    "whole numbers": (lambda tensors: tensors | {f"{BN}.bias": np.ones(4, np.int64)}, "holds int64"),
    "another leaf": (
        lambda tensors: tensors | {"backbone.conv1.alpha": np.ones(4, np.float32)},
        "which has no tensor 'backbone.conv1.alpha'",
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_other_networks_are_refused(case: str) -> None:
    spoil, message = SPOILT[case]
    with pytest.raises(CheckpointVariablesError) as caught:
        candidates(read_layers(spoil(tensors_of("i3d"))))
    assert message in caught.value.message


def test_a_tensor_under_two_names_must_be_one() -> None:
    tensors = tensors_of("i3d", gluoncv_names)
    tensors["head.1.bias"] = tensors["head.1.bias"] + 1
    with pytest.raises(CheckpointVariablesError, match=r"tensor head\.1\.bias differs from the one that"):
        read_layers(tensors)


@pytest.mark.parametrize(
    ("options", "applied", "bound"),
    [
        ({"precision": "FP16"}, (), 1e-2),
        ({"target": "vpu"}, ("lower-to-2d",), 1e-5),
        ({"layout": "NCDHW", "input_type": "f32", "batch": 2, "fold": "dhw"}, (), 1e-5),
    ],
    ids=["FP16", "VPU", "batch"],
)
def test_the_ir(tmp_path: Path, options: dict[str, object], applied: tuple[str, ...], bound: float) -> None:
    weights = write_checkpoint(tmp_path / "nl.pth", "i3d-nl-embedded-gaussian")
    output, network = tmp_path / "m.xml", "i3d-nl-embedded-gaussian"
    report = convert_weights(weights, output, network=network, logits_output=True, **SMALL, **options)
    assert report.parity is not None
    assert report.parity.passed
    assert report.spec.passes == ("embed-preprocessing", *applied)
    assert report.outputs == {"Softmax": NUM_CLASSES, "logits": NUM_CLASSES, "embedding": 128}
    model, spec = read_ir(output)
    assert (spec.family, spec.frame_stride, spec.frame_rate_fps, spec.short_side_px) == ("i3d-resnet", 2, None, 256)
    compiled = ov.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    clips = np.repeat(pixels(), spec.batch, axis=0)
    got = compiled(np.ascontiguousarray(spec.lay_out(clips).astype(model.input().get_element_type().to_dtype())))
    assert difference(got[LOGITS_NAME][-1], GOLDENS["i3d-nl-embedded-gaussian"]) < bound
    assert got["Softmax"].sum() == pytest.approx(spec.batch, rel=1e-5)


def test_steps(tmp_path: Path) -> None:
    """What a block adds to itself is read twice, from one memory."""
    weights = write_checkpoint(tmp_path / "w.pth", "i3d-heavy")
    convert_weights(weights, tmp_path / "m.xml", network="i3d-heavy", **SMALL)
    report = make_step_ir(tmp_path / "m.xml", tmp_path / "steps.xml", hop=4)
    assert max(clip.relative_difference for clip in report.clips) < 1e-5


def test_a_network_that_must_be_named(tmp_path: Path) -> None:
    weights = write_checkpoint(tmp_path / "heavy.pth", "i3d-heavy")
    result = i3d("convert", weights, "-o", tmp_path / "m.xml")
    assert result.exit_code == 2
    assert "the weights fit 2 networks" in result.stderr
    assert "hint: say which it is: --network i3d or --network i3d-heavy" in result.stderr
    with pytest.raises(ArgumentError, match="the weights are not those of i3d-nl-gaussian"):
        convert_weights(weights, tmp_path / "m.xml", network="i3d-nl-gaussian")
    assert "i3d or i3d-heavy" in i3d("info", weights).stdout


@pytest.mark.parametrize(("suffix", "squeezed_px"), [(".pth", (256, 340)), (".params", None)])
def test_gluoncvs_frames_are_squeezed_where_it_squeezes_them(
    tmp_path: Path, suffix: str, squeezed_px: tuple[int, int] | None
) -> None:
    weights = write_checkpoint(tmp_path / f"w{suffix}", "i3d-nl-gluoncv")
    spec = convert_weights(weights, tmp_path / "m.xml", **SMALL).spec
    assert (spec.squeezed_px, spec.short_side_px) == (squeezed_px, None if squeezed_px else 256)


def test_a_published_file_needs_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = write_checkpoint(tmp_path / "any.pth", "i3d-heavy")
    sha256 = read_weights(weights).sha256
    monkeypatch.setitem(MMACTION2, sha256, ("mmaction2 heavy", "i3d-heavy"))  # type: ignore[arg-type]
    spec = convert_weights(weights, tmp_path / "m.xml", **SMALL).spec
    assert spec.origin == "mmaction2 heavy"
    assert {network for _, network in (*MMACTION2.values(), *GLUONCV.values())} <= NETWORKS.keys()


def test_the_commands(tmp_path: Path) -> None:
    weights, labels, output = tmp_path / "w.params", tmp_path / "own.txt", tmp_path / "m.xml"
    write_checkpoint(weights, "i3d-nl-gluoncv")
    labels.write_text("\n".join("abcdefg"))
    described = i3d("info", weights).stdout
    assert "MXNet weights" in described
    assert "I3D-ResNet-50, 5 non-local blocks, 7 classes, GluonCV's names" in described
    result = i3d("convert", weights, "-o", output, "--num-frames", FRAMES, "--crop", SIDE_PX, "--labels", labels)
    assert result.exit_code == 0, result.output
    assert "I3D-ResNet-50, 5 non-local blocks, 7 classes, GluonCV's names: i3d-nl-gluoncv" in result.stdout
    assert "NOT CHECKED against PyTorch or MXNet" in result.stdout
    assert "TensorFlow" not in result.output
    _, spec = read_ir(output)
    assert (spec.labels.name, spec.head.view_fusion, spec.crop_px) == ("own", "logits", (SIDE_PX, SIDE_PX))
    assert "I3D-ResNet rgb, 7 classes (own), 16 frames" in i3d("info", output).stdout
    labels.write_text("a\nb\n")
    wrong = i3d("convert", weights, "-o", tmp_path / "n.xml", "--labels", labels)
    assert "there are 2 labels, and the network has 7 classes" in wrong.stderr
    folded = i3d("convert", weights, "-o", output, "--num-frames", 8, "--crop", 32, "--fold", "hw", "--force")
    assert "fold-stem-hw: no 7x7x7 convolution" in folded.stdout
    assert i3d("convert", "g.pb", "-o", output, "--crop", 256).exit_code == 2


def test_what_cannot_be_converted(tmp_path: Path) -> None:
    tensors = tensors_of("i3d")
    tensors["cls_head.fc_cls.weight"] = np.full_like(tensors["cls_head.fc_cls.weight"], 3e38)
    weights = tmp_path / "w.pth"
    weights.write_bytes(torch_zip(tensors))
    with pytest.raises(NotFiniteError, match="its weights are damaged"):
        convert_weights(weights, tmp_path / "m.xml", **SMALL)
    with pytest.raises(SpecError, match="one clip at a time"):
        convert_weights(write_checkpoint(weights, "i3d"), tmp_path / "m.xml", batch=2, target="vpu", **SMALL)
    with pytest.raises(SpecError, match="num_frames must be from 5"):
        convert_weights(weights, tmp_path / "m.xml", num_frames=4)
    assert [path.name for path in tmp_path.iterdir()] == ["w.pth"]
