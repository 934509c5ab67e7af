"""Making a step model of an IR: written whole or not at all, and only if it answers as it should."""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import openvino as ov

from i3d_edge.convert.parity import ClipParity
from i3d_edge.convert.saving import check_ir_output, describe, save_ir
from i3d_edge.convert.step_proof import prove_steps
from i3d_edge.core.errors import ArgumentError, IRError
from i3d_edge.core.files import StrPath, staged
from i3d_edge.core.progress import phase
from i3d_edge.core.spec import ModelSpec, StepMode, Stepping
from i3d_edge.runtime.inference.ir import ir_sha256, read_ir
from i3d_edge.runtime.steps.emitter import Emitted, UnstreamableError, emit_steps


@dataclass(frozen=True, slots=True)
class StepReport:
    """What was written, and how it was proven."""

    path: Path
    num_bytes: int  # both files together
    spec: ModelSpec
    memory_bytes: int  # what each stream that it follows takes beside the model
    clips: tuple[ClipParity, ...]  # how its answers compare


def make_step_ir(
    ir_path: StrPath, output: StrPath, *, hop: int = 8, mode: StepMode = "exact", force: bool = False
) -> StepReport:
    """Make a step model of an IR: it takes the newest frames of a stream, and remembers what it needs of the others.

    Args:
        ir_path: The .xml of an IR that takes clips.
        output: The .xml to write.
        hop: Frames in a step, and from one answer to the next.
        mode: See `Stepping`.
        force: Replace an existing IR.

    Raises:
        IRError: If the IR cannot be used, or cannot be run in steps at all.
        ArgumentError: If it cannot be run in steps of this hop; says which can be done.
        ParityError: If the step model's answers differ from the IR's; nothing is written then.
        OutputError: If the output exists (without `force`) or cannot be written.

    Example:
        >>> make_step_ir("rgb.xml", "rgb_step8.xml", hop=8).spec.stepping.warm_up
        10
    """
    ir_path, output = Path(ir_path), check_ir_output(Path(output), force=force)
    window, spec = read_ir(ir_path)
    time_axes = spec.time_axes
    with phase("making steps"):
        emitted = _emit(window, time_axes, hop, mode, ir_path)
    stepping = Stepping(mode=mode, hop=hop, warm_up=emitted.warm_up, window_sha256=ir_sha256(ir_path))
    clips = prove_steps(emitted.model, window, spec, stepping, time_axes)
    step_spec = replace(spec, stepping=stepping, made_with={**spec.made_with, "openvino": ov.__version__})
    describe(emitted.model, step_spec)
    with phase("writing"), staged(output, force=force) as temporary:
        num_bytes = save_ir(emitted.model, temporary, output, compress_to_fp16=False)
    return StepReport(output, num_bytes, step_spec, emitted.memory_bytes, clips)


def _emit(window: ov.Model, time_axes: Mapping[str, int], hop: int, mode: StepMode, path: Path) -> Emitted:
    length = min(window.input(name).shape[axis] for name, axis in time_axes.items())

    def attempt(hop: int) -> Emitted | UnstreamableError:
        try:
            return emit_steps(window, time_axes, hop=hop, mode=mode)
        except UnstreamableError as error:
            return error

    found = UnstreamableError("windows do not overlap") if hop >= length else attempt(hop)
    if isinstance(found, Emitted):
        return found
    divisor = 1
    while isinstance(other := attempt(divisor), UnstreamableError):
        if other.divisor is None:
            raise IRError(
                f"IR {str(path)!r} cannot be run in steps: {found}",
                hint="give one that `i3d convert` makes for CPUs: of three dimensions, its frames not the batch",
            )
        divisor = math.lcm(divisor, other.divisor)
    hops = range(divisor, length, divisor)
    count = bisect_left(hops, True, key=lambda each: isinstance(attempt(each), UnstreamableError))
    raise ArgumentError(
        f"{mode} steps of {hop} frames cannot be made of {str(path)!r}",
        hint=f"--hop can be {divisor} to {hops[count - 1]}, by {divisor}",
    )
