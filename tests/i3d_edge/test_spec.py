import dataclasses
import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from i3d_edge.core.errors import LabelError, SpecError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet, default_for, kinetics_400
from i3d_edge.core.normalisation import bounds, denormalised, normalised, ordered
from i3d_edge.core.port import Port
from i3d_edge.core.spec import ModelSpec
from i3d_edge.core.spec_file import read_spec, spec_to_fields, spec_to_json

CUSTOM = LabelSet("mine", ("jump", "run"))

FOREIGN: dict[str, Any] = {
    "spec_version": 2,
    "inputs": {"frames": {"stream": "rgb", "mean": [123.675, 116.28, 103.53], "scale": [58.4, 57.1, 57.4]}},
    "head": {"output": "logits", "kind": "logits", "view_fusion": "logits"},
    "labels": {"name": "mine", "names": ["jump", "run"]},
    "num_frames": 32,
    "frame_stride": 2,
    "frame_rate_fps": "30000/1001",
    "short_side_px": 256,
    "crop_px": [224, 256],
    "layout": "NCDHW",
}

STEPPING: dict[str, Any] = {"mode": "exact", "hop": 8, "warm_up": 4, "window_sha256": ["0" * 64, "1" * 64]}

VERSION_1: dict[str, Any] = {
    "spec_version": 1,
    "labels": {"name": "kinetics-400"},
    "stream": "rgb",
    "num_frames": 79,
    "batch": 1,
    "fusion": None,
    "has_embedding": False,
    "crop_px": 224,
    "frame_px": None,
    "short_side_px": 256,
    "frame_rate_fps": 25,
    "mean": 127.5,
    "scale": 127.5,
    "layout": "NDCHW",
    "input_type": "u8",
    "has_preprocessing": True,
    "origin": "rgb_scratch",
    "fingerprint": "2d75",
    "frozen_graph_sha256": "81d8",
    "precision": "INT8",
    "passes": ["embed-preprocessing", "fold-stem-dhw"],
    "made_with": {"openvino": "2026.2"},
}
"""As an IR of version 1 describes itself."""


@pytest.mark.parametrize(
    "spec",
    [
        i3d_spec(labels=kinetics_400()),
        i3d_spec(labels=CUSTOM, stream="flow", num_frames=16, passes=("a", "b"), made_with={"openvino": "1"}),
        i3d_spec(labels=CUSTOM, stream="joint", fusion="probabilities", frame_rate_fps=Fraction(30000, 1001)),
        i3d_spec(labels=CUSTOM, frame_rate_fps=Fraction(29.97)),
        read_spec(json.dumps({**FOREIGN, "frame_rate_fps": 24000 / 1001})),
        read_spec(json.dumps(FOREIGN)),
    ],
    ids=["shipped labels", "own labels", "joint", "float rate", "decimal rate", "foreign"],
)
def test_what_is_written_is_read(spec: ModelSpec) -> None:
    assert read_spec(spec_to_json(spec)) == spec
    assert spec_to_json(read_spec(spec_to_json(spec))) == spec_to_json(spec)


def test_a_shipped_label_set_is_stored_by_name() -> None:
    assert spec_to_fields(i3d_spec(labels=kinetics_400()))["labels"] == {"name": "kinetics-400"}
    renamed = LabelSet("kinetics-400", CUSTOM.names)  # the name alone does not make it the shipped one
    assert read_spec(spec_to_json(i3d_spec(labels=renamed))).labels == renamed


def test_a_network_that_is_no_i3d() -> None:
    spec = read_spec(json.dumps(FOREIGN))
    assert (spec.family, spec.stream, spec.num_classes, spec.span) == ("other", "rgb", 2, 64)
    assert spec.frame_rate_fps == Fraction(30000, 1001)
    assert spec.clip_shape == (1, 3, 32, 224, 256)
    assert spec.title() == "video classifier rgb, 2 classes (mine), 32 frames, weights unknown"
    assert spec.sampling() == "30000/1001 fps, every 2nd of these"
    assert dataclasses.replace(spec, frame_rate_fps=None).sampling() == "every 2nd source frame"
    assert spec.framing() == "short side 256, centre crop 224 x 256"
    assert dataclasses.replace(spec, short_side_px=None).framing() == "whole frames squeezed to 224 x 256"
    squeezed = dataclasses.replace(spec, short_side_px=None, squeezed_px=(256, 340))
    assert squeezed.framing() == "whole frames squeezed to 256 x 340, centre crop 224 x 256"
    assert read_spec(spec_to_json(squeezed)) == squeezed


