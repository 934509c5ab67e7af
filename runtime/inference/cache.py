"""A folder of compiled models, so that a model need not be compiled at every start.

An entry begins with its key, a hash of all that it depends on, the bytes of the IR's files among it, so that one of
another model is not taken, whatever its name; then with a hash of its content, so that a damaged one is made anew.
OpenVINO's own CACHE_DIR takes an entry with a flipped bit for good, and answers wrongly.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import openvino as ov

from i3d_edge.core.environment import OWN_NAME, versions
from i3d_edge.core.errors import OutputError
from i3d_edge.core.files import make_folder, staged
from i3d_edge.core.reading import MAX_MODEL_BYTES, read_bytes
from i3d_edge.runtime.inference.ir import ir_sha256

_MAGIC = b"i3d-edge compiled model 2\n"
_SUFFIX = ".compiled"
_TRUSTED_USERS = {0, os.getuid() if hasattr(os, "getuid") else 0}
"""Whose entries are taken; on Windows every file is 0's."""
_CAPABILITY = "EXPORT_IMPORT"


@dataclass(frozen=True, slots=True)
class CompiledCache:
    """One model's entry in the folder.

    A compiled model is code that runs: an entry that another user wrote, but for root, is not taken.
    """

    path: Path
    key: bytes  # SHA-256 of all that it depends on
    device: str
    properties: Mapping[str, str | bool | int]

    @classmethod
    def of(
        cls,
        folder: Path,
        ir_path: Path,
        model: ov.Model,
        device: str,
        properties: Mapping[str, str | bool | int],
        *,
        changes: Sequence[object] = (),
    ) -> CompiledCache | None:
        """Find a model's place; None if the device keeps none, as AUTO; raises OutputError if it cannot be written.

        The file is not all that decides: its description may name its ports and set the lengths of its axes, and we
        may have made `changes` to the model, such as steps and further outputs.
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
            *ir_sha256(ir_path),
            repr([(sorted(port.names), str(port.partial_shape)) for port in (*model.inputs, *model.outputs)]),
            f"{[*changes]} by {versions([OWN_NAME])}" if changes else "",  # made by us, perhaps better next time
        )
        key = hashlib.sha256("\n".join(facts).encode()).digest()
        return cls(folder / f"{ir_path.stem}-{key.hex()[:32]}{_SUFFIX}", key, device, properties)

    def load(self) -> ov.CompiledModel | None:
        """Return the compiled model, or None if there is none, it is damaged or another's, or not taken."""
        try:
            if self.path.stat().st_uid not in _TRUSTED_USERS:
                return None
            data = memoryview(read_bytes(self.path, max_bytes=MAX_MODEL_BYTES))
            start = len(self._header(b""))
            content = data[start:]
            if data[:start] != self._header(content):
                return None
            return ov.Core().import_model(bytes(content), self.device, dict(self.properties))
        except (OSError, RuntimeError, ValueError):
            return None

    def store(self, compiled: ov.CompiledModel) -> None:
        """Keep a compiled model. What the disk then refuses is not kept, and no error: the model runs all the same."""
        with suppress(OSError, OutputError, RuntimeError):
            content = compiled.export_model().getvalue()
            with staged(self.path, force=True) as temporary:
                temporary.write_bytes(self._header(content) + content)

    def _header(self, content: bytes | memoryview) -> bytes:
        return _MAGIC + self.key + hashlib.sha256(content).digest()


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
