import pytest

from benchmarks.machine import Machine, versions


def cpuinfo(*processors: tuple[int, int], vendor: str = "GenuineIntel", flags: str = "") -> str:
    """The text of /proc/cpuinfo for processors given as (physical id, core id)."""
    return "\n\n".join(
        f"processor\t: {number}\nvendor_id\t: {vendor}\nphysical id\t: {physical}\ncore id\t\t: {core}\n"
        f"flags\t\t: {flags}"
        for number, (physical, core) in enumerate(processors)
    )


AMX = "avx2 avx512f avx512_bf16 avx512_vnni amx_bf16 amx_int8"
ZEN = "avx2 avx512f avx512_bf16 avx512_vnni"

TABLE = [
    (
        cpuinfo((0, 0), (0, 1), vendor="AuthenticAMD", flags=ZEN),
        "x86_64",
        "2 cores, AMD x86-64 with avx512_bf16, avx512_vnni, no AMX",
        "2-core-amd-x86-64-avx512_bf16-avx512_vnni",
    ),
    (
        cpuinfo((0, 0), (0, 0), (0, 1), (0, 1), flags=AMX),
        "x86_64",
        "2 cores, Intel x86-64 with amx_bf16, amx_int8, avx512_bf16, avx512_vnni",
        "2-core-intel-x86-64-amx_bf16-amx_int8-avx512_bf16-avx512_vnni",
    ),
    (
        cpuinfo((0, 0), flags="avx2 avx512f"),
        "x86_64",
        "1 core, Intel x86-64 with avx512f, no AMX",
        "1-core-intel-x86-64-avx512f",
    ),
    (cpuinfo((0, 0), (1, 0), flags="sse2"), "x86_64", "2 cores, Intel x86-64, no AMX", "2-core-intel-x86-64"),
    ("", "aarch64", "4 cores, aarch64", "4-core-aarch64"),
]


def test_hardware_class(subtests: pytest.Subtests) -> None:
    for text, architecture, hardware_class, slug in TABLE:
        with subtests.test(hardware_class=hardware_class):
            machine = Machine.from_cpuinfo(text, {0, 1, 2, 3}, architecture)
            assert (machine.hardware_class, machine.slug) == (hardware_class, slug)


def test_only_usable_cores_count() -> None:
    text = cpuinfo((0, 0), (0, 1), (0, 2), (0, 3))
    assert Machine.from_cpuinfo(text, {1, 2}, "x86_64").num_cores == 2


def test_this_machine_has_a_core() -> None:
    assert Machine.here().num_cores >= 1


def test_versions_are_of_what_is_installed() -> None:
    assert list(versions(("numpy", "no-such-package"))) == ["python", "numpy"]
