"""`i3d doctor`, `i3d probe` and `--profile`, as a user runs them."""

from __future__ import annotations

import dataclasses
import json
import sys
from functools import wraps
from pathlib import Path

import openvino as ov
import pytest
from click.testing import CliRunner, Result
from small import SPEC, write_small_ir
from synthetic import write_numbered

from i3d_edge.cli import main
from i3d_edge.cli.doctor import _table
from i3d_edge.core import environment
from i3d_edge.core.finding import Finding
from i3d_edge.runtime import Engine
from i3d_edge.runtime.measure import doctor as room
from i3d_edge.runtime.measure.profile import CameraRun, Setting, read_profile, write_profile

pytestmark = pytest.mark.isa


def i3d(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_ir(tmp_path_factory.mktemp("tiny") / "tiny.xml")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_numbered(tmp_path_factory.mktemp("video") / "video.mp4", 12)


@pytest.fixture(scope="module")
def profile_path(tiny: Path) -> Path:
    path = tiny.with_name("profile.json")
    result = i3d("probe", tiny, "-o", path, "--rounds", 1, "--clips", 2)
    assert result.exit_code == 0, result.output
    return path


def test_doctor_on_this_machine() -> None:
    result = i3d("doctor")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("packages   ")
    assert any(line.startswith("CPU        ok       ") for line in lines)
    assert result.stderr == "everything needed works\n"


def test_doctor_in_json() -> None:
    result = i3d("doctor", "--json")
    document = json.loads(result.stdout)
    assert document["works"] is True
    assert {"section", "level", "text", "remedy"} == set(document["findings"][0])
    assert {"packages", "openvino", "processor", "memory", "CPU"} <= {item["section"] for item in document["findings"]}


def test_what_stops_work_is_said_and_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    found = (Finding("broken", "computes wrong", "do not use it"), Finding("ok", "is warm"))
    monkeypatch.setattr(room, "examine", lambda: {"CPU": found})
    problem = Finding("broken", "av is too old", "pip install av")
    monkeypatch.setattr(environment, "find_problems", lambda _installed: [problem])
    result = i3d("doctor")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-5:] == [
        "          BROKEN   av is too old",
        "                   -> pip install av",
        "CPU       BROKEN   computes wrong",
        "                   -> do not use it",
        "          ok       is warm",
    ]
    assert result.stderr == "2 of 4 checks failed: av is too old; computes wrong\n"
    assert json.loads(i3d("doctor", "--json").stdout)["works"] is False


def test_doctor_works_where_the_runtime_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "i3d_edge.runtime.measure.doctor", None)
    result = i3d("doctor")
    assert result.exit_code == 1
    assert "openvino  BROKEN   OpenVINO or another package cannot be loaded: " in result.stdout
    assert "-> install i3d-edge in a new environment" in result.stdout


def test_long_findings_are_folded_under_their_column() -> None:
    row = {"section": "NPU", "level": "warning", "text": "word " * 40, "remedy": "remedy " * 30}
    lines = _table([row]).splitlines()
    assert max(map(len, lines)) <= 118
    assert [line[:14] for line in lines] == ["NPU  WARNING  ", " " * 14, "              ", " " * 14, " " * 14][
        : len(lines)
    ]
    assert lines[2].startswith("              -> remedy")


def test_probe_tells_and_writes(tiny: Path, profile_path: Path) -> None:
    result = i3d("probe", tiny, "--rounds", 2, "--mode", "throughput")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        "tiny.xml: I3D rgb, 5 classes (letters), 9 frames, FP32, weights unknown\n"
        "compared with f32 on the CPU, on 3 generated clips\n\nCPU: "
    )
    assert "  supports every operator\n  asked for    ran in" in result.stdout
    assert result.stdout.count(": not available (") == len({"GPU", "NPU"} - set(ov.Core().available_devices))
    assert "\nbest for throughput: --device CPU " in result.stdout
    assert "trying CPU, its own precision, throughput" in result.stderr
    profile = read_profile(profile_path)
    assert (profile.model.name, profile.num_clips, profile.clip_source) == ("tiny.xml", 2, "generated")


def test_probe_in_json_is_the_profile(tiny: Path) -> None:
    result = i3d("probe", tiny, "--json", "-q", "--rounds", 1, "--device", "CPU")
    document = json.loads(result.stdout)
    assert document["schema_version"] == 1
    assert [found["device"] for found in document["devices"]] == ["CPU"]
    assert result.stderr == ""


def test_probe_on_videos(tiny: Path, video: Path) -> None:
    result = i3d("probe", tiny, "--video", video, "--clips", 2, "--rounds", 1, "--device", "AUTO:CPU")
    assert ", on 2 real clips" in result.stdout
    assert "\nAUTO:CPU\n  " in result.stdout


