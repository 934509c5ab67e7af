from pathlib import Path

import pytest
from trees import write_tree

from i3d_edge.runtime.hardware import access
from i3d_edge.runtime.hardware.access import access_finding, why_absent


def on_bus(address: str, vendor: str, device_class: str) -> dict[str, str]:
    folder = f"sys/bus/pci/devices/{address}"
    return {f"{folder}/vendor": f"{vendor}\n", f"{folder}/class": f"{device_class}\n"}


GPU = on_bus("0000:00:02.0", "0x8086", "0x030000")
NPU = on_bus("0000:00:0b.0", "0x8086", "0x120000")


def test_access(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for case, family, files, level, text in [
        ("gpu", "GPU", {**GPU, "dev/dri/renderD128": ""}, "ok", "this user can open the device renderD128"),
        ("npu", "NPU", {**NPU, "dev/accel/accel0": ""}, "ok", "this user can open the device accel0"),
        ("bus hidden", "NPU", {"dev/accel/accel1": ""}, "ok", "this user can open the device accel1"),
        ("none", "NPU", {"sys/bus/pci/devices/": ""}, "warning", "no Intel NPU on the PCI bus"),
        ("other maker", "GPU", on_bus("1", "0x10de", "0x030000"), "warning", "no Intel GPU on the PCI bus"),
        ("other class", "NPU", GPU, "warning", "no Intel NPU on the PCI bus"),
        (
            "no node",
            "GPU",
            GPU,
            "warning",
            "there is no /dev/dri/renderD*, though the PCI bus has a device at 0000:00:02.0",
        ),
        ("nothing known", "GPU", {"sys/": ""}, "warning", "there is no /dev/dri/renderD*"),
    ]:
        with subtests.test(case):
            root = write_tree(tmp_path / case, files)
            found = access_finding(family, root)
            assert found is not None
            assert (found.level, found.text) == (level, text)
            assert why_absent(family, root) == (text if level == "warning" else None)
            assert bool(found.remedy) == (text.startswith("there is no "))


def test_a_user_outside_the_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access.os, "access", lambda _path, _mode: False)
    monkeypatch.setattr(Path, "group", lambda _self: "render")
    root = write_tree(tmp_path, {"dev/dri/renderD128": ""})
    found = access_finding("GPU", root)
    assert found is not None
    assert found.text == "this user cannot open the device renderD128, which belongs to the group render"
    gid = root.stat().st_gid
    assert found.remedy == (
        f"sudo usermod -aG render $USER, then log in again; start a container with --group-add {gid}"
    )


def test_other_families_and_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert access_finding("CPU", tmp_path) is None
    monkeypatch.setattr(access.sys, "platform", "win32")
    assert why_absent("GPU", tmp_path) is None
