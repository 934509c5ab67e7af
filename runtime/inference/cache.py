"""A folder of compiled models, so that a model need not be compiled at every start.

An entry's name holds a hash of all that it depends on, the bytes of the IR's files among it, so that a changed IR is
another entry; and an entry begins with a hash of its content, so that a damaged one is made anew. OpenVINO's own
CACHE_DIR takes an entry with a flipped bit for good, and answers wrongly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import openvino as ov

from i3d_edge.core.errors import OutputError
from i3d_edge.core.files import make_folder, sha256_file, staged
from i3d_edge.core.reading import MAX_MODEL_BYTES, read_bytes

_MAGIC = b"i3d-edge compiled model 1\n"
_DIGEST_BYTES = hashlib.sha256().digest_size
_SUFFIX = ".compiled"
_CAPABILITY = "EXPORT_IMPORT"


@dataclass(frozen=True, slots=True)
class CompiledCache:
    """One model's entry in the folder.

    Only for folders that nobody else writes: a compiled model is code that runs.
    """

    path: Path
    device: str
    properties: Mapping[str, str | bool | int]

    @classmethod
    def of(
        cls, folder: Path, ir_path: Path, device: str, properties: Mapping[str, str | bool | int]
    ) -> CompiledCache | None:
        """Find the place of a model's entry; None if the device cannot keep compiled models, as AUTO cannot.

        Args:
            folder: Made if it is absent.
            ir_path: The IR's .xml.
            device: That it is compiled for.
            properties: That it is compiled with.

        Raises:
            OutputError: If the folder cannot be written.
        """
        core = ov.Core()
        try:
            capabilities = core.get_property(device, "OPTIMIZATION_CAPABILITIES")
            if _CAPABILITY not in capabilities:
                return None
            device_name = core.get_property(device, "FULL_DEVICE_NAME")
        except RuntimeError:
            return None
        make_folder(folder)
        facts = (
            ov.get_version(),
            device,
            f"{device_name} {sorted(capabilities)}",
            str(core.get_versions(device)[device].build_number),
            repr(sorted(properties.items())),
            sha256_file(ir_path),
            sha256_file(ir_path.with_suffix(".bin")),
        )
        key = hashlib.sha256("\n".join(facts).encode()).hexdigest()
        return cls(folder / f"{ir_path.stem}-{key[:32]}{_SUFFIX}", device, properties)

    def load(self) -> ov.CompiledModel | None:
        """Return the compiled model, or None if it is not there, is damaged, or the device does not take it."""
        start = len(_MAGIC) + _DIGEST_BYTES
        try:
            data = memoryview(read_bytes(self.path, max_bytes=MAX_MODEL_BYTES))
            content = data[start:]
            if data[:start] != _MAGIC + hashlib.sha256(content).digest():
                return None
            return ov.Core().import_model(bytes(content), self.device, dict(self.properties))
        except (OSError, RuntimeError):
            return None

    def store(self, compiled: ov.CompiledModel) -> None:
        """Keep a compiled model. What the disk then refuses is not kept, and no error: the model runs all the same."""
        with suppress(OSError, OutputError, RuntimeError):
            content = compiled.export_model().getvalue()
            with staged(self.path, force=True) as temporary:
                temporary.write_bytes(_MAGIC + hashlib.sha256(content).digest() + content)


def load_or_compile(
    cache: CompiledCache | None, compile_model: Callable[[], ov.CompiledModel]
) -> tuple[ov.CompiledModel, bool]:
    """Return a compiled model, and whether it came from the cache; one that did not is kept there."""
    if cache is None:
        return compile_model(), False
    if (compiled := cache.load()) is not None:
        return compiled, True
    compiled = compile_model()
    cache.store(compiled)
    return compiled, False
