from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from trees import write_tree

from i3d_edge.runtime.hardware.cpu import Processor
from i3d_edge.runtime.hardware.finding import Finding
from i3d_edge.runtime.measure import doctor, self_test
from i3d_edge.runtime.measure.doctor import absent_findings, examine, memory_findings, processor_findings
from i3d_edge.runtime.measure.self_test import check_decoding, check_device


def processor(**changes: Any) -> Processor:
    fields = {
        "name": "A CPU",
        "num_cpus": 4,
        "num_cores": 2,
        "cpu_limit": None,
        "features": ("AVX2",),
        "memory_mib": 8192,
        "free_memory_mib": 4096,
    }
    return Processor(**{**fields, **changes})


def test_processors(subtests: pytest.Subtests) -> None:
    for changes, texts in [
        (
            {"features": ("AVX2", "AVX-512 VNNI", "AMX bf16", "AMX int8")},
            [
                "A CPU, 4 CPUs on 2 cores",
                "AVX2, AVX-512 VNNI, AMX bf16, AMX int8",
                "has AMX: `i3d convert --fold dhw` suits bf16 and INT8",
            ],
        ),
        (
            {"features": ("AVX2", "AVX-512 VNNI", "AVX-512 bf16")},
            [
                "A CPU, 4 CPUs on 2 cores",
                "AVX2, AVX-512 VNNI, AVX-512 bf16",
                "no AMX: `i3d convert --fold hw` suits INT8, --fold h bf16",
            ],
        ),
        (
            {"features": ("AVX2", "AVX-VNNI"), "num_cpus": 1, "num_cores": 1},
            ["A CPU, 1 CPU on 1 core", "AVX2, AVX-VNNI", "no AMX: `i3d convert --fold hw` suits INT8"],
        ),
        (
            {"num_cores": None, "cpu_limit": 1.5},
            [
                "A CPU, 4 CPUs",
                "this container may use 1.5 CPUs' time of 4",
                "AVX2",
                "neither AMX nor VNNI: INT8 has no instructions of its own here",
            ],
        ),
        (
            {"features": ()},
            [
                "A CPU, 4 CPUs on 2 cores",
                "the system does not tell which instructions it has, or they are none of AVX2 and later",
            ],
        ),
        ({"features": ("NEON",)}, ["A CPU, 4 CPUs on 2 cores", "NEON"]),
    ]:
        with subtests.test(changes=changes):
            assert [item.text for item in processor_findings(processor(**changes))] == texts


def test_memory(subtests: pytest.Subtests) -> None:
    for changes, finding in [
        ({}, Finding("ok", "8.0 GiB, 4.0 GiB free")),
        ({"free_memory_mib": None}, Finding("ok", "8.0 GiB")),
        ({"memory_mib": None}, Finding("note", "the system does not tell")),
    ]:
        with subtests.test(changes=changes):
            assert list(memory_findings(processor(**changes))) == [finding]


def test_a_box_without_a_gpu(tmp_path: Path) -> None:
    write_tree(tmp_path, {"sys/bus/pci/devices/": ""})
    assert list(absent_findings("GPU", tmp_path)) == [
        Finding("note", "absent: no Intel GPU on the PCI bus; a virtual machine has to be given it")
    ]


def test_a_gpu_without_its_drivers(tmp_path: Path) -> None:
    write_tree(tmp_path, {"dev/dri/renderD128": "", "sys/module/i915/": ""})
    first, *others = absent_findings("GPU", tmp_path)
    assert first == Finding("note", "absent; 2 things missing for it:")
    assert [item.text for item in others] == ["libOpenCL.so.1 is absent", "no Intel driver in /etc/OpenCL/vendors"]
    assert all(item.remedy for item in others)


def test_a_gpu_that_should_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "driver_findings", lambda _family, _root: [Finding("ok", "all")] * 2)
    assert next(iter(absent_findings("GPU", tmp_path))) == Finding(
        "warning", "absent, though everything it needs was found", "see the kernel's messages: dmesg"
    )


def test_this_box(tmp_path: Path) -> None:
    sections = {section.title: section.findings for section in examine(tmp_path)}
    assert list(sections)[:4] == ["openvino", "processor", "memory", "CPU"]
    assert {"GPU", "NPU"} <= set(sections)
    assert list(sections)[-1] == "video"
    assert [item for findings in sections.values() for item in findings if item.level == "broken"] == []
    assert "; plugins AUTO" in sections["openvino"][0].text
    assert "has f32" in sections["CPU"][0].text


class FakeDevice:
    """A core with one device, which gives what it is told to."""

    available_devices = ()

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def compile_model(self, _model: object, _device: str, _properties: object) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return lambda _clip: {"Softmax": self.answer}


EXPECTED = self_test._expected(*self_test._numbers())


def test_a_device_that_answers(subtests: pytest.Subtests) -> None:
    for device, answer, level, text in [
        ("CPU", EXPECTED[None], "ok", "computes a small 3-D network right, to 0, in "),
        ("GPU", EXPECTED[None] + 0.01, "ok", "computes a small 3-D network right, to 0.01, in "),
        (
            "CPU",
            EXPECTED[None] + 0.01,
            "broken",
            "computes a small 3-D network wrong: 0.01 off NumPy's probabilities, bound 1e-05",
        ),
        (
            "GPU",
            EXPECTED[None] + 0.5,
            "broken",
            "computes a small 3-D network wrong: 0.5 off NumPy's probabilities, bound 0.02",
        ),
        (
            "GPU",
            np.full((1, 5), np.nan),
            "broken",
            "computes a small 3-D network wrong: nan off NumPy's probabilities, bound 0.02",
        ),
        (
            "NPU",
            RuntimeError("Exception from core.cpp:1:\nno Convolution of rank 5"),
            "warning",
            "does not run a 3-D convolution: no Convolution of rank 5",
        ),
        ("CPU", RuntimeError("no"), "broken", "does not run a 3-D convolution: no"),
    ]:
        with subtests.test(device=device, text=text):
            found = check_device(FakeDevice(answer), device)
            assert found.level == level
            assert found.text.startswith(text)


def test_the_small_network_in_numpy_is_the_networks() -> None:
    import openvino as ov

    assert EXPECTED.sum() == pytest.approx(1, abs=1e-6)
    assert np.ptp(EXPECTED) > 0.05
    assert check_device(ov.Core(), "CPU").level == "ok"


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        (lambda count: [(number, np.full((4, 4, 3), 20 * (number + 1) + 9)) for number in range(count)], "12 frames"),
        (lambda _count: [], "0 frames"),
    ],
    ids=["other greys", "none"],
)
def test_decoding_that_is_wrong(frames: Any, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    video = SimpleNamespace(frames=lambda wanted: iter(frames(len(wanted))))
    monkeypatch.setattr(self_test, "Video", SimpleNamespace(open=lambda _path: video))
    found = check_decoding()
    assert found.level == "broken"
    assert found.text.startswith(f"a generated video is decoded wrong: {text} of greys ")


def test_decoding_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path) -> None:
        raise self_test.VideoError("nothing decodes")

    monkeypatch.setattr(self_test, "Video", SimpleNamespace(open=fail))
    assert check_decoding() == Finding(
        "broken", "a generated video is not decoded: nothing decodes", "pip install --force-reinstall av"
    )
