"""Bundles from anywhere: opened, checked against their manifest, and unpacked whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.errors import BundleError, OutputError
from i3d_edge.core.files import make_folder, staging
from i3d_edge.runtime.bundle.archive import Archive, open_archive
from i3d_edge.runtime.bundle.manifest import MANIFEST, MANIFEST_SUM, MAX_MANIFEST_BYTES, BundleManifest, digest

_CHANGED = "the bundle was changed after it was packed: get it again from where it was packed"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was opened: its entries are those of its manifest, whose bytes are not yet read."""

    archive: Archive
    manifest: BundleManifest  # what it says is in it
    digest: str

    def extract(self, folder: Path) -> None:
        """Write all entries below an empty folder; raises BundleError if one has other bytes than stated."""
        for name, expected in self.manifest.entries.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            found = self.archive.copy(name, target)
            if found != expected:
                raise self.archive.fault(
                    f"entry {name!r} was changed: its SHA-256 is {found.sha256}; the manifest says {expected.sha256}",
                    hint=_CHANGED,
                )
        for name in (MANIFEST, MANIFEST_SUM):
            self.archive.copy(name, folder / name)


@contextmanager
def open_bundle(path: Path, *, expected_digest: str | None = None) -> Iterator[Bundle]:
    """Open a bundle and check its structure and manifest, against the packer's digest if given; raises BundleError."""
    with open_archive(path) as archive:
        data = archive.read(MANIFEST, limit=MAX_MANIFEST_BYTES)
        found = digest(data)
        if expected_digest is not None and found != expected_digest:
            raise archive.fault(
                f"its digest is {found}, not {expected_digest} as given",
                hint="it is another bundle, or it was changed: ask whoever packed it for the file and the digest",
            )
        if archive.read(MANIFEST_SUM, limit=MAX_MANIFEST_BYTES).split()[:1] != [found.encode()]:
            raise archive.fault(f"{MANIFEST!r} has the SHA-256 {found}; {MANIFEST_SUM!r} says another", hint=_CHANGED)
        try:
            manifest = BundleManifest.from_bytes(data)
        except BundleError as error:
            raise archive.fault(error.message, hint=error.hint) from error
        _compare_entries(archive, manifest)
        yield Bundle(archive, manifest, found)


def unpack_bundle(path: Path, folder: Path, *, expected_digest: str | None = None) -> Bundle:
    """Unpack into a new folder, whole or not at all; raises BundleError as `open_bundle`, OutputError if it exists."""
    if os.path.lexists(folder):
        raise OutputError(f"output folder {str(folder)!r} exists already", hint="choose another name")
    with open_bundle(path, expected_digest=expected_digest) as bundle:
        make_folder(folder.parent)
        with staging(folder) as temporary:
            unpacked = temporary / "unpacked"
            unpacked.mkdir()
            bundle.extract(unpacked)
            unpacked.rename(folder)
        return bundle


def _compare_entries(archive: Archive, manifest: BundleManifest) -> None:
    listed = {name: entry.size for name, entry in manifest.entries.items()}
    present = {name: size for name, size in archive.sizes.items() if name not in (MANIFEST, MANIFEST_SUM)}
    if added := sorted(set(present) - set(listed)):
        raise archive.fault(f"entry {added[0]!r} is not in the manifest", hint=_CHANGED)
    if removed := sorted(set(listed) - set(present)):
        raise archive.fault(f"entry {removed[0]!r} of the manifest is missing", hint=_CHANGED)
    for name, size in listed.items():
        if present[name] != size:
            raise archive.fault(f"entry {name!r} has {present[name]} bytes; the manifest says {size}", hint=_CHANGED)
