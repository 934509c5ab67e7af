"""Deployment profile: how one IR did on the devices of one box, and the setting to run it with there."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from i3d_edge.core.errors import ProfileError
from i3d_edge.core.files import sha256_file, write_text
from i3d_edge.runtime.inference.engine import Mode
from i3d_edge.runtime.measure._fields import FieldError, from_fields

SCHEMA_VERSION = 1

Status = Literal["measured", "refused", "absent"]
ClipSource = Literal["generated", "videos"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How to run the model.

    Attributes:
        device: OpenVINO's name, for instance "CPU" or "GPU.0".
        inference_precision: What to ask for: "f32", "bf16" or "f16"; None leaves it to the device.
        mode: "latency" or "throughput".
        num_streams: Inferences at once; None leaves it to the device.
    """

    device: str
    inference_precision: str | None
    mode: Mode
    num_streams: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """How the model did in one setting.

    Attributes:
        setting: What was asked for; in throughput mode `num_streams` is what the device then chose, if it tells.
        executed_precision: What most convolutions ran in, "not reported" where the device does not tell.
        load_s: Reading and compiling. Unit: seconds.
        load_memory_mib: Growth of this process's memory by that; None where the system does not tell.
        latency_p50_ms: Median time of one clip alone; None in throughput mode.
        clips_per_s: From the median round.
        num_rounds: Timed rounds.
        max_prob_difference: Largest difference of any probability from f32 on the CPU, over all clips. Range [0, 1].
        num_same_top1: Clips whose best class is that of f32 on the CPU.
    """

    setting: Setting
    executed_precision: str
    load_s: float
    load_memory_mib: float | None
    latency_p50_ms: float | None
    clips_per_s: float
    num_rounds: int
    max_prob_difference: float
    num_same_top1: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFindings:
    """What is known of the model on one device.

    Attributes:
        device: OpenVINO's name.
        full_name: The product's; None if the device is absent.
        status: "measured"; "refused": it is there but did not run the model; or "absent".
        reason: Why it was not measured; None if it was.
        unsupported: Operators that the device does not take, by type; empty also if it was not asked.
        measurements: One per setting; empty unless measured.
        expectations: What documents let expect of a device that was not measured.
    """

    device: str
    full_name: str | None
    status: Status
    reason: str | None
    unsupported: Mapping[str, int]
    measurements: tuple[Measurement, ...]
    expectations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """Which IR: its file name, and the SHA-256 of both files, as 64 hexadecimal digits."""

    name: str
    title: str
    weights_precision: str | None
    sha256: str
    weights_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Which class of machine: processor, how many of them this process may use, and what they can do."""

    cpu: str
    num_cpus: int
    cpu_features: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A deployment profile.

    Attributes:
        made_at: ISO 8601, UTC.
        model: The IR that it holds for, and for no other.
        machine: Where it was made.
        versions: Of what ran, by name; "openvino" is among them.
        clip_source: What the differences were measured on.
        num_clips: How many clips that were.
        prob_bound: A setting whose `max_prob_difference` is larger is not recommended.
        devices: In the order in which they were tried.
        recommended: The best measured setting; None if no device ran the model.
    """

    made_at: str
    model: ModelIdentity
    machine: Machine
    versions: Mapping[str, str]
    clip_source: ClipSource
    num_clips: int
    prob_bound: float
    devices: tuple[DeviceFindings, ...]
    recommended: Setting | None

    def settings(self) -> Sequence[Setting]:
        """Return every setting that was measured."""
        return [run.setting for found in self.devices for run in found.measurements]


def write_profile(profile: Profile, path: Path, *, force: bool = False) -> None:
    """Write a profile as JSON.

    Raises:
        OutputError: If the file exists (without `force`) or cannot be written.
    """
    document = {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(profile)}
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n", force=force)


def read_profile(path: Path) -> Profile:
    """Read a profile, and check every field of it.

    Raises:
        ProfileError: If it is absent, is no JSON, is of another schema version, or a field is absent, unknown or of
            another kind.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(
            f"profile {str(path)!r} must be a file; got {error.strerror}", hint="`i3d probe IR -o FILE` makes one"
        ) from error
    except ValueError as error:
        raise ProfileError(f"profile {str(path)!r} must be JSON; got {error}") from error
    version = document.pop("schema_version", None) if isinstance(document, dict) else None
    if version != SCHEMA_VERSION:
        raise ProfileError(
            f"profile {str(path)!r} must have schema version {SCHEMA_VERSION}; got {version}",
            hint="make it again by `i3d probe`",
        )
    try:
        return from_fields(Profile, document)
    except FieldError as error:
        raise ProfileError(f"profile {str(path)!r}: {error}", hint="make it again by `i3d probe`") from error


def require_same_ir(profile: Profile, profile_path: Path, ir_path: Path) -> None:
    """Refuse a profile of another IR: what holds for one need not hold for the other.

    Args:
        profile: As read.
        profile_path: For the message.
        ir_path: The .xml; its .bin lies beside it. If one is absent, that is for whoever reads the IR to say.

    Raises:
        ProfileError: If a hash differs.
    """
    parts = ((ir_path, profile.model.sha256), (ir_path.with_suffix(".bin"), profile.model.weights_sha256))
    for file, expected in parts:
        if file.is_file() and (found := sha256_file(file)) != expected:
            raise ProfileError(
                f"profile {str(profile_path)!r} is of {profile.model.name!r} and must be of {str(ir_path)!r}; "
                f"SHA-256 of the {file.suffix} must be {expected[:16]}..., got {found[:16]}...",
                hint=f"make one for it: i3d probe {ir_path} -o FILE",
            )


def differences(profile: Profile, machine: Machine, versions: Mapping[str, str]) -> list[str]:
    """Say where this box is not the one of the profile, a sentence each: its figures then need not hold."""
    found = []
    if (then := profile.versions.get("openvino", "unknown")) != (now := versions.get("openvino", "unknown")):
        found.append(f"profile was made with OpenVINO {then}; this is {now}")
    if profile.machine != machine:
        found.append(f"profile was made on {_describe(profile.machine)}; this is {_describe(machine)}")
    return found


def _describe(machine: Machine) -> str:
    return f"{machine.cpu} ({machine.num_cpus} CPUs; {', '.join(machine.cpu_features) or 'no known features'})"
