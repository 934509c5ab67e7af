import os
from pathlib import Path

import pytest
from trees import write_tree

from i3d_edge.core.processor import ContainerLimits, container_limits, read_processor, resident_mib, usable_cpus

XEON = """processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Platinum 8481C
flags\t\t: fpu avx2 avx512f avx512_vnni avx512_bf16 amx_bf16 amx_tile amx_int8

processor\t: 1
model name\t: another
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16\n"


def test_a_server(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(XEON)
    processor = read_processor(tmp_path / "cpuinfo")
    assert (processor.name, processor.vendor) == ("Intel(R) Xeon(R) Platinum 8481C", "GenuineIntel")
    assert processor.features == ("AVX2", "AVX-512", "AVX-512 VNNI", "AVX-512 bf16", "AMX bf16", "AMX int8")


@pytest.mark.parametrize(
    ("limit", "features"),
    [
        ("AVX2", ("AVX2",)),
        ("avx512_core_vnni", ("AVX2", "AVX-512", "AVX-512 VNNI")),
        ("AVX512_CORE_AMX", ("AVX2", "AVX-512", "AVX-512 VNNI", "AVX-512 bf16", "AMX bf16", "AMX int8")),
    ],
)
def test_instructions_that_openvino_is_kept_from(
    limit: str, features: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OV_CPU_MAX_ISA", limit)
    (tmp_path / "cpuinfo").write_text(XEON)
    assert read_processor(tmp_path / "cpuinfo").features == features


def test_another_architecture(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(ARM)
    assert read_processor(tmp_path / "cpuinfo").features == (
        "NEON",
        "NEON dot product",
        "NEON int8 matrix",
        "NEON bf16",
    )


def test_a_system_without_cpuinfo(tmp_path: Path) -> None:
    processor = read_processor(tmp_path / "absent")
    assert processor.name
    assert (processor.vendor, processor.features) == ("", ())


def test_only_the_cpus_of_this_process_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3}, raising=False)
    processor = read_processor()
    assert (processor.num_cpus, processor.num_cores) == (1, 1)


def test_limits_of_a_container(tmp_path: Path) -> None:
    assert container_limits(tmp_path) == ContainerLimits(None, None)
    write_tree(tmp_path, {"cpu.max": "150000 100000\n", "memory.max": f"{2 << 30}\n"})
    assert container_limits(tmp_path) == ContainerLimits(1.5, 2048)
    write_tree(tmp_path, {"cpu.max": "max 100000\n", "memory.max": "max\n"})
    assert container_limits(tmp_path) == ContainerLimits(None, None)


def test_this_machine() -> None:
    assert usable_cpus() >= 1
    assert 20 < resident_mib() < 100_000
