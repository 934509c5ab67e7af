from types import SimpleNamespace

import openvino as ov
import pytest
from openvino import opset13 as ops

from i3d_edge.core.errors import DeviceError
from i3d_edge.runtime.inference import devices
from i3d_edge.runtime.inference.devices import (
    NO_FALLBACK,
    auto_candidates,
    compile_model,
    device_parts,
    may_begin_on_cpu,
    require_device,
)

BOTH = ["CPU", "GPU"]
ALL = ["CPU", "GPU.0", "GPU.1", "NPU"]


def small_model() -> ov.Model:
    value = ops.parameter((1, 4), ov.Type.f32)
    return ov.Model([ops.softmax(ops.relu(value), 1)], [value], "m")


def test_device_names(subtests: pytest.Subtests) -> None:
    for device, is_known in [
        ("GPU", True),
        ("GPU.0", True),
        ("AUTO", True),
        ("AUTO:GPU,CPU", True),
        ("AUTO:-NPU", True),
        ("MULTI:GPU(2),CPU", True),
        ("BATCH:GPU(4)", True),
        ("NPU", False),
        ("HETERO:NPU,CPU", False),
    ]:
        with subtests.test(device=device):
            core = SimpleNamespace(available_devices=BOTH)
            if is_known:
                require_device(core, device)
            else:
                with pytest.raises(DeviceError, match="no device 'NPU' on this machine; available: CPU, GPU"):
                    require_device(core, device)


def test_an_absent_device_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests) -> None:
    for case, (reason, hint) in {
        "no such device": (
            "no Intel NPU on the PCI bus",
            "NPU: no Intel NPU on the PCI bus (`i3d doctor` says more)",
        ),
        "nothing known": (None, "`i3d doctor` lists what this machine has"),
    }.items():
        with subtests.test(case):
            monkeypatch.setattr(
                devices,
                "why_absent",
                lambda family, reason=reason: reason if family == "NPU" else "not asked for",
            )
            with pytest.raises(DeviceError) as caught:
                require_device(SimpleNamespace(available_devices=["CPU"]), "HETERO:NPU.0,CPU")
            assert str(caught.value) == (f"no device 'NPU.0' on this machine; available: CPU\n\nhint: {hint}")


def test_a_device_that_openvino_dropped() -> None:
    with pytest.raises(DeviceError) as caught:
        require_device(SimpleNamespace(available_devices=["CPU"]), "MYRIAD")
    assert str(caught.value) == (
        "no device 'MYRIAD' on this machine; available: CPU\n\n"
        "hint: OpenVINO 2022.3 was the last that had MYRIAD; an IR for today's NPU is made by `i3d convert --for vpu`"
    )


def test_parts() -> None:
    for device, parts in [
        ("CPU", []),
        ("AUTO", []),
        ("AUTO:GPU,CPU", ["GPU", "CPU"]),
        ("AUTO: GPU.1 ,-NPU", ["GPU.1"]),
    ]:
        assert device_parts(device) == parts


def test_what_auto_may_do(subtests: pytest.Subtests) -> None:
    for device, available, candidates, begins_on_cpu in [
        ("CPU", ALL, [], False),
        ("HETERO:GPU,CPU", ALL, [], False),
        ("AUTO", ["CPU"], ["CPU"], False),
        ("AUTO", ALL, ["CPU", "GPU.0", "GPU.1"], True),
        ("AUTO:-GPU", ALL, ["CPU"], False),
        ("AUTO:-CPU", ALL, ["GPU.0", "GPU.1"], False),
        ("AUTO:GPU,CPU", BOTH, ["GPU", "CPU"], True),
        ("AUTO:NPU,CPU", ALL, ["NPU", "CPU"], True),
        ("AUTO:GPU", BOTH, ["GPU"], False),
        ("AUTO:CPU", ALL, ["CPU"], False),
    ]:
        with subtests.test(device=device):
            assert auto_candidates(device, available) == candidates
            assert may_begin_on_cpu(device, available) is begins_on_cpu


class FakeCore:
    """A box with a GPU and an NPU; the NPU takes no Softmax."""

    available_devices = ("CPU", "GPU", "NPU")
    compiled: tuple[str, dict[str, object]]

    def compile_model(self, _model: ov.Model, device: str, properties: dict[str, object]) -> str:
        type(self).compiled = device, properties
        if device == "NPU":
            raise RuntimeError("Exception from src/core.cpp:117:\n\nUnsupported operation Softmax\n")
        return "compiled"


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> type[FakeCore]:
    monkeypatch.setattr(devices, "ov", SimpleNamespace(Core=FakeCore))
    return FakeCore


def test_without_fallback_auto_does_not_begin_on_the_cpu(box: type[FakeCore], subtests: pytest.Subtests) -> None:
    for device, fallback, extra in [
        ("AUTO:GPU,CPU", True, {}),
        ("AUTO:GPU,CPU", False, NO_FALLBACK),
        ("GPU", False, {}),
    ]:
        with subtests.test(device=device, fallback=fallback):
            compile_model(small_model(), device, {"PERFORMANCE_HINT": "LATENCY"}, fallback=fallback)
            assert box.compiled == (device, {"PERFORMANCE_HINT": "LATENCY", **extra})


def test_a_refusal_has_its_reason(box: type[FakeCore]) -> None:
    with pytest.raises(DeviceError) as caught:
        compile_model(small_model(), "NPU", {})
    assert str(caught.value) == (
        "device 'NPU' cannot run the model: Unsupported operation Softmax\n\n"
        "hint: --device CPU runs it everywhere; `i3d probe` says what the device does not take"
    )


def test_virtual_devices_run_on_the_cpu_alone(subtests: pytest.Subtests) -> None:
    for device in ["HETERO:CPU", "AUTO:CPU", "AUTO"]:
        with subtests.test(device=device):
            compiled = compile_model(small_model(), device, {}, fallback=False)
            assert list(compiled.get_property("EXECUTION_DEVICES")) == ["CPU"]
