"""An IR compiled for a device: one clip in, probabilities out, and the truth about what runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from i3d_edge.errors import NotFiniteError
from i3d_edge.spec import OUTPUT_NAME
from runtime.devices import compile_model
from runtime.executed import executed_precision, layer_precisions
from runtime.inputs import Inputs, check_inputs
from runtime.ir import read_ir

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
        self.device = device
        self.mode = mode
        properties: dict[str, str | bool] = {"PERFORMANCE_HINT": mode.upper(), "PERF_COUNT": profile}
        if inference_precision is not None:
            properties["INFERENCE_PRECISION_HINT"] = inference_precision
        self.compiled = compile_model(model, device, properties)
        self._output = self.compiled.output(OUTPUT_NAME)
        self.precision = executed_precision(self.compiled)

    def probabilities(self, inputs: Inputs) -> Float32Array:
        """Run one clip.

        Args:
            inputs: One clip in the layout of the spec, uint8, RGB 0..255; or, for a model of any inputs, a mapping of
                their names to arrays, see `check_inputs`. An IR of a larger batch runs the clip as often as its batch
                is long, and the first answer counts.

        Returns:
            Shape (num_classes,), float32, summing to 1.

        Raises:
            ClipShapeError: If an input has another layout, shape, dtype or range, or another name.
            NotFiniteError: If the model gives NaN.
        """
        values = check_inputs(inputs, self.spec)
        if self.spec.batch > 1:
            axis = self.spec.layout.index("N")
            values = {name: np.repeat(array, self.spec.batch, axis=axis) for name, array in values.items()}
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
