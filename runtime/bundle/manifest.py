"""The manifest of a bundle, `bundle.json`: what is in it, where that came from, and what to hold it to."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from i3d_edge.core.errors import BundleError

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

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Entry:
    """Size in bytes, and SHA-256 as 64 hexadecimal digits, of one entry."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BundledModel:
    """One IR.

    Attributes:
        name: What the checks call it: the .xml's name without its suffix.
        path: Of the .xml in the bundle; the .bin lies beside it.
        title: What it is, in a line.
        labels: Path of its class names in the bundle, a line each, in index order.
        profile: Path of its deployment profile in the bundle, or None.
        precision: How it stores its weights: "FP32", "FP16" or "INT8".
        origin: Of the weights: a published checkpoint's name or "unknown".
        licence: Of the weights, in a sentence.
        fingerprint, frozen_graph_sha256: As in ModelSpec.
        made_with: Versions of what made the IR, by name.
        bounds: Largest difference of two logits from the expected ones that passes, as a part of the largest
            logit, by the precision that runs.
        measured: The same difference, as it was where the bundle was packed, by the precision that ran there.
    """

    name: str
    path: str
    title: str
    labels: str
    profile: str | None
    precision: str
    origin: str
    licence: str
    fingerprint: str | None
    frozen_graph_sha256: str | None
    made_with: Mapping[str, str]
    bounds: Mapping[str, float]
    measured: Mapping[str, float]

    @property
    def weights_path(self) -> str:
        """Path of the .bin in the bundle."""
        return self.path.removesuffix(".xml") + ".bin"

    def bound(self, precision: str) -> float:
        """Return the bound for what ran; of a device that does not tell, the loosest."""
        return self.bounds.get(precision, max(self.bounds.values()))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a bundle.

    Attributes:
        models: One at least.
        entries: Every other entry of the archive but the manifest's own checksum, by path.
        versions: Of what packed it, by name.
        licences: Path of each licence text in the bundle -> what it is for.
    """

    models: tuple[BundledModel, ...]
    entries: Mapping[str, Entry]
    versions: Mapping[str, str]
    licences: Mapping[str, str]

    def to_bytes(self) -> bytes:
        """Return the file's bytes: JSON, the same for the same record."""
        fields = {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(self)}
        return (json.dumps(fields, indent=2, sort_keys=True) + "\n").encode("ascii")

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read what `to_bytes` returns, without trusting it.

        Raises:
            BundleError: If it is no JSON, of another schema version, lacks a field or has one too many, or grants
                a larger difference than `LADDER`.
        """
        try:
            fields = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BundleError(f"manifest must be JSON; got {error}") from error
        version = fields.get("schema_version") if isinstance(fields, dict) else None
        if version != SCHEMA_VERSION:
            raise BundleError(
                f"manifest must have schema version {SCHEMA_VERSION}; got {version!r}",
                hint="read it with the version of i3d-edge that packed it, or pack it again",
            )
        del fields["schema_version"]
        try:
            manifest = cls(
                models=tuple(_model(item) for item in _of(list)(fields.pop("models"))),
                entries={name: _entry(item) for name, item in _of(dict)(fields.pop("entries")).items()},
                versions=_texts(fields.pop("versions")),
                licences=_texts(fields.pop("licences")),
            )
        except (KeyError, TypeError) as error:
            raise BundleError(f"manifest must have the fields of a bundle; got {error!r}") from error
        if fields:
            raise BundleError(f"manifest must have only the fields of a bundle; got {min(fields)!r}")
        _require_sense(manifest)
        return manifest


def largest_bound(kind: str, stored: str) -> float:
    """Return the loosest bound that a bundle may have.

    Args:
        kind: Precision that runs.
        stored: How the IR stores its weights. What an INT8 IR rounds to 256 levels is granted the same in all types
            but f32.
    """
    if stored == "INT8":
        return _INT8_F32 if kind == "f32" else LADDER["int8"]
    return LADDER.get(kind, 0)


def digest(manifest: bytes) -> str:
    """Return the SHA-256 of a manifest's bytes, which stands for every byte of the bundle."""
    return hashlib.sha256(manifest).hexdigest()


def _require_sense(manifest: Manifest) -> None:
    names = [model.name for model in manifest.models]
    if not names or len(set(names)) != len(names):
        raise BundleError(f"manifest must have one model at least, each with its own name; got {names}")
    for name, entry in manifest.entries.items():
        if name.endswith(".json") and entry.size > MAX_JSON_BYTES:
            raise BundleError(f"entry {name!r} must have at most {MAX_JSON_BYTES} bytes; got {entry.size}")
    for model in manifest.models:
        for kind, bound in model.bounds.items():
            largest = largest_bound(kind, model.precision)
            if not 0 < bound <= largest:
                raise BundleError(
                    f"model {model.name!r} must have bounds above 0, for {kind} {largest:g} at most; got {bound:g}"
                )
        if set(model.bounds) != set(LADDER):
            raise BundleError(
                f"model {model.name!r} must have bounds for {', '.join(LADDER)}; got {list(model.bounds)}"
            )
        used = [model.path, model.weights_path, model.labels, *([model.profile] if model.profile else []), GOLDEN]
        if absent := sorted(set(used) - set(manifest.entries)):
            raise BundleError(f"manifest must list every file of model {model.name!r}; {absent[0]!r} is absent")
        if not model.path.endswith(".xml"):
            raise BundleError(f"model {model.name!r} must have an .xml; got {model.path!r}")


def _model(item: Any) -> BundledModel:
    fields = _of(dict)(item)
    expected = {field.name for field in dataclasses.fields(BundledModel)}
    if different := sorted(expected ^ set(fields)):
        raise TypeError(f"model's field {different[0]!r}")
    return BundledModel(
        **{
            name: _of(str)(fields[name])
            for name in ("name", "path", "title", "labels", "precision", "origin", "licence")
        },
        profile=_optional_text(fields["profile"]),
        fingerprint=_optional_text(fields["fingerprint"]),
        frozen_graph_sha256=_optional_text(fields["frozen_graph_sha256"]),
        made_with=_texts(fields["made_with"]),
        bounds=_numbers(fields["bounds"]),
        measured=_numbers(fields["measured"]),
    )


def _entry(item: Any) -> Entry:
    fields = _of(dict)(item)
    if set(fields) != {"size", "sha256"} or type(fields["size"]) is not int:
        raise TypeError("entry without size and sha256")
    return Entry(fields["size"], _of(str)(fields["sha256"]))


def _of(kind: type[Item]) -> Callable[[Any], Item]:
    def check(value: Any) -> Item:
        if not isinstance(value, kind):
            raise TypeError(f"{type(value).__name__} for {kind.__name__}")
        return value

    return check


def _optional_text(value: Any) -> str | None:
    return None if value is None else _of(str)(value)


def _texts(value: Any) -> dict[str, str]:
    return {key: _of(str)(text) for key, text in _of(dict)(value).items()}


def _numbers(value: Any) -> dict[str, float]:
    return {key: _of(float)(number) for key, number in _of(dict)(value).items()}
