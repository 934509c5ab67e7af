"""What is said of virtual devices, on machines that are not there."""

from types import SimpleNamespace

import openvino as ov
import pytest

from i3d_edge.runtime.inference.executed import Part
from i3d_edge.runtime.inference.placement import device_label, end_notes, start_notes

HALVES = (Part("NPU", 2, 0.75), Part("CPU", 1, 0.25))


def running(device: str, ran_on: tuple[str, ...] = ("CPU",), parts: tuple[Part, ...] = ()) -> SimpleNamespace:
    return SimpleNamespace(device=device, parts=parts, ran_on=lambda: ran_on)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ov, "Core", lambda: SimpleNamespace(available_devices=["CPU", "GPU", "NPU"]))


def test_at_the_start(subtests: pytest.Subtests) -> None:
    for engine, fallback, text in [
        (running("CPU"), True, ""),
        (
            running("HETERO:NPU,CPU", ("NPU", "CPU"), HALVES),
            True,
            "HETERO:NPU,CPU: NPU 2 of 3 operators (75.0 % of the operations), CPU 1 (25.0 %)",
        ),
        (
            running("AUTO:GPU,CPU", ("(CPU)",)),
            True,
            "AUTO:GPU,CPU may run the first clips on the CPU until GPU is ready",
        ),
        (
            running("AUTO:GPU,CPU", ("GPU",)),
            False,
            "AUTO:GPU,CPU runs every clip on GPU, none on the CPU at the start",
        ),
        (running("AUTO:CPU"), True, ""),
        (running("AUTO:CPU"), False, ""),
    ]:
        with subtests.test(text=text):
            assert start_notes(engine, fallback=fallback) == ([text] if text else [])


def test_at_the_end(subtests: pytest.Subtests) -> None:
    for engine, text in [
        (running("GPU"), ""),
        (running("AUTO:GPU,CPU", ("GPU",)), "AUTO:GPU,CPU ran on GPU in the end"),
        (running("AUTO:GPU,CPU", ("(CPU)",)), "AUTO:GPU,CPU ran on CPU in the end"),
        (running("AUTO", ()), "AUTO ran on devices that it does not name in the end"),
        (running("HETERO:NPU,CPU", ("NPU", "CPU"), HALVES), ""),
    ]:
        with subtests.test(text=text):
            assert end_notes(engine) == ([text] if text else [])


def test_labels() -> None:
    assert device_label(running("CPU")) == "CPU"
    assert device_label(running("AUTO:GPU,CPU", ("GPU",))) == "AUTO:GPU,CPU (GPU)"
