"""What opens a step model: a model of a hop, made of an IR if need be, and the window network that it came from."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import openvino as ov

from i3d_edge.core.files import sha256_file
from i3d_edge.core.spec import ModelSpec, Stepping
from i3d_edge.runtime.inference.ir import ir_sha256
from i3d_edge.runtime.steps.emitter import UnstreamableError, emit_steps


def in_steps(model: ov.Model, spec: ModelSpec, hop: int, ir_path: Path) -> tuple[ov.Model, ModelSpec]:
    """Return a step model, and what it is, of one already or one of whole clips; raises UnstreamableError."""
    if spec.stepping is None:
        emitted = emit_steps(model, spec.time_axes, hop=hop, mode="exact")
        stepping = Stepping(mode="exact", hop=hop, warm_up=emitted.warm_up, window_sha256=ir_sha256(ir_path))
        return emitted.model, replace(spec, stepping=stepping)
    if spec.stepping.hop != hop:
        raise UnstreamableError(f"the model is one of steps of {spec.stepping.hop} frames, not {hop}")
    return model, spec


def window_ir(step_path: Path, stepping: Stepping) -> Path | None:
    """Return the IR beside a step model's that it was made from, or None if it is not there."""
    for path in sorted(step_path.parent.glob("*.xml")):
        with suppress(OSError):
            if sha256_file(path) == stepping.window_sha256[0] and ir_sha256(path) == stepping.window_sha256:
                return path
    return None
