"""Inception-v1 I3D in NumPy, written from the paper's figure 3 alone: slow, short, and not our graph code."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

Variables = Mapping[str, np.ndarray]

# name: 1x1, 3x3 reduce, 3x3, "5x5" reduce, "5x5" (3x3 in I3D), pool projection
INCEPTION = {
    "Mixed_3b": (64, 96, 128, 16, 32, 32),
    "Mixed_3c": (128, 128, 192, 32, 96, 64),
    "Mixed_4b": (192, 96, 208, 16, 48, 64),
    "Mixed_4c": (160, 112, 224, 24, 64, 64),
    "Mixed_4d": (128, 128, 256, 24, 64, 64),
    "Mixed_4e": (112, 144, 288, 32, 64, 64),
    "Mixed_4f": (256, 160, 320, 32, 128, 128),
    "Mixed_5b": (256, 160, 320, 32, 128, 128),
    "Mixed_5c": (384, 192, 384, 48, 128, 128),
}


def logits(clip: np.ndarray, variables: Variables) -> np.ndarray:
    """Run a clip, shape (D, 224, 224, C), float32, and return shape (num_classes,)."""
    return _classify(features(clip, variables), variables)


def features(clip: np.ndarray, variables: Variables) -> np.ndarray:
    """Return the average-pooled features, shape (D', 1024)."""
    x = _unit(clip, variables, "Conv3d_1a_7x7", stride=2)
    x = _max_pool(x, (1, 3, 3), (1, 2, 2))
    x = _unit(x, variables, "Conv3d_2b_1x1")
    x = _unit(x, variables, "Conv3d_2c_3x3")
    x = _max_pool(x, (1, 3, 3), (1, 2, 2))
    x = _mixed(_mixed(x, variables, "Mixed_3b"), variables, "Mixed_3c")
    x = _max_pool(x, (3, 3, 3), (2, 2, 2))
    for letter in "bcdef":
        x = _mixed(x, variables, f"Mixed_4{letter}")
    x = _max_pool(x, (2, 2, 2), (2, 2, 2))
    x = _mixed(_mixed(x, variables, "Mixed_5b"), variables, "Mixed_5c")
    return ((x[:-1] + x[1:]) / 2).mean(axis=(1, 2))


def _classify(pooled: np.ndarray, variables: Variables) -> np.ndarray:
    unit = "Logits/Conv3d_0c_1x1/conv_3d"
    return (pooled @ variables[f"{unit}/w"][0, 0, 0] + variables[f"{unit}/b"]).mean(axis=0)


def _mixed(x: np.ndarray, variables: Variables, name: str) -> np.ndarray:
    branch2 = "Conv3d_0a_3x3" if name == "Mixed_5b" else "Conv3d_0b_3x3"
    branches = [
        _unit(x, variables, f"{name}/Branch_0/Conv3d_0a_1x1"),
        _unit(_unit(x, variables, f"{name}/Branch_1/Conv3d_0a_1x1"), variables, f"{name}/Branch_1/Conv3d_0b_3x3"),
        _unit(_unit(x, variables, f"{name}/Branch_2/Conv3d_0a_1x1"), variables, f"{name}/Branch_2/{branch2}"),
        _unit(_max_pool(x, (3, 3, 3), (1, 1, 1)), variables, f"{name}/Branch_3/Conv3d_0b_1x1"),
    ]
    widths = INCEPTION[name]
    assert [branch.shape[-1] for branch in branches] == [widths[0], widths[2], widths[4], widths[5]]
    return np.concatenate(branches, axis=-1)


def _unit(x: np.ndarray, variables: Variables, name: str, stride: int = 1) -> np.ndarray:
    weights = variables[f"{name}/conv_3d/w"]
    size = weights.shape[0]
    depth, height, width = (-(-length // stride) for length in x.shape[:3])
    padded = _pad(x, (size,) * 3, (stride,) * 3, 0.0)
    out = np.zeros((depth * height * width, weights.shape[-1]), np.float32)
    for t, y in product(range(size), repeat=2):
        row = [padded[t::stride, y::stride, z::stride][:depth, :height, :width] for z in range(size)]
        out += np.concatenate(row, axis=-1).reshape(len(out), -1) @ weights[t, y].reshape(-1, weights.shape[-1])
    mean, variance, beta = (variables[f"{name}/batch_norm/{key}"].reshape(-1) for key in _STATISTICS)
    out = np.maximum((out - mean) / np.sqrt(variance + 1e-3) + beta, 0)
    return np.asarray(out.reshape(depth, height, width, -1))


_STATISTICS = ("moving_mean", "moving_variance", "beta")


def _max_pool(x: np.ndarray, size: tuple[int, int, int], stride: tuple[int, int, int]) -> np.ndarray:
    x = _pad(x, size, stride, -np.inf)
    for axis in range(3):
        length = x.shape[axis] - size[axis] + 1
        parts = [x.take(range(start, start + length, stride[axis]), axis) for start in range(size[axis])]
        x = np.maximum.reduce(parts)
    return x


def _pad(x: np.ndarray, size: tuple[int, int, int], stride: tuple[int, int, int], value: float) -> np.ndarray:
    """TensorFlow's SAME: as many outputs as ceil(length / stride), the odd pixel of padding at the end."""
    widths = []
    for length, kernel, step in zip(x.shape[:3], size, stride, strict=True):
        total = max((-(-length // step) - 1) * step + kernel - length, 0)
        widths.append((total // 2, total - total // 2))
    return np.pad(x, (*widths, (0, 0)), constant_values=value)
