"""Packing: IRs, and what they answer here, into one archive."""

import platform
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from i3d_edge.core.environment import versions
from i3d_edge.core.errors import BundleError
from i3d_edge.core.family import UNKNOWN
from i3d_edge.core.files import sha256_file, staged
from i3d_edge.core.progress import track
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.bundle.archive import add_entry, is_portable
from i3d_edge.runtime.bundle.golden import GoldenRun, largest_difference, run_golden, to_bytes
from i3d_edge.runtime.bundle.manifest import (
    GOLDEN,
    LADDER,
    MANIFEST,
    MANIFEST_SUM,
    BundledModel,
    BundleEntry,
    BundleManifest,
    digest,
    largest_bound,
)
from i3d_edge.runtime.inference.ir import read_ir
from i3d_edge.runtime.measure.profile import read_profile

_APACHE_PATH = "licences/apache-2.0.txt"
_APACHE_FOR = "i3d-edge, which packed this; DeepMind's published I3D weights, Copyright 2017 Google Inc."
"""The Apache License 2.0 goes to everyone who is given the weights, by its section 4."""

_MARGIN = 4
"""Another CPU's kernels may differ from the reference by so many times what this one's do; our choice."""

_LEAST: Mapping[str, float] = {"f16": 1e-2, "bf16": 2e-2, "int8": 5e-2}
"""No bound is smaller, however near the answers are here."""


@dataclass(frozen=True, slots=True)
class _Packable:
    """An IR to pack: its files, and what it says of itself."""

    name: str
    path: Path
    spec: ModelSpec
    profile: Path | None


def pack_bundle(
    ir_paths: Sequence[Path], output: Path, *, profiles: Sequence[Path] = (), force: bool = False
) -> BundleManifest:
    """Pack IRs into one archive with their labels, golden answers, licences and checksums; return its manifest.

    Each IR runs twice on this machine's CPU: in f32 for the answers to expect, and as the CPU runs it by itself, for
    how far that is from them. The same inputs on the same machine with the same versions give the same bytes.

    Raises IRError or ProfileError if one cannot be read; BundleError if names clash or are not portable, or a profile
    is of none of the IRs or recommends nothing; OutputError if the output exists (without `force`) or cannot be
    written.
    """
    with staged(output, force=force) as path:
        sources = _packables(ir_paths, profiles)
        runs = {
            item.name: (run_golden(item.path, is_reference=True), run_golden(item.path))
            for item in track(sources, total=len(sources), title="answering", unit="model")
        }
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            manifest = _write(archive, sources, runs)
            data = manifest.to_bytes()
            add_entry(archive, MANIFEST, data)
            add_entry(archive, MANIFEST_SUM, checksum_file(data))
    return manifest


def checksum_file(manifest: bytes) -> bytes:
    """Return what `sha256sum bundle.json` prints."""
    return f"{digest(manifest)}  {MANIFEST}\n".encode("ascii")


def facts_of(spec: ModelSpec) -> dict[str, Any]:
    """Return the fields of a BundledModel that repeat what its IR says of itself."""
    return {
        "title": spec.title(),
        "precision": spec.precision or "unknown",
        "origin": spec.origin,
        "licence": licence_of_weights(spec),
        "fingerprint": spec.fingerprint,
        "frozen_graph_sha256": spec.frozen_graph_sha256,
        "made_with": spec.made_with,
    }


def licence_of_weights(spec: ModelSpec) -> str:
    """Return a sentence about the licence of a model's weights."""
    publisher = spec.kind.publisher
    if spec.origin == UNKNOWN or publisher is None:
        return f"not known (weights {spec.origin}): ask whoever trained them"
    return f"Apache-2.0 ({_APACHE_PATH}): {spec.origin}, published by {publisher}"


def label_file(spec: ModelSpec) -> bytes:
    """Return the bytes of a bundle's file of class names."""
    return "".join(f"{name}\n" for name in spec.labels.names).encode()


def bounds_of(precision: str, measured: Mapping[str, float]) -> dict[str, float]:
    """Return the largest difference to allow, by the precision that runs, from differences to f32 measured here.

    Example:
        bf16 was 0.015 off here -> other CPUs may be 0.06 off in bf16; where it did not run, 0.1.
    """
    bounds = {}
    for kind in LADDER:
        largest = largest_bound(kind, precision)
        seen = None if kind == "f32" else measured.get("int8" if precision == "INT8" else kind)
        bounds[kind] = largest if seen is None else float(f"{min(largest, max(_LEAST[kind], _MARGIN * seen)):.3g}")
    return bounds


def _packables(ir_paths: Sequence[Path], profiles: Sequence[Path]) -> list[_Packable]:
    by_hash: dict[tuple[str, str], Path] = {}
    for path in profiles:
        profile = read_profile(path)
        if profile.recommended is None:
            raise BundleError(f"profile {str(path)!r} recommends no setting: no device ran the model correctly")
        by_hash[profile.model.sha256, profile.model.weights_sha256] = path
    sources: list[_Packable] = []
    for path in ir_paths:
        _, spec = read_ir(path)
        name = path.stem
        if not is_portable(name):
            raise BundleError(
                f"IR {str(path)!r} has a name that not every system can keep",
                hint="rename it: letters of ASCII, digits, '-' and '_'",
            )
        if name.lower() in [item.name.lower() for item in sources]:
            raise BundleError(f"two IRs are named {name!r}", hint="rename one, .xml and .bin")
        hashes = (sha256_file(path), sha256_file(path.with_suffix(".bin")))
        sources.append(_Packable(name, path, spec, by_hash.pop(hashes, None)))
    if by_hash:
        left = next(iter(by_hash.values()))
        raise BundleError(f"profile {str(left)!r} was made for none of these IRs")
    return sources


def _write(
    archive: zipfile.ZipFile, sources: Sequence[_Packable], runs: Mapping[str, tuple[GoldenRun, GoldenRun]]
) -> BundleManifest:
    entries: dict[str, BundleEntry] = {}

    def add(name: str, source: Path | bytes) -> str:
        entries[name] = add_entry(archive, name, source)
        return name

    models = []
    for source in sources:
        spec = source.spec
        expected, own = runs[source.name]
        measured = {own.precision: float(f"{largest_difference(expected.answers, own.answers):.3g}")}
        path = add(f"models/{source.name}.xml", source.path)
        add(f"models/{source.name}.bin", source.path.with_suffix(".bin"))
        models.append(
            BundledModel(
                name=source.name,
                path=path,
                labels=add(f"labels/{source.name}.txt", label_file(spec)),
                profile=add(f"profiles/{source.name}.json", source.profile) if source.profile else None,
                **facts_of(spec),
                bounds=bounds_of(spec.precision or "unknown", measured),
                measured=measured,
            )
        )
    add(GOLDEN, to_bytes({name: expected.answers for name, (expected, _) in runs.items()}))
    add(_APACHE_PATH, resources.files("i3d_edge.runtime.bundle").joinpath("apache_2.0.txt").read_bytes())
    return BundleManifest(
        models=tuple(models),
        entries=entries,
        versions=versions() | {"system": f"{platform.system()} {platform.machine()}"},
        licences={_APACHE_PATH: _APACHE_FOR},
    )
