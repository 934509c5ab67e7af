"""Layers: what other frameworks' tensors are under one naming, MMAction2's, with batch norm folded in.

MMAction2, GluonCV on PyTorch and GluonCV on MXNet name the same network three ways, and GluonCV's files hold some
tensors under two names. GluonCV's Inceptions keep its names, of the form "features.5.1.0".
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from i3d_edge.core.arrays import Array, Float32Array
from i3d_edge.core.errors import CheckpointVariablesError
from i3d_edge.core.text import shown, some

Publisher = Literal["MMAction2", "GluonCV"]

Shape = tuple[int, ...]

_EPSILON, _INCEPTION_EPSILON = 1e-5, 1e-3
"""Of batch norm."""

_RENAMED: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"^(backbone|cls_head)\.", ""),
    (r"^(fc_cls|head\.1|output)$", "fc"),
    (r"^(features\..+)\.([01])$", lambda found: found[1] + (".bn" if found[2] == "1" else "")),
    (r"^first_stage\.0$", "conv1"),
    (r"^first_stage\.1$", "bn1"),
    (r"^res_layers\.(\d)", lambda found: f"layer{int(found[1]) + 1}"),
    (r"\.(non_?local_block|bottleneck\.8)\.", ".non_local."),
    (r"\.bottleneck\.([036])$", lambda found: f".conv{int(found[1]) // 3 + 1}"),
    (r"\.bottleneck\.([147])$", lambda found: f".bn{int(found[1]) // 3 + 1}"),
    (r"(\.0)?\.conv$", ""),
    (r"\.downsample\.0$", ".downsample"),
    (r"\.downsample\.1$", ".downsample.bn"),
    (r"\.non_local\.(W|W_bn\.0|conv_out)$", ".non_local.out"),
    (r"\.non_local\.(bn|W_bn\.1|conv_out\.bn)$", ".non_local.out.bn"),
    (r"(^|\.)bn(\d)$", r"\1conv\2.bn"),
)
"""What becomes of a tensor's name without its last part, step by step; batch norm ends in ".bn"."""
_LEAVES = {"weight": "weight", "bias": "bias"}
_NORM_LEAVES = {"weight": "gamma", "bias": "beta", "gamma": "gamma", "beta": "beta"} | {
    "running_mean": "mean",
    "running_var": "variance",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution, or the classifier: weights (O, I, ...) and bias (O,), batch norm included."""

    weights: Float32Array
    bias: Float32Array


@dataclass(frozen=True, slots=True)
class Layers:
    """A network's layers by name, for instance "layer2.1.non_local.theta", and whose names its file uses."""

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
    """Name a file's tensors as layers, batch norm folded in; raises CheckpointVariablesError if they are others."""
    found: dict[str, dict[str, Array]] = {}
    for name, values in tensors.items():
        if name.endswith(".num_batches_tracked"):
            continue
        path, _, leaf = name.rpartition(".")
        for pattern, new in _RENAMED:
            path = re.sub(pattern, new, path)
        layer = path.removesuffix(".bn")
        place = (_LEAVES if path == layer else _NORM_LEAVES).get(leaf)
        if place is None:
            raise CheckpointVariablesError(f"it is no I3D-ResNet or I3D-Inception, which has no tensor {shown(name)!r}")
        if values.dtype != np.float32 or not np.isfinite(values).all():
            raise CheckpointVariablesError(f"tensor {name} holds {values.dtype}, or numbers that are not finite")
        if not np.array_equal(found.setdefault(layer, {}).setdefault(place, values), values):
            raise CheckpointVariablesError(f"tensor {name} differs from the one that the file has under another name")
    publisher: Publisher = "MMAction2" if any(name.startswith("backbone.") for name in tensors) else "GluonCV"
    return Layers(publisher, {name: _fold(name, parts) for name, parts in found.items()})


def require_shapes(layers: Mapping[str, Layer], expected: Mapping[str, tuple[Shape, ...]], title: str) -> None:
    """Refuse layers without the shapes that a network's may have: CheckpointVariablesError says which name or shape."""
    if differing := sorted(expected.keys() ^ layers.keys()):
        raise CheckpointVariablesError(f"it is no {title}: it lacks, or is alone in having, {some(differing)}")
    for name, shapes in expected.items():
        if (shape := layers[name].weights.shape) not in shapes:
            raise CheckpointVariablesError(f"it is no {title}: layer {name} has shape {shape}, not {shapes[-1]}")


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
            epsilon = _INCEPTION_EPSILON if name.startswith("features.") else _EPSILON
            factor = parts["gamma"] / np.sqrt(parts["variance"].astype(np.float64) + epsilon)
            bias = ((bias - parts["mean"]) * factor + parts["beta"]).astype(np.float32)
            weights = (weights * factor.reshape(-1, *[1] * (weights.ndim - 1))).astype(np.float32)
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise CheckpointVariablesError(f"batch norm of layer {name} gives numbers that are not finite")
    return Layer(np.ascontiguousarray(weights), np.ascontiguousarray(bias))
