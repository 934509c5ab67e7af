"""What documents and sources let expect of a device that is not there to be asked. None of it is measured.

Sources: OpenVINO's page "Supported Devices"; the list of operators that its GPU plugin registers
(`primitives_list.hpp`, 2025); the passes of github.com/openvinotoolkit/npu_compiler that bring operators to four axes
(`unroll_conv3d_to_conv2d.cpp`, `convert_nce_ops_to_4d.cpp`); and the issues named in the sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import openvino as ov

from i3d_edge.runtime.inference.census import Census, computed_operators, count_operators

# Of the operators that the GPU plugin registers, those that networks of convolutions are made of.
_GPU_OPERATORS = {
    *("Abs", "Add", "AvgPool", "Broadcast", "Ceiling", "Clamp", "Concat", "Convert", "Convolution", "DepthToSpace"),
    *("Divide", "Elu", "Exp", "FakeQuantize", "Floor", "Gather", "Gelu", "GroupConvolution", "HSwish", "Interpolate"),
    *("Log", "MatMul", "MaxPool", "Maximum", "Minimum", "Multiply", "Negative", "PRelu", "Pad", "Parameter", "Power"),
    *("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "Relu", "Reshape", "Reverse", "Select", "ShapeOf"),
    *("Sigmoid", "Slice", "Softmax", "SpaceToDepth", "Split", "Sqrt", "Squeeze", "StridedSlice", "Subtract", "Swish"),
    *("Tanh", "Tile", "Transpose", "Unsqueeze", "VariadicSplit"),
}
_POOLS = ("AvgPool", "MaxPool")


@dataclass(frozen=True, slots=True)
class Traits:
    """What of a model decides where it runs.

    Attributes:
        census: Its operators.
        is_static: Whether every shape is known.
        is_quantized: Whether it has FakeQuantize operators.
        num_volume_pools: Pools over more than one frame.
    """

    census: Census
    is_static: bool
    is_quantized: bool
    num_volume_pools: int

    @classmethod
    def of(cls, model: ov.Model) -> Self:
        """Look at a model."""
        census = count_operators(model)
        pools = (node for node in computed_operators(model) if node.get_type_name() in _POOLS)
        kernels = [[int(taps) for taps in node.get_attributes()["kernel"]] for node in pools]
        return cls(
            census=census,
            is_static=not model.is_dynamic(),
            is_quantized=any(kind.name == "FakeQuantize" for kind in census.kinds),
            num_volume_pools=sum(len(kernel) > 2 and kernel[0] > 1 for kernel in kernels),
        )

    def volumetric(self) -> str:
        """Return for instance "58 Convolution, 13 MaxPool", of those in three dimensions; "" if there are none."""
        return ", ".join(f"{count} {name}" for name, count in self.census.volumetric.items())


def expectations(family: str, traits: Traits) -> tuple[str, ...]:
    """Return what can be said of a model on a family of devices, a sentence each; nothing for unknown families."""
    if family == "GPU":
        return tuple(_gpu(traits))
    return tuple(_npu(traits)) if family == "NPU" else ()


def _gpu(traits: Traits) -> list[str]:
    unknown = {kind.name: kind.count for kind in traits.census.kinds if kind.name not in _GPU_OPERATORS}
    found = [
        f"operators not in the list of its plugin: {', '.join(f'{count} {name}' for name, count in unknown.items())}"
        if unknown
        else f"all {len(traits.census.kinds)} types of operators are in the list of its plugin",
        "shapes are static, so the wrong results of dynamic ones (openvino#36831, #37573) do not concern it"
        if traits.is_static
        else "shapes are dynamic, and wrong results without an error were reported for those (openvino#36831, #37573)",
    ]
    if volumetric := traits.volumetric():
        found.append(f"in three dimensions: {volumetric}; it has kernels for those, in int8 too (openvino#31734)")
        if traits.is_quantized:
            found.append("another 3-D network was slower in INT8 than in FP16 on an integrated GPU (openvino#4887)")
    found.append("it computes in f16 unless told otherwise: compare before you trust it")
    return found


def _npu(traits: Traits) -> list[str]:
    found = [
        "shapes are static, as it needs"
        if traits.is_static
        else "shapes are dynamic, which it does not support: convert with fixed ones"
    ]
    if traits.census.is_flat:
        found.append("nothing has more than four axes but the input and the Reshape that reads it")
    elif volumetric := traits.volumetric():
        found.append(
            f"in three dimensions: {volumetric}; no document says whether it takes those. Its compiler's source turns "
            f"3-D convolutions into sums of 2-D ones; for pools over several frames, {traits.num_volume_pools} here, "
            "we found nothing there: `i3d convert --for vpu` leaves none of either"
        )
    else:
        found.append(f"operators have up to {traits.census.rank} axes; its units are made for four")
    found.append("which types of operators it takes we found listed nowhere: only the device can say")
    if traits.is_quantized:
        found.append("INT8 networks were slower there than FP16, or did not compile (openvino#30998, #22846)")
    found.append("HETERO with an NPU is not supported, says OpenVINO's table of devices (2025)")
    return found
