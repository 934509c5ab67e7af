"""CPU generations: what is measured is not tested, but what is made of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import write_ir
from click.testing import CliRunner

from benchmarks import cpus
from benchmarks.cpu_turn import Turn, take_turn
from benchmarks.cpus import GENERATIONS, generations_of, main, markdown, measure, require_cap
from benchmarks.errors import RivalError
from benchmarks.report import BEGIN, END

ROOT = Path(__file__).resolve().parents[2]


def test_a_cpu_shows_what_it_has(subtests: pytest.Subtests) -> None:
    for case, (flags, caps) in {
        "none": (set(), []),
        "AVX2": ({"avx2"}, ["AVX2"]),
        "AVX-VNNI": ({"avx2", "avx_vnni"}, ["AVX2_VNNI", "AVX2"]),
        "AVX-512": ({"avx2", "avx512bw", "avx512_vnni"}, ["AVX512_CORE_VNNI", "AVX512_CORE", "AVX2"]),
        "all": (
            {"avx2", "avx_vnni", "avx512bw", "avx512_vnni", "avx512_bf16", "amx_int8"},
            ["AVX512_CORE_AMX", "AVX512_CORE_BF16", "AVX512_CORE_VNNI", "AVX512_CORE", "AVX2_VNNI", "AVX2"],
        ),
    }.items():
        with subtests.test(case):
            assert [generation.cap for generation in generations_of(flags)] == caps


def test_a_cap_must_be_kept(subtests: pytest.Subtests) -> None:
    for cap, ran_in, kernel, is_kept in [
        ("AVX2", "f32", "brgconv_avx2_f32", True),
        ("AVX2", "f32", "brgconv_avx512_f32", False),
        ("AVX512_CORE", "f32", "brgconv_avx512_f32", True),
        ("AVX512_CORE", "bf16", "jit_avx512_bf16", False),
        ("AVX512_CORE_BF16", "bf16", "brgconv_avx512_amx_bf16", False),
        ("AVX512_CORE_AMX", "bf16", "brgconv_avx512_amx_bf16", True),
    ]:
        with subtests.test(cap=cap, kernel=kernel):
            [generation] = [item for item in GENERATIONS if item.cap == cap]
            turn = Turn(ran_in, {kernel: 58}, 1.0, 1.0)
            if is_kept:
                require_cap(generation, "m", turn)
                return
            with pytest.raises(RivalError) as caught:
                require_cap(generation, "m", turn)
            assert str(caught.value) == (
                f"model 'm' must run without more than {cap}; got {kernel}\n\n"
                "hint: OV_CPU_MAX_ISA and ONEDNN_MAX_CPU_ISA work since OpenVINO 2026.4, on x86-64"
            )


def fake_run(command: list[str], *, env: dict[str, str], **_options: Any) -> subprocess.CompletedProcess[str]:
    """Answer as a turn does: an IR called int8 takes half the time, AVX2 twice."""
    *_, path, precision, answers = command
    cap = env.get("OV_CPU_MAX_ISA", "")
    assert env.get("ONEDNN_MAX_CPU_ISA", "") == cap
    assert (precision == "f32") == (not cap)
    is_int8 = "int8" in path
    probabilities = np.full((2, 4), 0.1, np.float32)
    probabilities[0, 1 if is_int8 else 0] = probabilities[1, 0] = 0.7
    np.save(answers, probabilities)
    clip_ms = 100.0 * (2 if cap == "AVX2" else 1) / (2 if is_int8 else 1)
    turn = {"ran_in": "int8" if is_int8 else "f32", "kernels": {"x": 58}, "clip_ms": clip_ms, "compile_s": 1.0}
    return subprocess.CompletedProcess(command, 0, stdout=f"noise\n{json.dumps(turn)}\n", stderr="")


def test_a_table_has_a_line_for_each_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpus.subprocess, "run", fake_run)
    monkeypatch.setenv("OV_CPU_MAX_ISA", "SSE41")
    result = measure([Path("m.xml"), Path("m_int8.xml")], generations_of({"avx2", "avx_vnni"}), rounds=3)
    result["load_before"] = 1.5
    assert [len(row["clip_ms"]) for row in result["rows"]] == [3] * 4
    lines = markdown(result).splitlines()
    assert lines[:4] == [
        "| instructions up to | CPUs | `m` | `m_int8` |",
        "| --- | --- | ---: | ---: |",
        "| AVX2 with VNNI | Core since the 12th generation, Core Ultra, N100 and x7000E | "
        "f32, 100 ms, 1.00x; below 0.001 %, 2 | int8, 50 ms, 2.00x; 130 %, 1 |",
        "| AVX2, no VNNI | most Core of generations 4 to 10; AMD Zen to Zen 3 | "
        "f32, 200 ms, 1.00x; below 0.001 %, 2 | int8, 100 ms, 2.00x; 130 %, 1 |",
    ]
    assert "load before the run 1.5. The machine was not idle. `m` in f32 on the whole CPU: 100 ms." in lines[-1]


def test_a_turn_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr="Traceback\nIRError: no IR\n")
    monkeypatch.setattr(cpus.subprocess, "run", lambda *_args, **_options: failed)
    with pytest.raises(RivalError) as caught:
        measure([Path("m.xml")], [], rounds=1)
    assert str(caught.value) == "model 'm' must run with all instructions; got IRError: no IR"


def test_the_page_shows_the_result_that_is_kept() -> None:
    [path] = (ROOT / "benchmarks" / "results" / "cpus").glob("*.json")
    page = (ROOT / "docs" / "cpus.md").read_text(encoding="utf-8")
    assert markdown(json.loads(path.read_text(encoding="utf-8"))) in page


def test_a_run_fills_a_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cpus.subprocess, "run", fake_run)
    monkeypatch.setattr(cpus, "generations_of", lambda _flags: [GENERATIONS[-1]])
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    outcome = CliRunner().invoke(main, ["m.xml", "-o", str(tmp_path / "r.json"), "--page", str(page), "--rounds", "1"])
    assert outcome.exit_code == 0, outcome.output
    table = markdown(json.loads((tmp_path / "r.json").read_text()))
    assert page.read_text() == f"before\n{BEGIN}\n\n{table}\n{END}\nafter\n"
    assert table in outcome.stdout


def test_models_of_one_name_are_wrong_usage(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(main, ["a/m.xml", "b/m.xml", "-o", str(tmp_path / "r.json")])
    assert outcome.exit_code == 2
    assert "models must have different names" in outcome.output


def test_a_real_turn(tmp_path: Path) -> None:
    turn = take_turn(write_ir(tmp_path / "tiny.xml"), "own", tmp_path / "answers.npy")
    assert (turn.ran_in, turn.kernels) == ("not reported", {})
    assert turn.clip_ms > 0
    assert np.load(tmp_path / "answers.npy").shape == (2, 400)
