"""Bundles without models: answers come from a function in place of the engine, and archives are edited by hand."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.labels import numbered
from i3d_edge.spec import ModelSpec
from runtime.bundle.golden import GoldenAnswer, GoldenRun
from runtime.bundle.manifest import MANIFEST, MANIFEST_SUM
from runtime.bundle.packing import checksum_file

NUM_CLASSES = 400
Entries = dict[str, bytes]


def fake_run(*, precision: str = "f32", error: float = 0.0, pattern: str = "gratings") -> GoldenRun:
    """Return answers whose largest logit is 4, and one of whose logits is off by a fraction of that."""
    logits = np.linspace(-4, 4, NUM_CLASSES, dtype=np.float64)
    logits[0] -= 4 * error
    probabilities = np.exp(logits) / np.exp(logits).sum()
    answer = GoldenAnswer(pattern, 1, {"Placeholder": "0" * 64}, probabilities[np.newaxis].astype(np.float32))
    return GoldenRun(precision, (answer,), 0.5, 12.3)


def fake_engine(
    *, own_precision: str = "bf16", own_error: float = 0.01, error: float = 0.0
) -> Callable[..., GoldenRun]:
    """Return a stand-in for `run_golden`: f32 is off by `error`, what the device does by itself by `own_error`."""

    def run(_path: Path, *, is_reference: bool = False, **_options: object) -> GoldenRun:
        if is_reference:
            return fake_run(error=error)
        return fake_run(precision=own_precision, error=own_error)

    return run


def write_tiny_ir(path: Path) -> Path:
    """Write an IR that is small, describes itself as an I3D, and is none."""
    spec = ModelSpec(
        labels=numbered(NUM_CLASSES),
        num_frames=16,
        layout="NDCHW",
        input_type="u8",
        has_preprocessing=True,
        origin="stand-in",
        precision="FP32",
        made_with={"openvino": "1"},
    )
    clip = ops.parameter(spec.clip_shape, ov.Type.u8, name="Placeholder")
    clip.output(0).set_names({"Placeholder"})
    total = ops.reduce_sum(ops.convert(clip, "f32"), ops.constant([1, 2, 3, 4]), keep_dims=False)
    weights = ops.constant(np.linspace(0, 1e-9, NUM_CLASSES, dtype=np.float32)[np.newaxis])
    result = ops.softmax(ops.multiply(ops.unsqueeze(total, ops.constant(1)), weights), 1)
    result.output(0).set_names({"Softmax"})
    model = ov.Model([result], [clip], "tiny")
    for name, value in spec.to_fields().items():
        model.set_rt_info(json.dumps(value), ["i3d_edge", name])
    ov.save_model(model, path, compress_to_fp16=False)
    return path


def read_entries(path: Path) -> Entries:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_entries(path: Path, entries: Mapping[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> Path:
    """Write a ZIP; a name is taken as it is, whatever ZipFile thinks of it."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.compress_type = compression
            archive.writestr(info, data)
    return path


def edit(path: Path, target: Path, change: Callable[[Entries], None], *, covering: bool = False) -> Path:
    """Copy a bundle with its entries changed; `covering` gives the manifest and its checksum file the new hashes."""
    entries = read_entries(path)
    change(entries)
    if covering:
        manifest = json.loads(entries[MANIFEST])
        for name, data in entries.items():
            if name in manifest["entries"]:
                manifest["entries"][name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        entries[MANIFEST] = json.dumps(manifest).encode()
        entries[MANIFEST_SUM] = checksum_file(entries[MANIFEST])
    return write_entries(target, entries)


def with_answers(run: GoldenRun, **changes: object) -> GoldenRun:
    return dataclasses.replace(run, answers=tuple(dataclasses.replace(item, **changes) for item in run.answers))
