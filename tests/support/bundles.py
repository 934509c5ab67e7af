"""Bundles without models: answers come from a function in place of the engine, and archives are edited by hand."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from tiny import write_tiny_ir

from i3d_edge.core.files import sha256_file
from i3d_edge.core.labels import numbered
from i3d_edge.runtime.bundle.golden import GoldenAnswer, GoldenRun
from i3d_edge.runtime.bundle.manifest import (
    LADDER,
    MANIFEST,
    MANIFEST_SUM,
    BundledModel,
    BundleEntry,
    BundleManifest,
)
from i3d_edge.runtime.bundle.packing import checksum_file
from i3d_edge.runtime.measure.profile import Machine, ModelIdentity, Profile, Setting, write_profile

NUM_CLASSES = 400
Entries = dict[str, bytes]


def fake_run(*, precision: str = "f32", error: float = 0.0, pattern: str = "gratings") -> GoldenRun:
    """Return answers whose largest logit is 4, and one of whose logits is off by a fraction of that."""
    logits = np.linspace(-4, 4, NUM_CLASSES, dtype=np.float64)
    logits[0] -= 4 * error
    probabilities = np.exp(logits) / np.exp(logits).sum()
    answer = GoldenAnswer(pattern, 1, {"Placeholder": "0" * 64}, probabilities[np.newaxis].astype(np.float32))
    return GoldenRun(precision, (answer,))


def fake_engine(
    *, own_precision: str = "bf16", own_error: float = 0.01, error: float = 0.0
) -> Callable[..., GoldenRun]:
    """Return what takes the place of `run_golden`: f32 off by `error`, the device's own precision by `own_error`."""

    def run(_path: Path, *, is_reference: bool = False, **_options: object) -> GoldenRun:
        if is_reference:
            return fake_run(error=error)
        return fake_run(precision=own_precision, error=own_error)

    return run


def make_manifest() -> BundleManifest:
    """Return the manifest of a bundle of one model."""
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
    entry = BundleEntry(size=1, sha256="0" * 64)
    return BundleManifest(
        models=(model,),
        entries=dict.fromkeys(names, entry),
        versions={"python": "3"},
        licences={"licences/a.txt": "all"},
    )


def write_ir(path: Path) -> Path:
    """Write a tiny IR that describes itself, with as many classes as the answers have."""
    weights = np.zeros((3, NUM_CLASSES), np.float32)
    return write_tiny_ir(path, weights=weights, labels=numbered(NUM_CLASSES), num_frames=16)


def write_profile_of(ir_path: Path, path: Path, *, recommended: Setting | None) -> Path:
    profile = Profile(
        made_at="2026-11-21T11:00:00+00:00",
        model=ModelIdentity(
            name=ir_path.name,
            title="I3D",
            weights_precision="FP32",
            sha256=sha256_file(ir_path),
            weights_sha256=sha256_file(ir_path.with_suffix(".bin")),
        ),
        machine=Machine(cpu="A CPU", num_cpus=2, cpu_features=()),
        versions={"openvino": "2026.4.1"},
        clip_source="generated",
        num_clips=3,
        prob_bound=0.1,
        devices=(),
        recommended=recommended,
    )
    write_profile(profile, path)
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