@pytest.fixture
def two_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that carries two cameras, of any model."""

    def measure(cameras: list[object], **_options: float) -> CameraRun:
        num = len(cameras)
        p95_ms = None if num == 3 else 100.0 * num
        return CameraRun(
            num_cameras=num,
            is_carried=num < 3,
            answers_per_s=12.5 * num,
            num_dropped=7 * (num == 3),
            latency_p50_ms=p95_ms and 60.0,
            latency_p95_ms=p95_ms,
            pace=0.994,
        )

    monkeypatch.setattr("i3d_edge.runtime.measure.cameras._measure", measure)


def test_probe_of_a_step_model_tells_how_many_cameras_are_carried(
    tiny: Path, video: Path, two_cameras: None, tmp_path: Path
) -> None:
    steps, output = tmp_path / "steps.xml", tmp_path / "p.json"
    assert i3d("step", tiny, "--hop", 2, "-o", steps).exit_code == 0
    result = i3d("probe", steps, "--cameras", video, "-o", output)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "steps.xml: I3D rgb, 5 classes (letters), 9 frames, FP32, exact steps of 2, weights unknown",
        "",
        "video.mp4 as cameras, 15 s each: --device CPU --mode latency",
        "    cameras  kept up      answers/s    dropped    p50 ms    p95 ms    pace",
        "  ---------  ---------  -----------  ---------  --------  --------  ------",
        "          1  yes              12.50          0        60       100     99%",
        "          2  yes              25.00          0        60       200     99%",
        "          3  no               37.50          7         -         -     99%",
        "carries 2 cameras at hop 2; p95 may be 120 ms",
    ]
    assert "playing video.mp4 as 3 cameras\n" in result.stderr
    profile = read_profile(output)
    assert profile.cameras is not None
    assert (profile.cameras.num_carried, profile.devices) == (2, ())
    assert profile.recommended == profile.cameras.setting


def test_probe_of_a_model_of_clips_plays_cameras_with_its_best_setting(
    tiny: Path, video: Path, two_cameras: None
) -> None:
    words = ("probe", tiny, "--cameras", video, "--hop", 5, "--device", "CPU", "--rounds", 1, "--mode", "throughput")
    document = json.loads(i3d(*words, "--json").stdout)
    cameras = document["cameras"]
    assert cameras["setting"] == document["recommended"]
    assert (cameras["hop"], cameras["num_carried"], cameras["latency_bound_ms"]) == (5, 2, 240)
    assert [run["is_carried"] for run in cameras["runs"]] == [True, True, False]


def test_cameras_need_a_video(tiny: Path, tmp_path: Path) -> None:
    result = i3d("probe", tiny, "--hop", 5)
    assert (result.exit_code, "--hop is for --cameras only" in result.stderr) == (2, True)
    result = i3d("probe", tiny, "--cameras", tmp_path / "no.mp4")
    assert result.stderr == f"StreamOpenError: cannot open stream '{tmp_path / 'no.mp4'}': no such file or directory\n"


@pytest.mark.skipif("NPU" in ov.Core().available_devices, reason="this machine has an NPU")
def test_probe_of_an_absent_device_measures_nothing(tiny: Path) -> None:
    result = i3d("probe", tiny, "--device", "NPU")
    assert result.exit_code == 0
    assert "\n\nNPU: not available (" in result.stdout
    assert result.stdout.endswith("\n\nnothing was measured, so nothing is recommended\n")
    assert result.stderr == ""


def test_probe_where_every_answer_is_wrong(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from i3d_edge.runtime.measure import probe

    monkeypatch.setattr(probe, "recommend", lambda _runs, _aim: None)
    result = i3d("probe", tiny, "--device", "CPU", "--rounds", 1, "-q")
    assert result.stdout.endswith(
        "\n\nnothing is recommended: every setting differs by more than 0.1 in probability from f32 on the CPU\n"
    )


def test_an_existing_profile_is_kept_and_nothing_is_tried(tiny: Path, profile_path: Path) -> None:
    result = i3d("probe", tiny, "-o", profile_path)
    assert result.exit_code == 1
    assert result.stderr == (
        f"OutputError: output {str(profile_path)!r} exists already\n\n"
        "hint: choose another name, or pass --force to replace it\n"
    )


def test_classify_runs_by_the_profile(tiny: Path, video: Path, profile_path: Path, tmp_path: Path) -> None:
    own = dataclasses.replace(
        read_profile(profile_path),
        recommended=Setting(device="HETERO:CPU", inference_precision="f32", mode="latency", num_streams=None),
    )
    write_profile(own, tmp_path / "p.json")
    result = i3d("classify", video, "--model", tiny, "--profile", tmp_path / "p.json")
    assert result.exit_code == 0, result.output
    assert (
        f"profile {tmp_path / 'p.json'}: --device HETERO:CPU --inference-precision f32 --mode latency\n"
        in result.stderr
    )
    assert "; runs in f32 on HETERO:CPU, latency mode" in result.stderr
    assert "HETERO:CPU ran on CPU in the end\n" in result.stderr
    assert "WARNING" not in result.stderr


def test_options_win_over_the_profile(tiny: Path, video: Path, profile_path: Path, tmp_path: Path) -> None:
    own = dataclasses.replace(
        read_profile(profile_path),
        recommended=Setting(device="HETERO:CPU", inference_precision="f32", mode="latency", num_streams=None),
    )
    write_profile(own, tmp_path / "p.json")
    args = ("classify", video, "--model", tiny, "--profile", tmp_path / "p.json")
    result = i3d(*args, "--inference-precision", "bf16")
    assert f"profile {tmp_path / 'p.json'}: --device HETERO:CPU --mode latency\n" in result.stderr
    ran = Engine(tiny, device="HETERO:CPU", inference_precision="bf16").precision  # f32 on a CPU that has AVX2 only
    assert f"; runs in {ran} on HETERO:CPU, latency mode" in result.stderr
    result = i3d(*args, "--device", "CPU")
    assert f"profile {tmp_path / 'p.json'}: --mode latency\n" in result.stderr
    result = i3d(*args, "--device", "AUTO:CPU")
    assert f"profile {tmp_path / 'p.json'} has no setting for the given options; using only those\n" in result.stderr
    assert " on AUTO:CPU, latency mode" in result.stderr


def test_a_profile_of_another_ir_is_refused(video: Path, profile_path: Path, tmp_path: Path) -> None:
    other = write_small_ir(tmp_path / "other.xml", is_flat=True)
    result = i3d("classify", video, "--model", other, "--profile", profile_path)
    assert result.exit_code == 1
    assert result.stderr.startswith(
        f"ProfileError: profile {str(profile_path)!r} was made for another model (tiny.xml), not for {str(other)!r}: "
        "the SHA-256 of its .xml begins with "
    )
    assert result.stderr.endswith(f"\n\nhint: make a profile for this model: i3d probe {other} -o FILE\n")


def test_another_machine_is_warned_of(tiny: Path, video: Path, profile_path: Path, tmp_path: Path) -> None:
    own = read_profile(profile_path)
    versions = {**own.versions, "openvino": "2026.2.0"}
    write_profile(dataclasses.replace(own, versions=versions), tmp_path / "p.json")
    result = i3d("classify", video, "--model", tiny, "--profile", tmp_path / "p.json")
    assert result.exit_code == 0
    assert result.stderr.startswith(
        f"WARNING: the profile was made with OpenVINO 2026.2.0; this is {own.versions['openvino']}; "
        "its figures may not hold here\n"
    )


def test_a_profile_that_recommends_nothing(tiny: Path, video: Path, profile_path: Path, tmp_path: Path) -> None:
    write_profile(dataclasses.replace(read_profile(profile_path), recommended=None), tmp_path / "p.json")
    result = i3d("classify", video, "--model", tiny, "--profile", tmp_path / "p.json")
    assert result.exit_code == 1
    assert result.stderr == (
        f"ProfileError: profile {str(tmp_path / 'p.json')!r} recommends no setting: no device is known to give "
        "the right answers\n\nhint: leave out --profile, or run `i3d probe` again\n"
    )


def test_accuracy_runs_do_not_let_auto_begin_on_the_cpu(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from i3d_edge.accuracy.run.scorers import ModelDefaults, ir_scorers
    from i3d_edge.runtime.inference.engine import Engine
    from i3d_edge.runtime.inference.model_choice import ModelChoice

    made = []
    real = Engine.__init__

    @wraps(real)
    def remember(self: Engine, *args: object, **options: object) -> None:
        made.append(options)
        real(self, *args, **options)

    monkeypatch.setattr(Engine, "__init__", remember)
    spec, scorers = ir_scorers({"ir": ModelChoice(tiny)}, ModelDefaults(device="AUTO:CPU"))
    assert spec == SPEC
    assert list(scorers) == ["ir"]
    assert [own["fallback"] for own in made] == [False]
    assert scorers["ir"].info["device"] == "AUTO:CPU (CPU)"


def test_json_says_what_ran(tiny: Path, video: Path) -> None:
    result = i3d("classify", video, "--model", tiny, "--device", "AUTO:CPU", "--json")
    model = json.loads(result.stdout)["model"]
    assert (model["device"], model["ran_on"]) == ("AUTO:CPU", ["CPU"])
