"""Deployment profile: how one IR did on the devices of one machine, and the setting to run it with there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from i3d_edge.core.errors import ProfileError
from i3d_edge.core.files import sha256_file, write_text
from i3d_edge.core.processor import read_processor
from i3d_edge.core.schema import Amount, Count, Format, Line, Positive, to_json
from i3d_edge.runtime.inference.engine import Mode
from i3d_edge.runtime.inference.onnx import is_onnx

SCHEMA_VERSION = 1

Status = Literal["measured", "refused", "absent"]
ClipSource = Literal["generated", "videos"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How to run the model."""

    device: Line  # OpenVINO's name, for instance "CPU" or "GPU.0"
    inference_precision: Line | None  # what to ask for: "f32", "bf16" or "f16"; None leaves it to the device
    mode: Mode  # "latency" or "throughput"
    num_streams: Positive | None  # inferences at once; None leaves it to the device


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """How the model did in one setting."""

    setting: Setting  # what was asked for; in throughput mode `num_streams` is what the device then chose, if it tells
    executed_precision: str  # what most convolutions ran in, "not reported" where the device does not tell
    load_s: Amount  # reading and compiling. Unit: seconds
    load_memory_mib: float | None  # growth of this process's memory by that; None where the system does not tell
    latency_p50_ms: Amount | None  # median time of one clip alone; None in throughput mode
    clips_per_s: Amount  # from the median round
    num_rounds: Count
    # largest difference of any probability from f32 on the CPU, over all clips; 1 if one is not a number. Range [0, 1]
    max_prob_difference: Amount
    num_same_top1: Count  # clips whose best class is that of f32 on the CPU


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFindings:
    """What is known of the model on one device."""

    device: str
    status: Status  # "measured"; "refused": it is there but did not run the model; or "absent"
    full_name: str | None = None  # the product's; None if the device is absent
    reason: str | None = None  # why it was not measured; None if it was
    # operators that the device does not take, by type; empty also if it was not asked
    unsupported: Mapping[str, int] = field(default_factory=dict)
    measurements: tuple[Measurement, ...] = ()  # one per setting; empty unless measured


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRun:
    """How the model did on some cameras at once."""

    num_cameras: Positive
    is_carried: bool
    answers_per_s: Amount  # of all cameras together
    num_dropped: Count  # windows of all cameras
    latency_p50_ms: Amount | None  # from the arrival of a window's last frame to its answer; None without any
    latency_p95_ms: Amount | None
    # how fast the slowest camera was played, as a part of the video's own speed; 0 with fewer than two answers
    pace: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFindings:
    """How many cameras the machine carries with the model."""

    video: Line  # the file name of what was played
    hop: Positive  # frames from one answer to the next
    setting: Setting
    measured_s: Amount  # how long each number of cameras was measured
    latency_bound_ms: Amount  # what the 95th percentile of latency had to stay below
    num_carried: Count  # the largest number of cameras that was carried; 0 if one is too many
    runs: tuple[CameraRun, ...]  # of one camera, two, and so on; only the last was not carried


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

    @classmethod
    def here(cls) -> Self:
        """Return the class of this machine."""
        processor = read_processor()
        return cls(cpu=processor.name, num_cpus=processor.num_cpus, cpu_features=processor.features)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A deployment profile."""

    made_at: str  # ISO 8601, UTC
    model: ModelIdentity  # the IR that it holds for, and for no other
    machine: Machine
    versions: Mapping[str, str]  # of what ran, by name; "openvino" is among them
    clip_source: ClipSource  # what the differences were measured on
    num_clips: int
    prob_bound: float  # a setting whose `max_prob_difference` is larger is not recommended
    devices: tuple[DeviceFindings, ...]  # in the order in which they were tried; none for a step model
    recommended: Setting | None  # the best measured setting; None if no device ran the model
    cameras: CameraFindings | None = None  # how many of them the machine carries; None if it was not asked

    def settings(self) -> Sequence[Setting]:
        """Return every setting that was measured."""
        return [run.setting for found in self.devices for run in found.measurements]


_FORMAT = Format(
    kind=Profile,
    noun="profile",
    error=ProfileError,
    version=SCHEMA_VERSION,
    hint="`i3d probe MODEL.xml -o FILE` makes one",
    version_hint="make it again with `i3d probe`",
)


def write_profile(profile: Profile, path: Path, *, force: bool = False) -> None:
    """Write a profile as JSON; raises OutputError if the file exists (without `force`) or cannot be written."""
    write_text(path, to_json(profile, version=SCHEMA_VERSION), force=force)


def read_profile(path: Path) -> Profile:
    """Read a profile and check its fields; raises ProfileError if it cannot be read or is none."""
    return _FORMAT.read(path)


def require_same_ir(profile: Profile, profile_path: Path, ir_path: Path) -> None:
    """Raise ProfileError if a profile was made for another IR; a file of the IR that is absent is not compared."""
    parts = ((ir_path, profile.model.sha256), (ir_path.with_suffix(".bin"), profile.model.weights_sha256))
    for file, expected in parts[:1] if is_onnx(ir_path) else parts:
        if file.is_file() and (found := sha256_file(file)) != expected:
            raise ProfileError(
                f"profile {str(profile_path)!r} was made for another model ({profile.model.name}), not for "
                f"{str(ir_path)!r}: the SHA-256 of its {file.suffix} begins with {expected[:16]}, here with "
                f"{found[:16]}",
                hint=f"make a profile for this model: i3d probe {ir_path} -o FILE",
            )


def differences(profile: Profile, machine: Machine, versions: Mapping[str, str]) -> list[str]:
    """Return how this machine differs from the profile's, a sentence each; its figures may then not hold here."""
    found = []
    if (then := profile.versions.get("openvino", "unknown")) != (now := versions.get("openvino", "unknown")):
        found.append(f"the profile was made with OpenVINO {then}; this is {now}")
    if profile.machine != machine:
        found.append(f"the profile was made on {_describe(profile.machine)}; this is {_describe(machine)}")
    return found


def _describe(machine: Machine) -> str:
    return f"{machine.cpu} ({machine.num_cpus} CPUs; {', '.join(machine.cpu_features) or 'no known features'})"
