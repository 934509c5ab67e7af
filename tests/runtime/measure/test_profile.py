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
            expectations=(),
        ),
        DeviceFindings(
            device="NPU",
            full_name=None,
            status="absent",
            reason="no device",
            unsupported={},
            measurements=(),
            expectations=("shapes are static",),
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


def broken(path: Path, keys: list[Any], value: object) -> Path:
    document = {"schema_version": 1, **json.loads(json.dumps(dataclasses.asdict(PROFILE)))}
    place = document
    for key in keys[:-1]:
        place = place[key]
    if value is None:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    path.write_text(json.dumps(document))
    return path


def test_every_field_is_checked(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for keys, value, message in [
        (["num_clips"], "3", "num_clips must be a whole number; got '3'"),
        (["num_clips"], True, "num_clips must be a whole number; got True"),
        (["num_clips"], 2.5, "num_clips must be a whole number; got 2.5"),
        (["num_clips"], None, "num_clips is absent"),
        (["model", "sha256"], None, "model.sha256 is absent"),
        (["model", "wings"], 2, "model.wings is no known field"),
        (["model"], [], "model must be an object; got 'list'"),
        (["versions", "openvino"], 1, "versions.openvino must be a string; got 1"),
        (["devices"], {}, "devices must be a list; got 'dict'"),
        (["devices", 0, "status"], "fine", "devices[0].status must be 'measured' or 'refused' or 'absent'; got 'fine'"),
        (
            ["devices", 0, "measurements", 0, "load_s"],
            "long",
            "devices[0].measurements[0].load_s must be a number; got 'long'",
        ),
        (["recommended", "mode"], "fast", "recommended.mode must be 'latency' or 'throughput'; got 'fast'"),
    ]:
        with subtests.test(message=message):
            path = broken(tmp_path / "p.json", keys, value)
            with pytest.raises(ProfileError) as caught:
                read_profile(path)
            assert str(caught.value) == f"profile {str(path)!r}: {message}\n\nhint: make it again by `i3d probe`"


def test_a_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    with pytest.raises(ProfileError) as caught:
        read_profile(path)
    assert str(caught.value) == (
        f"profile {str(path)!r} must be a file; got No such file or directory\n\nhint: `i3d probe IR -o FILE` makes one"
    )


def test_a_file_of_another_kind(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for text, message in [
        ("{", "must be JSON; got Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "must have schema version 1; got None\n\nhint: make it again by `i3d probe`"),
        ('{"schema_version": 2}', "must have schema version 1; got 2\n\nhint: make it again by `i3d probe`"),
    ]:
        with subtests.test(message=message):
            path = tmp_path / "p.json"
            path.write_text(text)
            with pytest.raises(ProfileError) as caught:
                read_profile(path)
            assert str(caught.value) == f"profile {str(path)!r} {message}"


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
        f"profile 'p.json' is of 'm.xml' and must be of {str(xml)!r}; SHA-256 of the .bin must be "
        f"{identity.weights_sha256[:16]}..., got {sha256_file(weights)[:16]}...\n\n"
        f"hint: make one for it: i3d probe {xml} -o FILE"
    )


def test_another_box_is_told_of() -> None:
    assert differences(PROFILE, PROFILE.machine, PROFILE.versions) == []
    other = Machine(cpu="B CPU", num_cpus=8, cpu_features=())
    assert differences(PROFILE, other, {"openvino": "2026.5.0"}) == [
        "profile was made with OpenVINO 2026.4.1; this is 2026.5.0",
        "profile was made on A CPU (2 CPUs; AVX2); this is B CPU (8 CPUs; no known features)",
    ]