def test_version_1_is_read(subtests: pytest.Subtests) -> None:
    spec = read_spec(json.dumps(VERSION_1))
    assert spec.title() == "I3D rgb, 400 classes (kinetics-400), 79 frames, INT8, weights rgb_scratch"
    assert spec.inputs == {
        "Placeholder": Port(stream="rgb", mean=(127.5,) * 3, scale=(127.5,) * 3, element_type="u8", takes_pixels=True)
    }
    assert (spec.head.output, spec.head.kind) == ("Softmax", "probabilities")
    assert (spec.crop_px, spec.short_side_px, spec.frame_rate_fps, spec.frame_stride) == ((224, 224), 256, 25, 1)
    assert spec.passes == ("embed-preprocessing", "fold-stem-dhw")
    joint = read_spec(json.dumps({**VERSION_1, "stream": "joint", "fusion": "logits"}))
    assert {name: (port.stream, port.takes_pixels) for name, port in joint.inputs.items()} == {
        "Placeholder": ("rgb", True),
        "Placeholder_flow": ("flow", False),
    }
    for case, (fields, message) in {
        "unknown field": ({"colour": 1}, "version 1 has no field 'colour'"),
        "unknown stream": ({"stream": "audio"}, "stream must be one of rgb, flow, joint; got 'audio'"),
        "whole frames": (
            {"frame_px": [240, 320]},
            "the model resizes and crops whole frames itself, which i3d-edge no longer supports\n\n"
            "hint: convert the frozen graph again",
        ),
        "wrong type": ({"num_frames": "nine"}, "it is damaged: num_frames: expected int, got str"),
        "a list as stream": ({"stream": []}, "stream must be one of rgb, flow, joint; got '[]'"),
    }.items():
        with subtests.test(case):
            assert refusal({**VERSION_1, **fields}) == message


def refusal(fields: dict[str, Any]) -> str:
    with pytest.raises(SpecError) as caught:
        read_spec(json.dumps(fields))
    return str(caught.value)


def test_a_spec_that_cannot_be_read(subtests: pytest.Subtests) -> None:
    port = FOREIGN["inputs"]["frames"]
    for changes, message in [
        ({"spec_version": 9}, "it has version 9; this program reads version 2\n\nhint: another version of i3d-edge"),
        ({"colour": "red"}, "it has the unknown field colour"),
        ({"inputs": {"frames": {**port, "size": 3}}}, "it has the unknown field inputs.frames.size"),
        ({"head": {"kind": "logits"}}, "it is damaged: head: missing field 'output'"),
        ({"labels": {"name": "other"}}, "no label set 'other' comes with i3d-edge: list its class names in labels"),
        ({"labels": ["jump", "run"]}, 'labels is not {"name": ..., "names": [...]}: expected object, got array'),
        ({"frame_rate_fps": "fast"}, "frame_rate_fps is not a rate: 'fast'\n\nhint: write a number, or a fraction"),
        ({"frame_rate_fps": "1e999999999"}, "frame_rate_fps is not a rate: '1e999999999'"),
        ({"frame_rate_fps": -1}, "frame_rate_fps must be from 0.001 to 1,000; got -1"),
        ({"family": "resnet"}, "Unknown family 'resnet'. Known: inception-i3d, i3d-resnet, gluoncv-inception, other."),
        ({"inputs": {}}, "a model takes RGB, flow, or one of both; got no input"),
        ({"inputs": {"frames": {**port, "mean": [1]}}}, "rgb input needs 3 numbers as mean; got 1"),
        ({"inputs": {"frames": {**port, "element_type": "u8"}}}, "an input of normalised values must be f32, not u8"),
        ({"crop_px": [0, 256]}, "crop_px must be from 1 to 8,192; got 0"),
        ({"stepping": {**STEPPING, "hop": 32}}, "stepping.hop must be from 1 to 31; got 32"),
        ({"stepping": {**STEPPING, "warm_up": 3}}, "stepping.warm_up must be from 4 to 100,000; got 3"),
        ({"none_below": 1.5}, "none_below must be from 0 to 1; got 1.5"),
        ({"squeezed_px": [256, 340]}, "frames are resized to short_side_px or squeezed to squeezed_px, not both"),
        ({"short_side_px": None, "squeezed_px": [223, 340]}, "squeezed_px must be from 224 to 8,192; got 223"),
        ({"short_side_px": 200}, "short_side_px must be from 256 to 8,192; got 200"),
    ]:
        with subtests.test(message=message):
            assert refusal({**FOREIGN, **changes}).startswith(message)
    for text, message in [("nonsense", "it is not JSON: invalid character"), ("[]", "it is not a JSON object")]:
        with pytest.raises(SpecError, match=message):
            read_spec(text)


