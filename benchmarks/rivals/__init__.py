"""The rivals, and ours; one file per engine."""

from typing import Any

from benchmarks.rival import Precision, Rival

OURS = "i3d-edge"
STOCK = "OpenVINO"
REFERENCE = "TensorFlow"

_MODULES = {REFERENCE: "tensorflow", STOCK: "openvino", OURS: "i3d_edge"}


def _rival(group: str, precision: Precision, suffix: str = "", **options: Any) -> Rival:
    return Rival(f"{group} {precision}{suffix}", group, precision, f"benchmarks.rivals.{_MODULES[group]}", options)


RIVALS: tuple[Rival, ...] = (
    _rival(REFERENCE, "f32"),
    _rival(STOCK, "f32"),
    _rival(STOCK, "bf16"),
    _rival(STOCK, "INT8"),
    _rival(OURS, "f32"),
    _rival(OURS, "bf16"),
    _rival(OURS, "bf16", ", --fold h", fold="h"),
    _rival(OURS, "INT8"),
    _rival(OURS, "INT8", ", --fold hw", fold="hw"),
    _rival(OURS, "INT8", ", throughput", throughput=True),
)
"""In the order in which they are opened. The first is the reference that all are compared with."""
