import dataclasses
import json

import numpy as np
import pytest

from i3d_edge.core.errors import LabelError, SpecError
from i3d_edge.core.labels import LabelSet, default_for, kinetics_400
from i3d_edge.core.spec import ModelSpec

CUSTOM = LabelSet("mine", ("jump", "run"))


@pytest.mark.parametrize(
    "spec",
    [
        ModelSpec(labels=kinetics_400()),
        ModelSpec(labels=CUSTOM, stream="flow", num_frames=16, passes=("a", "b"), made_with={"openvino": "1"}),
    ],
    ids=["shipped labels", "own labels"],
)
def test_what_is_written_is_read(spec: ModelSpec) -> None:
    assert ModelSpec.from_json(spec.to_json()) == spec
    assert ModelSpec.from_json(spec.to_json()).to_json() == spec.to_json()


def test_a_shipped_label_set_is_stored_by_name() -> None:
    assert json.loads(ModelSpec(labels=kinetics_400()).to_json())["labels"] == {"name": "kinetics-400"}
    renamed = LabelSet("kinetics-400", CUSTOM.names)  # the name alone does not make it the shipped one
    assert ModelSpec.from_json(ModelSpec(labels=renamed).to_json()).labels == renamed


def test_clip_shape(subtests: pytest.Subtests) -> None:
    for layout, stream, shape in [
        ("NDHWC", "rgb", (1, 79, 224, 224, 3)),
        ("NDCHW", "rgb", (1, 79, 3, 224, 224)),
        ("NCDHW", "flow", (1, 2, 79, 224, 224)),
        ("DCHW", "rgb", (79, 3, 224, 224)),
    ]:
        with subtests.test(layout=layout):
            assert ModelSpec(labels=CUSTOM, layout=layout, stream=stream).clip_shape == shape


def test_clips_are_laid_out(subtests: pytest.Subtests) -> None:
    for layout in ["NDHWC", "NDCHW", "NCDHW", "DCHW", "DHWC"]:
        with subtests.test(layout=layout):
            clips = np.arange(2 * 9 * 4 * 5 * 3).reshape(2, 9, 4, 5, 3)
            laid = ModelSpec(labels=CUSTOM, layout=layout).lay_out(clips)
            assert laid.shape == tuple({"N": 2, "D": 9, "H": 4, "W": 5, "C": 3}[axis] for axis in layout)
            place = {"N": 0, "D": 7, "H": 1, "W": 3, "C": 2}
            assert laid[tuple(place[axis] for axis in layout)] == clips[0, 7, 1, 3, 2]


def test_the_title_names_the_weights() -> None:
    spec = ModelSpec(labels=CUSTOM, origin="rgb_scratch", precision="FP16")
    assert spec.title() == "I3D rgb, 2 classes (mine), 79 frames, FP16, weights rgb_scratch"
    assert dataclasses.replace(spec, origin="rgb_imagenet").title().endswith("weights rgb_imagenet")


def test_impossible_values(subtests: pytest.Subtests) -> None:
    for changes, message in [
        ({"stream": "audio"}, "stream must be one of flow, joint, rgb; got 'audio'"),
        ({"num_frames": 8}, "num_frames must be at least 9; got 8"),
        ({"batch": 0}, "batch must be at least 1; got 0"),
        (
            {"stream": "joint"},
            "fusion must be one of logits, probabilities, for a joint model only; got None",
        ),
        (
            {"fusion": "logits"},
            "fusion must be one of logits, probabilities, for a joint model only; got 'logits'",
        ),
        ({"layout": "NHWC"}, "layout must order the letters N, D, H, W and C, or all but N; got 'NHWC'"),
        ({"layout": "DCHW", "batch": 2}, "layout must have an N where batch is not 1; got 'DCHW' and 2"),
    ]:
        with subtests.test(message=message):
            with pytest.raises(SpecError) as caught:
                ModelSpec(labels=CUSTOM, **changes)
            assert str(caught.value) == message


FIELDS = json.loads(ModelSpec(labels=CUSTOM).to_json())


def test_a_spec_that_cannot_be_read(subtests: pytest.Subtests) -> None:
    for case, (text, message) in {
        "not JSON": ("nonsense", "spec must be JSON; got Expecting value: line 1 column 1 (char 0)"),
        "not an object": ("[]", "spec must be a JSON object; got list"),
        "version": (
            json.dumps({**FIELDS, "spec_version": 9}),
            "spec_version must be 1; got 9\n\n"
            "hint: the model was written by another version of i3d-edge: make it again",
        ),
        "unknown field": (
            json.dumps({**FIELDS, "colour": "red"}),
            "spec must have only the fields of ModelSpec; got 'colour'",
        ),
        "missing field": (
            json.dumps({key: value for key, value in FIELDS.items() if key != "labels"}),
            "spec must have the fields of ModelSpec; got KeyError('labels')",
        ),
        "unknown labels": (
            json.dumps({**FIELDS, "labels": {"name": "other"}}),
            "label set must be shipped or spelled out; got 'other' without names",
        ),
    }.items():
        with subtests.test(case):
            with pytest.raises(SpecError) as caught:
                ModelSpec.from_json(text)
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
    assert str(caught.value) == "label 'xyzzy' must be one of the 2 in 'mine'; it is not"


def test_a_label_twice() -> None:
    with pytest.raises(LabelError) as caught:
        LabelSet("twice", ("a", "b", "a"))
    assert str(caught.value) == "label set 'twice' must have distinct names; got 'a' more than once"
