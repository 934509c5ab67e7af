"""The manifest of a bundle, `bundle.json`: what is in it, where that came from, and what to hold it to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import msgspec

from i3d_edge.core.errors import BundleError
from i3d_edge.core.schema import Count, Format

SCHEMA_VERSION = 1
MANIFEST = "bundle.json"
MANIFEST_SUM = "bundle.sha256"
GOLDEN = "golden.json"
MAX_MANIFEST_BYTES = 1 << 20
MAX_JSON_BYTES = 1 << 24

LADDER: Mapping[str, float] = {"f32": 1e-4, "f16": 2e-2, "bf16": 0.1, "int8": 0.5}
"""No bound is larger: what `i3d parity` grants two stages by the coarser one's precision; in f32 a tenth of that, since
it is the same IR. Between AVX2 and AVX-512 kernels 3e-7 was seen."""

_INT8_F32 = 2e-3
"""An INT8 IR in f32: sums that differ in their last bit can round to different ones of 256 levels."""


class BundleEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Size in bytes, and SHA-256 as 64 hexadecimal digits, of one entry."""

    size: Count
    sha256: str


class BundledModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One IR."""

    name: str  # the .xml's name without its suffix
    path: str  # of the .xml in the bundle; the .bin lies beside it
    title: str  # what it is, in a line
    labels: str  # path of its class names in the bundle, a line each, in index order
    profile: str | None  # path of its deployment profile in the bundle, or None
    precision: str  # how it stores its weights: "FP32", "FP16" or "INT8"
    origin: str  # of the weights: a published checkpoint's name or "unknown"
    licence: str
    fingerprint: str | None  # as in ModelSpec
    frozen_graph_sha256: str | None
    made_with: Mapping[str, str]  # versions of what made the IR, by name
    # largest difference of two logits from the expected ones that passes, as a part of the largest logit, by the
    # precision that runs
    bounds: Mapping[str, float]
    # the same difference, as it was where the bundle was packed, by the precision that ran there
    measured: Mapping[str, float]

    @property
    def weights_path(self) -> str:
        """Path of the .bin in the bundle."""
        return self.path.removesuffix(".xml") + ".bin"

    def bound(self, precision: str) -> float:
        """Return the bound for what ran; of a device that does not tell, the loosest."""
        return self.bounds.get(precision, max(self.bounds.values()))


class BundleManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is in a bundle."""

    models: tuple[BundledModel, ...]
    entries: Mapping[str, BundleEntry]  # every other entry of the archive but the manifest's own checksum, by path
    versions: Mapping[str, str]  # of what packed it, by name
    licences: Mapping[str, str]  # path of each licence text in the bundle -> what it is for

    def to_bytes(self) -> bytes:
        """Return the file's bytes: JSON, the same for the same record."""
        fields = {"schema_version": SCHEMA_VERSION, **msgspec.to_builtins(self)}
        return (json.dumps(fields, indent=2, sort_keys=True) + "\n").encode("ascii")

    @property
    def digest(self) -> str:
        """SHA-256 of its file, which stands for every byte of the bundle."""
        return digest(self.to_bytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> BundleManifest:
        """Read what `to_bytes` returns, without trust: raises BundleError, also for bounds beyond `LADDER`."""
        manifest = _FORMAT.decode(data, repr(MANIFEST))
        _require_sense(manifest)
        return manifest


_FORMAT = Format(
    kind=BundleManifest,
    noun="manifest",
    error=BundleError,
    version=SCHEMA_VERSION,
    version_hint="read it with the version of i3d-edge that packed it, or pack it again",
)


def largest_bound(kind: str, stored: str) -> float:
    """Return the loosest bound for what runs; what an INT8 IR rounds has the same in all types but f32."""
    if stored == "INT8":
        return _INT8_F32 if kind == "f32" else LADDER["int8"]
    return LADDER.get(kind, 0)


def digest(manifest: bytes) -> str:
    """Return the SHA-256 of a manifest's bytes."""
    return hashlib.sha256(manifest).hexdigest()


def _require_sense(manifest: BundleManifest) -> None:
    names = [model.name for model in manifest.models]
    if not names or len(set(names)) != len(names):
        raise BundleError(f"the manifest needs at least one model, each with its own name; it has {names}")
    for name, entry in manifest.entries.items():
        if name.endswith(".json") and entry.size > MAX_JSON_BYTES:
            raise BundleError(f"entry {name!r} has {entry.size} bytes; at most {MAX_JSON_BYTES} are allowed")
    for model in manifest.models:
        if set(model.bounds) != set(LADDER):
            raise BundleError(f"model {model.name!r} needs bounds for {', '.join(LADDER)}; it has {[*model.bounds]}")
        for kind, bound in model.bounds.items():
            largest = largest_bound(kind, model.precision)
            if not 0 < bound <= largest:
                raise BundleError(
                    f"model {model.name!r} has the bound {bound:g} for {kind}; it may be above 0, up to {largest:g}"
                )
        if not model.path.endswith(".xml"):
            raise BundleError(f"model {model.name!r} is no .xml file, but {model.path!r}")
        used = [model.path, model.weights_path, model.labels, *([model.profile] if model.profile else []), GOLDEN]
        if absent := sorted(set(used) - set(manifest.entries)):
            raise BundleError(f"the manifest does not list {absent[0]!r}, a file of model {model.name!r}")