def test_normalising_by_channel() -> None:
    port = Port(stream="rgb", mean=(10, 20, 30), scale=(1, 2, 4), colour_order="BGR")
    pixels = np.array([[[10, 20, 30], [255, 0, 30]]], np.uint8)
    assert normalised(pixels, port).tolist() == [[[0, 0, 0], [245, -10, 0]]]
    assert np.array_equal(normalised(pixels.transpose(2, 0, 1), port, 0), normalised(pixels, port).transpose(2, 0, 1))
    assert np.array_equal(denormalised(normalised(pixels, port), port), pixels)
    assert bounds(port) == (-10, 245)
    assert ordered(pixels, port).tolist() == [[[30, 20, 10], [30, 0, 255]]]


def test_clip_shape(subtests: pytest.Subtests) -> None:
    for layout, stream, shape in [
        ("NDHWC", "rgb", (1, 79, 224, 224, 3)),
        ("NDCHW", "rgb", (1, 79, 3, 224, 224)),
        ("NCDHW", "flow", (1, 2, 79, 224, 224)),
        ("DCHW", "rgb", (79, 3, 224, 224)),
    ]:
        with subtests.test(layout=layout):
            assert i3d_spec(labels=CUSTOM, layout=layout, stream=stream).clip_shape == shape


def test_clips_are_laid_out(subtests: pytest.Subtests) -> None:
    for layout in ["NDHWC", "NDCHW", "NCDHW", "DCHW", "DHWC"]:
        with subtests.test(layout=layout):
            clips = np.arange(2 * 9 * 4 * 5 * 3).reshape(2, 9, 4, 5, 3)
            laid = i3d_spec(labels=CUSTOM, layout=layout).lay_out(clips)
            assert laid.shape == tuple({"N": 2, "D": 9, "H": 4, "W": 5, "C": 3}[axis] for axis in layout)
            place = {"N": 0, "D": 7, "H": 1, "W": 3, "C": 2}
            assert laid[tuple(place[axis] for axis in layout)] == clips[0, 7, 1, 3, 2]


def test_the_title_names_the_weights() -> None:
    spec = i3d_spec(labels=CUSTOM, origin="rgb_scratch", precision="FP16")
    assert spec.title() == "I3D rgb, 2 classes (mine), 79 frames, FP16, weights rgb_scratch"
    assert dataclasses.replace(spec, origin="rgb_imagenet").title().endswith("weights rgb_imagenet")


def test_impossible_values(subtests: pytest.Subtests) -> None:
    for changes, message in [
        ({"num_frames": 8}, "num_frames must be from 9 to 100,000; got 8"),
        ({"batch": 0}, "batch must be from 1 to 1,024; got 0"),
        ({"stream": "joint"}, "fusion is needed for a joint model, and for no other; got None"),
        ({"fusion": "logits"}, "fusion is needed for a joint model, and for no other; got 'logits'"),
        ({"layout": "NHWC"}, "layout must order the letters N, D, H, W and C, or all but N; got 'NHWC'"),
        ({"layout": "DCHW", "batch": 2}, "layout must have an N where batch is not 1; got 'DCHW' and 2"),
    ]:
        with subtests.test(message=message):
            with pytest.raises(SpecError) as caught:
                i3d_spec(labels=CUSTOM, **changes)
            assert str(caught.value) == message


def test_kinetics_400_is_in_deepminds_order() -> None:
    labels = kinetics_400()
    assert len(labels) == 400
    assert list(labels.names) == sorted(labels.names)
    assert (labels.names[0], labels.index("playing cricket"), labels.names[-1]) == ("abseiling", 227, "zumba")


def test_default_labels() -> None:
    assert default_for(400) is kinetics_400()
    assert default_for(3).names == ("class 0", "class 1", "class 2")


def test_a_label_without_neighbours_has_no_hint() -> None:
    with pytest.raises(LabelError) as caught:
        CUSTOM.index("xyzzy")
    assert str(caught.value) == "label 'xyzzy' is not among the 2 of 'mine'"


@pytest.mark.parametrize(
    ("names", "finding"),
    [
        (("a", "b", "a"), "has 'a' more than once"),
        ((), "has a wrong name: [1]: expected array of length >= 1"),
        (("a", ""), "has a wrong name: [1][1]: expected str of length >= 1"),
        (("a", 1), "has a wrong name: [1][1]: expected str, got int"),
    ],
)
def test_names_that_are_no_classes(names: tuple[str, ...], finding: str) -> None:
    with pytest.raises(LabelError) as caught:
        LabelSet("mine", names)
    assert str(caught.value) == f"label set 'mine' {finding}"
