import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from results import make_result

from benchmarks.report import figures, finding, main, markdown, percent, rounded

ROOT = Path(__file__).resolve().parents[2]


def test_figures_come_slowest_first_and_against_stock_of_the_same_precision() -> None:
    lines = figures(make_result())
    assert [(line.rival["name"], line.median_ms, line.times_reference, line.times_stock) for line in lines] == [
        ("PyTorch f32", 2000, 0.5, None),
        ("TensorFlow f32", 1200, 1, None),
        ("OpenVINO INT8", 360, pytest.approx(10 / 3), 1),
        ("i3d-edge INT8", 240, 5, 1.5),
        ("i3d-edge INT8, throughput", 200, 6, 1.8),
    ]
    assert lines[1].p10_ms == pytest.approx(1040)
    assert lines[1].p90_ms == pytest.approx(2640)


def test_the_finding_is_of_one_clip_at_a_time() -> None:
    result = make_result()
    assert finding(result) == (
        "i3d-edge INT8 takes 240 ms a clip: 5x the speed of TensorFlow f32, 1.5x that of stock OpenVINO INT8"
    )
    result["rivals"] = [line for line in result["rivals"] if line["group"] != "OpenVINO"]
    assert finding(result) == "i3d-edge INT8 takes 240 ms a clip: 5x the speed of TensorFlow f32"


def test_three_digits() -> None:
    for value, text in [
        (0.4567, "0.457"),
        (1, "1"),
        (23.46, "23.5"),
        (456.7, "457"),
        (1234.5, "1230"),
        (12345, "12300"),
    ]:
        assert rounded(value) == text


def test_percentages() -> None:
    for value, text in [
        (0, "below 0.001 %"),
        (1e-5, "0.001 %"),
        (0.00714, "0.71 %"),
        (0.0587, "5.9 %"),
        (1.45, "140 %"),
    ]:
        assert percent(value) == text


def test_the_section() -> None:
    text = markdown(make_result())
    assert "| PyTorch f32 | f32 | 2000 | 2000 to 5200 | 0.5x |  | below 0.001 % | 2 of 2 |" in text
    assert "| TensorFlow f32 | f32 | 1200 | 1040 to 2640 | 1x |  |  | 2 of 2 |" in text
    assert "| OpenVINO INT8 | int8 | 360 | 312 to 792 | 3.33x |  | 5 % | 2 of 2 |" in text
    assert "| **i3d-edge INT8** | int8 | **240** | 208 to 648 | 5x | 1.5x | 6 % | 2 of 2 |" in text
    assert "\nSkipped: OpenVINO <bf16>, because the CPU has no bf16 instructions.\n" in text
    assert "2 cores, AMD x86-64 with avx512_bf16, no AMX; python 3.11.7, openvino 2026.4.1." in text


def test_a_busy_machine_is_owned_up_to() -> None:
    result = make_result()
    assert "load before the run 0.1." in markdown(result)
    result["load_before"] = 1.5
    assert "load before the run 1.5, so the machine was not idle." in markdown(result)


def test_the_command_prints_the_section(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(make_result()))
    outcome = CliRunner().invoke(main, [str(path)])
    assert (outcome.exit_code, outcome.stdout) == (0, markdown(make_result()))


def test_the_page_shows_the_committed_result() -> None:
    [path] = (ROOT / "benchmarks" / "results").glob("*.json")
    text = (ROOT / "docs" / "background" / "performance.md").read_text(encoding="utf-8")
    assert markdown(json.loads(path.read_text(encoding="utf-8"))) in text, f"python -m benchmarks.report {path}"
