import numpy as np
import pytest

from i3d_edge.core.errors import ClipShapeError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime import Clip
from i3d_edge.runtime.inference.inputs import check_inputs, model_inputs

FIELDS = {"labels": LabelSet("two", ("a", "b")), "num_frames": 9, "crop_px": 8, "layout": "NDCHW"}
RGB = i3d_spec(**FIELDS, input_type="u8", has_preprocessing=True)
RGB_FLOAT = i3d_spec(**FIELDS, has_preprocessing=True)
RGB_BARE = i3d_spec(**FIELDS)
FLOW = i3d_spec(**FIELDS, stream="flow")
JOINT = i3d_spec(**FIELDS, stream="joint", fusion="logits", input_type="u8", has_preprocessing=True)

PIXELS = np.random.default_rng(0).integers(0, 256, (1, 9, 3, 8, 8), dtype=np.uint8)
MOTION = np.random.default_rng(1).uniform(-1, 1, (1, 9, 2, 8, 8)).astype(np.float32)
BOTH = {"Placeholder": PIXELS, "Placeholder_flow": MOTION}


def test_values_reach_the_model_as_they_are(subtests: pytest.Subtests) -> None:
    for case, (spec, inputs) in {
        "clip": (RGB, PIXELS),
        "by name": (RGB, {"Placeholder": PIXELS}),
        "bytes for floats": (RGB_FLOAT, PIXELS),
        "floats": (RGB_FLOAT, PIXELS.astype(np.float32)),
        "flow": (FLOW, MOTION),
        "joint": (JOINT, BOTH),
    }.items():
        with subtests.test(case):
            given = inputs if isinstance(inputs, dict) else {"Placeholder": inputs}
            checked = check_inputs(inputs, spec)
            assert list(checked) == list(spec.inputs)
            for name, values in checked.items():
                assert values.dtype.name == {"u8": "uint8", "f32": "float32"}[spec.inputs[name].element_type]
                assert np.array_equal(values, given[name])


def test_no_copy_where_none_is_needed() -> None:
    assert np.shares_memory(check_inputs(BOTH, JOINT)["Placeholder"], PIXELS)
    assert np.shares_memory(check_inputs(BOTH, JOINT)["Placeholder_flow"], MOTION)


def test_pixels_are_normalised_for_a_model_that_does_not_do_it() -> None:
    [values] = check_inputs(PIXELS, RGB_BARE).values()
    assert values.dtype == np.float32
    assert np.abs(values - (PIXELS / 127.5 - 1)).max() < 1e-6


def test_fractions_of_a_grey_level_reach_a_model_of_floats() -> None:
    fractions = np.random.default_rng(2).uniform(0, 255, (9, 8, 8, 3)).astype(np.float32)
    laid_out = fractions.transpose(0, 3, 1, 2)[np.newaxis]
    for spec, expected in [(RGB, np.rint(laid_out)), (RGB_FLOAT, laid_out), (RGB_BARE, laid_out / 127.5 - 1)]:
        [values] = check_inputs(model_inputs(Clip(fractions, 0, 1), spec), spec).values()
        assert np.allclose(values, expected, atol=1e-6)


def test_other_values_are_refused(subtests: pytest.Subtests) -> None:
    for case, (spec, inputs, message) in {
        "layout": (
            RGB,
            PIXELS.transpose(0, 1, 3, 4, 2),
            "clip must have layout NDCHW (1, 9, 3, 8, 8) uint8; got (1, 9, 8, 8, 3) uint8\n\n"
            "hint: this is NDHWC: transpose it by (0, 1, 4, 2, 3)",
        ),
        "no batch": (
            RGB,
            PIXELS[0],
            "clip must have layout NDCHW (1, 9, 3, 8, 8) uint8; got (9, 3, 8, 8) uint8\n\n"
            "hint: this is a clip without its batch axis: put one of length 1 in front",
        ),
        "one of two": (
            JOINT,
            {**BOTH, "Placeholder_flow": MOTION.transpose(0, 2, 1, 3, 4)},
            "input 'Placeholder_flow' must have layout NDCHW (1, 9, 2, 8, 8) float32; got (1, 2, 9, 8, 8) float32\n\n"
            "hint: this is NCDHW: transpose it by (0, 2, 1, 3, 4)",
        ),
        "dtype": (
            JOINT,
            {**BOTH, "Placeholder": PIXELS.astype(np.float32)},
            "input 'Placeholder' must have layout NDCHW (1, 9, 3, 8, 8) uint8; got (1, 9, 3, 8, 8) float32",
        ),
        "float64": (
            RGB_FLOAT,
            PIXELS.astype(np.float64),
            "clip must have layout NDCHW (1, 9, 3, 8, 8) uint8 or float32; got (1, 9, 3, 8, 8) float64",
        ),
        "range": (
            JOINT,
            {**BOTH, "Placeholder_flow": np.full_like(MOTION, 20)},
            "input 'Placeholder_flow' must have values in [-1, 1]; got 20 to 20",
        ),
        "not a number": (
            FLOW,
            np.full_like(MOTION, np.nan),
            "clip must have values in [-1, 1]; got nan to nan",
        ),
        "absent": (
            JOINT,
            {"Placeholder": PIXELS},
            "the model's inputs are ['Placeholder', 'Placeholder_flow']; got ['Placeholder']",
        ),
        "one array": (
            JOINT,
            PIXELS,
            "the model's inputs are ['Placeholder', 'Placeholder_flow']; got one array\n\n"
            "hint: give a mapping of their names to arrays",
        ),
    }.items():
        with subtests.test(case):
            with pytest.raises(ClipShapeError) as caught:
                check_inputs(inputs, spec)
            assert str(caught.value) == message
