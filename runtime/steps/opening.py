"""A step model of a hop, whether an IR is one or one must be made of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openvino as ov

from i3d_edge.core.spec import ModelSpec, Stepping
from i3d_edge.runtime.inference.ir import ir_sha256
from i3d_edge.runtime.steps.emitter import UnstreamableError, emit_steps


def in_steps(model: ov.Model, spec: ModelSpec, hop: int, ir_path: Path) -> tuple[ov.Model, ModelSpec]:
    """Return a step model, and what it is.

    Args:
        model: A step model already, or one of whole clips, of which exact steps are made.
        spec: The model's.
        hop: Frames in a step.
        ir_path: Where the model came from.

    Raises:
        UnstreamableError: If the model steps by another hop, or none of this can be made.
    """
    if spec.stepping is None:
        emitted = emit_steps(model, spec.time_axes, hop=hop, mode="exact")
        stepping = Stepping(mode="exact", hop=hop, warm_up=emitted.warm_up, window_sha256=ir_sha256(ir_path))
        return emitted.model, replace(spec, stepping=stepping)
    if spec.stepping.hop != hop:
        raise UnstreamableError(f"the model is one of steps of {spec.stepping.hop} frames, not {hop}")
    return model, spec
