from __future__ import annotations

import json
from typing import Any

import pytest

from i3d_edge.core.errors import BundleError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import numbered
from i3d_edge.runtime.bundle.licences import licence_of_weights
from i3d_edge.runtime.bundle.manifest import LADDER, BundledModel, Entry, Manifest, digest
from i3d_edge.runtime.bundle.packing import bounds_of


def make_manifest() -> Manifest:
    model = BundledModel(
        name="m",
        path="models/m.xml",
        title="I3D",
        labels="labels/m.txt",
        profile=None,
        precision="FP32",
        origin="unknown",
        licence="unknown",
        fingerprint=None,
        frozen_graph_sha256="0" * 64,
        made_with={"openvino": "1"},
        bounds=dict(LADDER),
        measured={"bf16": 0.01},
    )
    names = ("models/m.xml", "models/m.bin", "labels/m.txt", "golden.json")
    return Manifest((model,), dict.fromkeys(names, Entry(1, "0" * 64)), {"python": "3"}, {"licences/a.txt": "all"})


def test_it_reads_what_it_writes() -> None:
    manifest = make_manifest()
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest
    assert manifest.to_bytes() == make_manifest().to_bytes()
    assert len(digest(manifest.to_bytes())) == 64


def change(fields: dict[str, Any], path: str, value: object) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        fields = fields[int(parent) if parent.isdigit() else parent]
    if value is None:
        del fields[last]
    else:
        fields[last] = value


def test_a_manifest_that_is_wrong(subtests: pytest.Subtests) -> None:
    for path, value, message in [
        ("schema_version", 2, "manifest must have schema version 1; got 2"),
        ("schema_version", None, "manifest must have schema version 1; got None"),
        ("models", None, "manifest must have the fields of a bundle; got KeyError('models')"),
        ("models", {}, "manifest must have the fields of a bundle; got TypeError('dict for list')"),
        ("models", [], "manifest must have one model at least, each with its own name; got []"),
        ("extra", 1, "manifest must have only the fields of a bundle; got 'extra'"),
        ("models.0.extra", 1, "manifest must have the fields of a bundle; got TypeError(\"model's field 'extra'\")"),
        ("models.0.name", 1, "manifest must have the fields of a bundle; got TypeError('int for str')"),
        ("models.0.path", "models/m.sh", "manifest must list every file of model 'm'; 'models/m.sh' is absent"),
        ("models.0.path", "golden.json", "manifest must list every file of model 'm'; 'golden.json.bin' is absent"),
        ("models.0.labels", "x", "manifest must list every file of model 'm'; 'x' is absent"),
        ("models.0.profile", "x", "manifest must list every file of model 'm'; 'x' is absent"),
        ("models.0.bounds.bf16", 0.2, "model 'm' must have bounds above 0, for bf16 0.1 at most; got 0.2"),
        ("models.0.bounds.f32", 0.0, "model 'm' must have bounds above 0, for f32 0.0001 at most; got 0"),
        ("models.0.bounds.f32", float("nan"), "model 'm' must have bounds above 0, for f32 0.0001 at most; got nan"),
        ("models.0.bounds.f64", 1e-9, "model 'm' must have bounds above 0, for f64 0 at most; got 1e-09"),
        (
            "models.0.bounds.int8",
            None,
            "model 'm' must have bounds for f32, f16, bf16, int8; got ['bf16', 'f16', 'f32']",
        ),
        ("models.0.bounds.int8", "1", "manifest must have the fields of a bundle; got TypeError('str for float')"),
        ("entries.golden.json", 1, None),
        ("versions", [], "manifest must have the fields of a bundle; got TypeError('list for dict')"),
    ]:
        with subtests.test(path=path, value=value):
            fields = json.loads(make_manifest().to_bytes())
            if message is None:
                fields["entries"]["golden.json"] = {"size": 1 << 30, "sha256": "0" * 64}
                message = "entry 'golden.json' must have at most 16777216 bytes; got 1073741824"
            else:
                change(fields, path, value)
            with pytest.raises(BundleError) as caught:
                Manifest.from_bytes(json.dumps(fields).encode())
            assert caught.value.message == message


def test_what_is_no_json(subtests: pytest.Subtests) -> None:
    for case, data in {
        "empty": b"",
        "cut off": b"{",
        "no text": b"\xff",
        "deep": b"[" * 100_000,
    }.items():
        with subtests.test(case), pytest.raises(BundleError, match="manifest must be JSON; got "):
            Manifest.from_bytes(data)


def test_the_loosest_bound_is_for_a_device_that_does_not_tell() -> None:
    [model] = make_manifest().models
    assert (model.bound("f32"), model.bound("not reported")) == (1e-4, 0.5)


def test_bounds(subtests: pytest.Subtests) -> None:
    for case, (stored, measured, bounds) in {
        "nothing measured": ("FP32", {}, {"f32": 1e-4, "f16": 2e-2, "bf16": 0.1, "int8": 0.5}),
        "four times": ("FP32", {"bf16": 0.015}, {"f32": 1e-4, "f16": 2e-2, "bf16": 0.06, "int8": 0.5}),
        "at least": ("FP32", {"bf16": 0.001}, {"f32": 1e-4, "f16": 2e-2, "bf16": 0.02, "int8": 0.5}),
        "at most the ladder's": ("FP32", {"bf16": 0.05}, {"f32": 1e-4, "f16": 2e-2, "bf16": 0.1, "int8": 0.5}),
        "f32 is fixed": ("FP32", {"f32": 0.05}, {"f32": 1e-4, "f16": 2e-2, "bf16": 0.1, "int8": 0.5}),
        "INT8": ("INT8", {"int8": 0.03}, {"f32": 2e-3, "f16": 0.12, "bf16": 0.12, "int8": 0.12}),
        "INT8, f32 only": ("INT8", {}, {"f32": 2e-3, "f16": 0.5, "bf16": 0.5, "int8": 0.5}),
    }.items():
        with subtests.test(case):
            assert bounds_of(stored, measured) == bounds


@pytest.mark.parametrize(
    ("origin", "licence"),
    [
        ("rgb_imagenet", "Apache-2.0 (licences/apache-2.0.txt): rgb_imagenet, published by DeepMind with kinetics-i3d"),
        ("unknown", "not known (weights unknown): ask whoever trained them"),
    ],
)
def test_licences_of_weights(origin: str, licence: str) -> None:
    assert licence_of_weights(i3d_spec(labels=numbered(2), origin=origin)) == licence
