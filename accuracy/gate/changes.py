"""What differs between two runs besides their answers: models, precisions, devices, machines and versions."""

from collections.abc import Mapping
from typing import Any, TypedDict

from i3d_edge.accuracy.gate.baseline import Baseline

_HASH_DIGITS = 8

_MODEL: Mapping[str, str] = {
    "kind": "kind",
    "origin": "checkpoint",
    "fingerprint": "checkpoint's tensors",
    "frozen_graph_sha256": "frozen graph",
    "sha256": "model file",
    "weights_sha256": "weights",
    "weights_precision": "stored as",
    "executed_precision": "ran in",
    "device": "device",
}
_MACHINE: Mapping[str, str] = {"cpu": "processor", "num_cpus": "CPUs", "os": "system"}


class Change(TypedDict):
    """Something that two runs have in common, and that is not the same."""

    name: str
    before: str  # "none" where the run does not say
    after: str


def changes(before: Baseline, after: Baseline) -> list[Change]:
    """Return what differs between the model, machine and software of two baselines, in an order for people."""
    versions, now = before["where"]["versions"], after["where"]["versions"]
    return [
        *_differing(before["what"], after["what"], _MODEL),
        *_differing(before["where"], after["where"], _MACHINE),
        *_differing(versions, now, {name: name for name in {**versions, **now}}),
    ]


def format_changes(found: list[Change]) -> str:
    """Return changes in one line: "ran in bf16 -> f32; openvino 2026.4.1 -> 2026.5.0"."""
    if not found:
        return "nothing that the two record: same model, precision, device, processor and versions"
    return "; ".join(f"{change['name']} {change['before']} -> {change['after']}" for change in found)


def _differing(before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str]) -> list[Change]:
    return [
        Change(name=name, before=_shown(key, before.get(key)), after=_shown(key, after.get(key)))
        for key, name in names.items()
        if before.get(key) != after.get(key)
    ]


def _shown(key: str, value: object) -> str:
    text = "none" if value is None else str(value)
    return text[:_HASH_DIGITS] if key.endswith("sha256") or key == "fingerprint" else text
