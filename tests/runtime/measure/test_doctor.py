from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trees import write_tree

from i3d_edge.core.finding import Finding
from i3d_edge.core.processor import ContainerLimits, Processor
from i3d_edge.runtime.measure import self_test
from i3d_edge.runtime.measure.doctor import absent_finding, examine, processor_findings
from i3d_edge.runtime.measure.self_test import check_device

NO_LIMITS = ContainerLimits(None, None)


def test_what_suits_a_processor(subtests: pytest.Subtests) -> None:
    for flags, advice in [
        (
            {"avx2", "avx512_vnni", "amx_bf16"},
            "INT8 models are the fastest by design (AMX is not measured); best `--fold`: dhw for INT8, dhw for FP32",
        ),
        (
            {"avx2", "avx512_vnni", "avx512_bf16"},
            "INT8 models are the fastest: AVX-512 VNNI computes them; best `--fold`: hw for INT8, hw for FP32",
        ),
        (
            {"avx2", "avx_vnni"},
            "INT8 models are the fastest: VNNI computes them; best `--fold`: hw for INT8, none for FP32",
        ),
        (
            {"avx2"},
            "INT8 models are the fastest, also without VNNI; best `--fold`: hw for INT8, none for FP32",
        ),
        (set(), "its instruction sets are unknown, or older than AVX2"),
        ({"asimd"}, "NEON"),
    ]:
        with subtests.test(flags=flags):
            processor = Processor(name="A CPU", vendor="", num_cpus=4, num_cores=1, flags=frozenset(flags))
            texts = [item.text for item in processor_findings(processor, NO_LIMITS)]
            assert (texts[0], texts[-1]) == ("A CPU, 4 CPUs on 1 core", advice)


def test_a_container_with_limits() -> None:
    processor = Processor(name="A CPU", vendor="", num_cpus=4, num_cores=None, flags=frozenset())
    texts = [item.text for item in processor_findings(processor, ContainerLimits(1.5, None))]
    assert texts[:2] == ["A CPU, 4 CPUs", "this container may use the time of 1.5 CPUs"]


def test_a_gpu_that_is_not_available(tmp_path: Path) -> None:
    write_tree(tmp_path / "none", {"sys/bus/pci/devices/": ""})
    assert absent_finding("GPU", tmp_path / "none") == Finding(
        "note", "not available: no Intel GPU on the PCI bus", "to use one in a virtual machine, pass it through"
    )
    write_tree(tmp_path / "openable", {"dev/dri/renderD128": ""})
    found = absent_finding("GPU", tmp_path / "openable")
    assert (found.level, found.text) == ("warning", "not available, though this user can open the GPU")


def test_this_machine(tmp_path: Path) -> None:
    sections = {title: list(findings) for title, findings in examine(tmp_path).items()}
    assert list(sections)[:4] == ["openvino", "processor", "memory", "CPU"]
    assert {"GPU", "NPU"} <= set(sections)
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
        ("CPU", EXPECTED[None], "ok", "computes a small 3-D network correctly, in "),
        ("GPU", EXPECTED[None] + 0.01, "ok", "computes a small 3-D network correctly, in "),
        ("CPU", EXPECTED[None] + 0.01, "broken", "computes a small 3-D network wrong: probabilities differ by 0.01 "),
        ("GPU", EXPECTED[None] + 0.5, "broken", "computes a small 3-D network wrong: probabilities differ by 0.5 "),
        ("GPU", np.full((1, 5), np.nan), "broken", "computes a small 3-D network wrong: probabilities differ by nan "),
        (
            "NPU",
            RuntimeError("Exception from core.cpp:1:\nno Convolution of rank 5"),
            "warning",
            "cannot run a 3-D convolution: no Convolution of rank 5",
        ),
        ("CPU", RuntimeError("no"), "broken", "cannot run a 3-D convolution: no"),
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
