"""What is said of virtual devices, on machines that are not there."""

from types import SimpleNamespace

import openvino as ov
import pytest

from i3d_edge.runtime.inference.placement import device_label, end_notes, start_notes


def running(device: str, ran_on: tuple[str, ...] = ("CPU",)) -> SimpleNamespace:
    return SimpleNamespace(device=device, ran_on=lambda: ran_on)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ov, "Core", lambda: SimpleNamespace(available_devices=["CPU", "GPU", "NPU"]))


def test_at_the_start(subtests: pytest.Subtests) -> None:
    for engine, fallback, text in [
        (running("CPU"), True, ""),
        (running("HETERO:NPU,CPU", ("NPU", "CPU")), True, ""),
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
        (running("HETERO:NPU,CPU", ("NPU", "CPU")), "HETERO:NPU,CPU ran on NPU, CPU in the end"),
    ]:
        with subtests.test(text=text):
            assert end_notes(engine) == ([text] if text else [])


def test_labels() -> None:
    assert device_label(running("CPU")) == "CPU"
    assert device_label(running("AUTO:GPU,CPU", ("GPU",))) == "AUTO:GPU,CPU (GPU)"
