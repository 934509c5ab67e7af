import sys
from pathlib import Path

import pytest
from trees import write_tree

from i3d_edge.runtime.hardware.cpu import Processor, read_processor

XEON = """processor\t: {number}
model name\t: Intel(R) Xeon(R) Platinum 8481C
physical id\t: 0
core id\t\t: {core}
flags\t\t: fpu avx2 avx512f avx512_vnni avx512_bf16 amx_bf16 amx_tile amx_int8
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16\n"
MEMORY = "MemTotal:       8388608 kB\nMemFree:  1 kB\nMemAvailable:    4194304 kB\n"


def cpuinfo(*cores: int) -> str:
    return "\n".join(XEON.format(number=number, core=core) for number, core in enumerate(cores))


def test_a_server(tmp_path: Path) -> None:
    write_tree(tmp_path, {"proc/cpuinfo": cpuinfo(0, 1, 0, 1), "proc/meminfo": MEMORY})
    assert read_processor(tmp_path, usable=range(4)) == Processor(
        name="Intel(R) Xeon(R) Platinum 8481C",
        num_cpus=4,
        num_cores=2,
        cpu_limit=None,
        features=("AVX2", "AVX-512", "AVX-512 VNNI", "AVX-512 bf16", "AMX bf16", "AMX int8"),
        memory_mib=8192,
        free_memory_mib=4096,
    )


def test_only_what_this_process_may_use_counts(tmp_path: Path) -> None:
    write_tree(tmp_path, {"proc/cpuinfo": cpuinfo(0, 1, 0, 1)})
    processor = read_processor(tmp_path, usable=[0, 2])
    assert (processor.num_cpus, processor.num_cores) == (2, 1)


def test_another_architecture(tmp_path: Path) -> None:
    write_tree(tmp_path, {"proc/cpuinfo": ARM})
    processor = read_processor(tmp_path, usable=[0])
    assert processor.features == ("NEON", "NEON dot product", "NEON int8 matrix", "NEON bf16")
    assert processor.num_cores is None


def test_a_system_that_tells_nothing(tmp_path: Path) -> None:
    processor = read_processor(tmp_path, usable=[0])
    assert processor.name
    assert (processor.features, processor.memory_mib, processor.free_memory_mib) == ((), None, None)


def test_limits_of_a_container(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for case, (files, cpu_limit, memory_mib) in {
        "version 2": (
            {"sys/fs/cgroup/cpu.max": "150000 100000\n", "sys/fs/cgroup/memory.max": f"{2 << 30}\n"},
            1.5,
            2048,
        ),
        "version 2, none": ({"sys/fs/cgroup/cpu.max": "max 100000\n", "sys/fs/cgroup/memory.max": "max\n"}, None, 8192),
        "version 2, nested": (
            {
                "proc/self/cgroup": "0::/box\n",
                "sys/fs/cgroup/box/cpu.max": "200000 100000\n",
                "sys/fs/cgroup/box/memory.max": f"{1 << 30}\n",
            },
            2.0,
            1024,
        ),
        "version 1": (
            {
                "proc/self/cgroup": "4:memory:/box\n3:cpu,cpuacct:/box\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/memory/box/memory.limit_in_bytes": f"{3 << 30}\n",
            },
            0.5,
            3072,
        ),
        "version 1, none": (
            {
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
            None,
            8192,
        ),
    }.items():
        with subtests.test(case):
            processor = read_processor(write_tree(tmp_path / case, {"proc/meminfo": MEMORY, **files}), usable=[0])
            assert (processor.cpu_limit, processor.memory_mib) == (cpu_limit, memory_mib)
            assert processor.free_memory_mib == min(4096, memory_mib)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_this_box() -> None:
    processor = read_processor()
    assert processor.num_cpus >= 1
    assert (processor.memory_mib or 0) > 100
