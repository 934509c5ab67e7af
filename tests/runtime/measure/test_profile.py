import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from i3d_edge.core.errors import OutputError, ProfileError
from i3d_edge.core.files import sha256_file
from i3d_edge.runtime.measure.profile import (
    DeviceFindings,
    Machine,
    Measurement,
    ModelIdentity,
    Profile,
    Setting,
    differences,
    read_profile,
    require_same_ir,
    write_profile,
)

SETTING = Setting(device="CPU", inference_precision=None, mode="latency", num_streams=1)
PROFILE = Profile(
    made_at="2026-11-21T11:00:00+00:00",
    model=ModelIdentity(
        name="m.xml", title="I3D rgb", weights_precision="INT8", sha256="1" * 64, weights_sha256="2" * 64
    ),
    machine=Machine(cpu="A CPU", num_cpus=2, cpu_features=("AVX2",)),
    versions={"openvino": "2026.4.1"},
    clip_source="generated",
    num_clips=3,
    prob_bound=0.1,
    devices=(
        DeviceFindings(
            device="CPU",
            full_name="A CPU",
            status="measured",
            reason=None,
            unsupported={},
            measurements=(
                Measurement(
                    setting=SETTING,
                    executed_precision="int8",
                    load_s=0.5,
                    load_memory_mib=None,
                    latency_p50_ms=80,
                    clips_per_s=12.5,
                    num_rounds=5,
                    max_prob_difference=0.01,
                    num_same_top1=3,
                ),
            ),
        ),
        DeviceFindings(
            device="NPU",
            status="absent",
            reason="no device",
        ),
    ),
    recommended=SETTING,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_profile(PROFILE, tmp_path / "p.json")
    assert read_profile(tmp_path / "p.json") == PROFILE
    assert json.loads((tmp_path / "p.json").read_text())["schema_version"] == 1
    assert PROFILE.settings() == [SETTING]


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    write_profile(PROFILE, tmp_path / "p.json")
    with pytest.raises(OutputError, match="exists already"):
        write_profile(PROFILE, tmp_path / "p.json")
    write_profile(dataclasses.replace(PROFILE, num_clips=4), tmp_path / "p.json", force=True)
    assert read_profile(tmp_path / "p.json").num_clips == 4


def changed(path: Path, keys: list[Any], value: object) -> Path:
    document = {"schema_version": 1, **json.loads(json.dumps(dataclasses.asdict(PROFILE)))}
    place = document
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    path.write_text(json.dumps(document))
    return path


def test_a_damaged_field_is_named(tmp_path: Path) -> None:
    path = changed(tmp_path / "p.json", ["recommended", "num_streams"], -1)
    with pytest.raises(ProfileError, match=r"is damaged: recommended\.num_streams: expected int >= 1"):
        read_profile(path)
    path = changed(tmp_path / "p.json", ["devices", 0, "status"], "fine")
    with pytest.raises(ProfileError, match=r"profile '.*' is damaged: devices\[0\]\.status: .*'fine'"):
        read_profile(path)


def test_a_profile_of_an_older_release_is_read(tmp_path: Path) -> None:
    path = changed(tmp_path / "p.json", ["devices", 0, "expectations"], ["shapes are static"])
    assert read_profile(path) == PROFILE


def test_an_absent_profile(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        read_profile(tmp_path / "p.json")
    assert str(caught.value) == (
        f"cannot read profile {str(tmp_path / 'p.json')!r}: No such file or directory\n\n"
        "hint: `i3d probe MODEL.xml -o FILE` makes one"
    )


def test_a_profile_is_of_one_ir(tmp_path: Path) -> None:
    xml, weights = tmp_path / "m.xml", tmp_path / "m.bin"
    xml.write_text("graph")
    weights.write_text("weights")
    identity = dataclasses.replace(PROFILE.model, sha256=sha256_file(xml), weights_sha256=sha256_file(weights))
    own = dataclasses.replace(PROFILE, model=identity)
    require_same_ir(own, Path("p.json"), xml)
    weights.write_text("other weights")
    with pytest.raises(ProfileError) as caught:
        require_same_ir(own, Path("p.json"), xml)
    assert str(caught.value) == (
        f"profile 'p.json' was made for another model (m.xml), not for {str(xml)!r}: the SHA-256 of its .bin begins "
        f"with {identity.weights_sha256[:16]}, here with {sha256_file(weights)[:16]}\n\n"
        f"hint: make a profile for this model: i3d probe {xml} -o FILE"
    )


def test_another_machine_is_described() -> None:
    assert differences(PROFILE, PROFILE.machine, PROFILE.versions) == []
    other = Machine(cpu="B CPU", num_cpus=8, cpu_features=())
    assert differences(PROFILE, other, {"openvino": "2026.5.0"}) == [
        "the profile was made with OpenVINO 2026.4.1; this is 2026.5.0",
        "the profile was made on A CPU (2 CPUs; AVX2); this is B CPU (8 CPUs; no known features)",
    ]
