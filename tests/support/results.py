"""A result with figures that can be checked by hand."""

from __future__ import annotations

from typing import Any


def rival(name: str, group: str, precision: str, clip_ms: list[float], difference: float = 0.0) -> dict[str, Any]:
    return {
        "name": name,
        "group": group,
        "precision": precision,
        "ran_in": precision.lower(),
        "set_up": f"as {group} is",
        "clip_ms": clip_ms,
        "difference": difference,
        "num_same_top1": 2,
    }


def make_result() -> dict[str, Any]:
    """Three rounds; the second was slow for all alike."""
    return {
        "date": "2026-01-02",
        "hardware_class": "2 cores, AMD x86-64 with avx512_bf16, no AMX",
        "versions": {"python": "3.11.7", "openvino": "2026.4.1"},
        "model": "I3D rgb",
        "clip_shape": [1, 79, 224, 224, 3],
        "clips": "generated videos",
        "rounds": 3,
        "warm_up": 2,
        "pause_s": 0.5,
        "seed": 0,
        "num_compared": 2,
        "num_calibration": 24,
        "other_clip_difference": 0.4,
        "load_before": 0.1,
        "rivals": [
            rival("TensorFlow f32", "TensorFlow", "f32", [1000, 3000, 1200]),
            rival("PyTorch f32", "PyTorch", "f32", [2000, 6000, 2000], 1.2e-6),
            rival("OpenVINO INT8", "OpenVINO", "INT8", [300, 900, 360], 0.05),
            rival("i3d-edge INT8", "i3d-edge", "INT8", [200, 750, 240], 0.06),
            rival("i3d-edge INT8, throughput", "i3d-edge", "INT8", [160, 600, 200], 0.06),
        ],
        "skipped": [{"name": "OpenVINO <bf16>", "reason": "the CPU has no bf16 instructions"}],
    }
