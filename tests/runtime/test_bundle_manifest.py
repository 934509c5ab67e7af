from __future__ import annotations

import json
from typing import Any

import pytest
from bundles import make_manifest

from i3d_edge.core.errors import BundleError
from i3d_edge.core.i3d_spec import i3d_spec
from i3d_edge.core.labels import numbered
from i3d_edge.runtime.bundle.manifest import BundleManifest, digest
from i3d_edge.runtime.bundle.packing import bounds_of, licence_of_weights


def test_it_reads_what_it_writes() -> None:
    manifest = make_manifest()
    assert BundleManifest.from_bytes(manifest.to_bytes()) == manifest
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
        ("schema_version", 2, "manifest 'bundle.json' has version 2; this program reads version 1"),
        ("models", None, "manifest 'bundle.json' is damaged: missing field 'models'"),
        ("models", [], "the manifest needs at least one model, each with its own name; it has []"),
        ("extra", 1, "manifest 'bundle.json' is damaged: unknown field 'extra'"),
        ("models.0.extra", 1, "manifest 'bundle.json' is damaged: models[0]: unknown field 'extra'"),
        ("models.0.path", "models/m.sh", "model 'm' is no .xml file, but 'models/m.sh'"),
        ("models.0.path", "models/n.xml", "the manifest does not list 'models/n.bin', a file of model 'm'"),
        ("models.0.labels", "x", "the manifest does not list 'x', a file of model 'm'"),
        ("models.0.profile", "x", "the manifest does not list 'x', a file of model 'm'"),
        ("models.0.bounds.bf16", 0.2, "model 'm' has the bound 0.2 for bf16; it may be above 0, up to 0.1"),
        ("models.0.bounds.f32", 0.0, "model 'm' has the bound 0 for f32; it may be above 0, up to 0.0001"),
        ("models.0.bounds.int8", None, "model 'm' needs bounds for f32, f16, bf16, int8; it has "),
    ]:
        with subtests.test(path=path):
            fields = json.loads(make_manifest().to_bytes())
            change(fields, path, value)
            with pytest.raises(BundleError) as caught:
                BundleManifest.from_bytes(json.dumps(fields).encode())
            assert caught.value.message.startswith(message)


def test_answers_that_are_too_large() -> None:
    fields = json.loads(make_manifest().to_bytes())
    fields["entries"]["golden.json"]["size"] = 1 << 30
    with pytest.raises(BundleError, match=r"entry 'golden\.json' has 1073741824 bytes; at most 16777216 are allowed"):
        BundleManifest.from_bytes(json.dumps(fields).encode())


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
