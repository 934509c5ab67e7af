import pytest

from benchmarks.machine import hardware_class, slug
from i3d_edge.core.processor import Processor


def test_hardware_class(subtests: pytest.Subtests) -> None:
    for vendor, num_cores, flags, architecture, title, name in [
        (
            "AuthenticAMD",
            2,
            "avx2 avx512f avx512_bf16 avx512_vnni",
            "x86-64",
            "2 cores, AMD x86-64 with avx512_bf16, avx512_vnni, no AMX",
            "2-core-amd-x86-64-avx512_bf16-avx512_vnni",
        ),
        (
            "GenuineIntel",
            1,
            "avx2 avx512f amx_bf16 amx_int8",
            "x86-64",
            "1 core, Intel x86-64 with amx_bf16, amx_int8",
            "1-core-intel-x86-64-amx_bf16-amx_int8",
        ),
        (
            "GenuineIntel",
            1,
            "avx2 avx512f",
            "x86-64",
            "1 core, Intel x86-64 with avx512f, no AMX",
            "1-core-intel-x86-64-avx512f",
        ),
        ("GenuineIntel", 2, "sse2", "x86-64", "2 cores, Intel x86-64, no AMX", "2-core-intel-x86-64"),
        ("", None, "", "aarch64", "4 cores, aarch64", "4-core-aarch64"),
    ]:
        with subtests.test(title=title):
            processor = Processor(
                name="", vendor=vendor, num_cpus=4, num_cores=num_cores, flags=frozenset(flags.split())
            )
            assert hardware_class(processor, architecture) == title
            assert slug(processor, architecture) == name
