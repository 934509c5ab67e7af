"""An IR compiled for a device: one clip in, probabilities out, and the truth about what runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from i3d_edge.errors import ClipShapeError, NotFiniteError
from i3d_edge.spec import NUMPY_TYPES, OUTPUT_NAME, ModelSpec
from runtime.devices import compile_model
from runtime.executed import executed_precision, layer_precisions
from runtime.ir import read_ir

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]

Mode = Literal["latency", "throughput"]


class Engine:
    """An IR on a device. Not thread-safe: one inference at a time.

    Attributes:
        spec: The IR's own description.
        device: As asked for.
        mode: "latency" or "throughput", as asked for.
        precision: What most convolutions really run in, read from the compiled model, for instance "bf16" or
            "int8"; "not reported" where the device does not tell.
        compiled: OpenVINO's own object.
    """

    def __init__(
        self,
        ir_path: Path,
        *,
        device: str = "CPU",
        inference_precision: str | None = None,
        mode: Mode = "latency",
        profile: bool = False,
        spec_path: Path | None = None,
    ) -> None:
        """Read and compile.

        Args:
            ir_path: The IR's .xml.
            device: An OpenVINO device, for instance "CPU", "GPU" or "AUTO:GPU,CPU".
            inference_precision: "f32", "bf16" or "f16"; None leaves it to the device, and a CPU with bf16 units
                then runs an FP32 IR in bf16.
            mode: "latency" gives one clip all cores; "throughput" runs several at once, through `compiled`.
            profile: Keep the time of each layer.
            spec_path: A JSON file that describes an IR which does not describe itself; see `read_ir`.

        Raises:
            IRError: If the IR is incomplete or does not describe itself.
            DeviceError: If the device is absent or refuses the model.
        """
        model, self.spec = read_ir(ir_path, spec_path=spec_path)
        self._single = replace(self.spec, batch=1)
        self.device = device
        self.mode = mode
        properties: dict[str, str | bool] = {"PERFORMANCE_HINT": mode.upper(), "PERF_COUNT": profile}
        if inference_precision is not None:
            properties["INFERENCE_PRECISION_HINT"] = inference_precision
        self.compiled = compile_model(model, device, properties)
        self._output = self.compiled.output(OUTPUT_NAME)
        self.precision = executed_precision(self.compiled)

    def probabilities(self, clip: UInt8Array) -> Float32Array:
        """Run one clip.

        Args:
            clip: One clip in the layout of the spec, uint8, RGB 0..255. An IR of a larger batch runs it as often as
                its batch is long, and the first answer counts.

        Returns:
            Shape (num_classes,), float32, summing to 1.

        Raises:
            ClipShapeError: If the clip has another shape or dtype.
            NotFiniteError: If the model gives NaN.
        """
        single = self._single
        if clip.shape != single.clip_shape or clip.dtype != np.uint8:
            raise ClipShapeError(
                f"clip must have layout {single.layout} {single.clip_shape} uint8; got {clip.shape} {clip.dtype}",
                hint=_transpose_hint(clip.shape, single),
            )
        values = np.ascontiguousarray(clip, dtype=NUMPY_TYPES[self.spec.input_type])
        if self.spec.batch > 1:
            values = np.repeat(values, self.spec.batch, axis=self.spec.layout.index("N"))
        result: Float32Array = self.compiled(values)[self._output][0]
        if not np.isfinite(result).all():
            raise NotFiniteError(
                f"model must give finite probabilities; got NaN, in {self.precision} on {self.device}",
                hint="--inference-precision f32 tells whether precision is the cause",
            )
        return result.copy()

    def layer_precisions(self) -> Mapping[str, str]:
        """Return what each convolution really runs as, by name, from the execution graph."""
        return layer_precisions(self.compiled)


def _transpose_hint(shape: tuple[int, ...], spec: ModelSpec) -> str | None:
    """Say which known layout a wrongly ordered clip has."""
    sizes = dict(zip(spec.layout, spec.clip_shape, strict=True))
    if shape == (1, *spec.clip_shape):
        return "this is a batch of one clip: leave out its first axis"
    if (1, *shape) == spec.clip_shape:
        return "this is a clip without its batch axis: put one of length 1 in front"
    for layout in ("NDHWC", "NCDHW", "NDCHW"):
        if "N" not in sizes:
            layout = layout[1:]
        if layout != spec.layout and shape == tuple(sizes[axis] for axis in layout):
            order = tuple(layout.index(axis) for axis in spec.layout)
            return f"this is {layout}: transpose it by {order}"
    return None
