"""Layers: what other frameworks' tensors are under one naming, MMAction2's, with batch norm folded in.

MMAction2, GluonCV on PyTorch and GluonCV on MXNet name the same network three ways, and GluonCV's files hold some
tensors under two names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from i3d_edge.core.arrays import Array, Float32Array
from i3d_edge.core.errors import CheckpointVariablesError
from i3d_edge.core.text import plural, some

Publisher = Literal["MMAction2", "GluonCV"]

_EPSILON = 1e-5
"""Of batch norm, in every one of these networks."""

_FRAMES = {
    **dict.fromkeys(("conv1.conv", "first_stage.0"), ("conv1", False)),
    **dict.fromkeys(("conv1.bn", "first_stage.1", "bn1"), ("conv1", True)),
    **dict.fromkeys(("fc_cls", "fc", "head.1"), ("fc", False)),
    "conv1": ("conv1", False),
}
"""What stands outside of blocks: path -> layer, and whether it is its batch norm."""

_PARTS = {
    **{f"{name}{end}": (name, False) for name in ("conv1", "conv2", "conv3") for end in ("", ".conv")},
    **{f"{name}.bn": (name, True) for name in ("conv1", "conv2", "conv3", "downsample")},
    **{f"bn{number}": (f"conv{number}", True) for number in (1, 2, 3)},
    **{f"bottleneck.{3 * number}": (f"conv{number + 1}", False) for number in range(3)},
    **{f"bottleneck.{3 * number + 1}": (f"conv{number + 1}", True) for number in range(3)},
    **dict.fromkeys(("downsample.0", "downsample.conv"), ("downsample", False)),
    "downsample.1": ("downsample", True),
}
_NON_LOCAL_PARTS = {
    **{f"{name}{end}": (name, False) for name in ("g", "theta", "phi") for end in ("", ".conv", ".0.conv")},
    **dict.fromkeys(("conv_out.conv", "W", "W_bn.0"), ("out", False)),
    **dict.fromkeys(("conv_out.bn", "bn", "W_bn.1"), ("out", True)),
}
_BLOCK = re.compile(r"(?:layer(?P<stage>[1-4])|res_layers\.(?P<index>[0-3]))\.(?P<block>\d+)\.(?P<part>.+)")
_NON_LOCAL = re.compile(r"(?:non_local_block|nonlocal_block|bottleneck\.8)\.(?P<part>.+)")
_NORM_LEAVES = {
    **dict.fromkeys(("weight", "gamma"), "gamma"),
    **dict.fromkeys(("bias", "beta"), "beta"),
    "running_mean": "mean",
    "running_var": "variance",
}
_LEAVES = {"weight": "weight", "bias": "bias"}


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution, or the classifier: weights (O, I, ...) and bias (O,), batch norm included."""

    weights: Float32Array
    bias: Float32Array


@dataclass(frozen=True, slots=True)
class Layers:
    """A network's layers by name, for instance "layer2.1.conv1" or "layer2.1.non_local.theta".

    Attributes:
        publisher: Whose names the file uses.
        by_name: The layers.
    """

    publisher: Publisher
    by_name: Mapping[str, Layer]

    @property
    def fingerprint(self) -> str:
        """Digest of all layers; the same whoever named them."""
        digest = hashlib.sha256()
        for name, layer in sorted(self.by_name.items()):
            digest.update(f"{name} {layer.weights.shape}\n".encode())
            digest.update(layer.weights.tobytes() + layer.bias.tobytes())
        return digest.hexdigest()


def read_layers(tensors: Mapping[str, Array]) -> Layers:
    """Give a file's tensors the names of layers, and fold batch norm into them.

    Args:
        tensors: By their names in the file; floats as float32.

    Raises:
        CheckpointVariablesError: If they have other names, some are missing, or a number is not finite.
    """
    found: dict[str, dict[str, Array]] = {}
    unknown = []
    for name, values in tensors.items():
        if name.endswith(".num_batches_tracked"):
            continue
        if (place := _place(name)) is None:
            unknown.append(name)
            continue
        layer, leaf = place
        if values.dtype != np.float32 or not np.isfinite(values).all():
            raise CheckpointVariablesError(f"tensor {name} holds {values.dtype}, or numbers that are not finite")
        known = found.setdefault(layer, {}).setdefault(leaf, values)
        if not np.array_equal(known, values):
            raise CheckpointVariablesError(f"tensor {name} differs from the one that the file has under another name")
    if unknown or not found:
        what = f"{plural(len(unknown), 'tensor')} of unknown names: {some(unknown)}" if unknown else "no tensors"
        raise CheckpointVariablesError(f"it is no I3D-ResNet: it has {what}")
    publisher: Publisher = "MMAction2" if any(name.startswith("backbone.") for name in tensors) else "GluonCV"
    return Layers(publisher, {name: _fold(name, parts) for name, parts in found.items()})


def _place(name: str) -> tuple[str, str] | None:
    """Return a tensor's layer and what it is there, or None for an unknown name."""
    path, _, leaf = name.removeprefix("backbone.").removeprefix("cls_head.").rpartition(".")
    block, part, prefix = _BLOCK.fullmatch(path), _FRAMES.get(path), ""
    if block:
        stage = block["stage"] or str(int(block["index"]) + 1)
        prefix = f"layer{stage}.{block['block']}."
        part = _PARTS.get(block["part"])
        if inner := _NON_LOCAL.fullmatch(block["part"]):
            prefix, part = f"{prefix}non_local.", _NON_LOCAL_PARTS.get(inner["part"])
    if part is None or (known := (_NORM_LEAVES if part[1] else _LEAVES).get(leaf)) is None:
        return None
    return prefix + part[0], known


def _fold(name: str, parts: Mapping[str, Array]) -> Layer:
    norms = set(_NORM_LEAVES.values())
    lacking = ({"weight"} | (norms if norms & parts.keys() else set())) - parts.keys()
    if lacking:
        raise CheckpointVariablesError(f"layer {name} lacks its {some(sorted(lacking))}")
    weights = parts["weight"]
    if weights.ndim < 2 or any(parts[leaf].shape != weights.shape[:1] for leaf in parts.keys() - {"weight"}):
        raise CheckpointVariablesError(f"layer {name} has weights {weights.shape}, and not one number for each output")
    bias = parts.get("bias", np.zeros(len(weights), np.float32))
    if "gamma" in parts:
        with np.errstate(all="ignore"):
            factor = parts["gamma"] / np.sqrt(parts["variance"].astype(np.float64) + _EPSILON)
            bias = ((bias - parts["mean"]) * factor + parts["beta"]).astype(np.float32)
            weights = (weights * factor.reshape(-1, *[1] * (weights.ndim - 1))).astype(np.float32)
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise CheckpointVariablesError(f"batch norm of layer {name} gives numbers that are not finite")
    return Layer(np.ascontiguousarray(weights), np.ascontiguousarray(bias))
