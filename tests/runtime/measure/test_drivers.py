from pathlib import Path

import pytest
from trees import write_tree

from i3d_edge.runtime.hardware import drivers
from i3d_edge.runtime.hardware.drivers import driver_findings, missing_parts

PLUGINS = "openvino/libs"


def on_bus(address: str, vendor: str, device_class: str) -> dict[str, str]:
    folder = f"sys/bus/pci/devices/{address}"
    return {f"{folder}/vendor": f"{vendor}\n", f"{folder}/class": f"{device_class}\n"}


GPU = {
    **on_bus("0000:00:02.0", "0x8086", "0x030000"),
    "dev/dri/renderD128": "",
    "sys/module/xe/": "",
    "usr/lib/x86_64-linux-gnu/libOpenCL.so.1": "",
    "etc/OpenCL/vendors/intel.icd": "libigdrcl.so",
    f"{PLUGINS}/libopenvino_intel_gpu_plugin.so": "",
}
NPU = {
    **on_bus("0000:00:0b.0", "0x8086", "0x120000"),
    "dev/accel/accel0": "",
    "sys/module/intel_vpu/": "",
    "lib/firmware/intel/vpu/vpu_37xx_v1.bin": "",
    "usr/lib/libze_loader.so.1": "",
    "usr/lib/libze_intel_npu.so.1": "",
    "usr/lib/libnpu_driver_compiler.so": "",
    f"{PLUGINS}/libopenvino_intel_npu_plugin.so": "",
}


def look(root: Path, family: str, files: dict[str, str]) -> list[tuple[str, str, str | None]]:
    write_tree(root, files)
    found = driver_findings(family, root, plugins=root / PLUGINS)
    return [(item.level, item.text, item.remedy) for item in found]


def test_a_gpu_that_has_everything(tmp_path: Path) -> None:
    assert look(tmp_path, "GPU", GPU) == [
        ("ok", "this user can open the device renderD128", None),
        ("ok", "kernel module xe", None),
        ("ok", "OpenVINO plugin libopenvino_intel_gpu_plugin.so", None),
        ("ok", "OpenCL loader libOpenCL.so.1", None),
        ("ok", "OpenCL driver intel.icd", None),
    ]
    assert missing_parts("GPU", tmp_path, plugins=tmp_path / PLUGINS) == []


def test_an_npu_that_has_everything(tmp_path: Path) -> None:
    assert [text for level, text, _ in look(tmp_path, "NPU", NPU) if level == "ok"] == [
        "this user can open the device accel0",
        "kernel module intel_vpu",
        "OpenVINO plugin libopenvino_intel_npu_plugin.so",
        "firmware vpu_37xx_v1.bin",
        "Level Zero loader libze_loader.so.1",
        "Level Zero driver libze_intel_npu.so.1",
        "compiler libnpu_driver_compiler.so",
    ]


@pytest.mark.parametrize(
    "files",
    [on_bus("0000:01:00.0", "0x10de", "0x030000"), {"sys/bus/pci/devices/": ""}],
    ids=["another maker's", "none"],
)
def test_a_machine_without_one(tmp_path: Path, files: dict[str, str]) -> None:
    assert look(tmp_path, "GPU", files) == [("warning", "no Intel GPU on the PCI bus", None)]
    assert look(tmp_path, "NPU", files) == [("warning", "no Intel NPU on the PCI bus", None)]


def test_one_part_is_missing(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for family, absent, text, remedy in [
        (
            "GPU",
            "dev/dri/renderD128",
            "there is no /dev/dri/renderD*, though the PCI bus has a device at 0000:00:02.0",
            "use a kernel that has it, 6.2 or later for Arc; start a container with --device /dev/dri",
        ),
        (
            "GPU",
            "sys/module/xe/",
            "there is no kernel module (/sys/module/i915 or /sys/module/xe)",
            "use a kernel that has it, 6.2 or later for Arc",
        ),
        (
            "GPU",
            "etc/OpenCL/vendors/intel.icd",
            "there is no OpenCL driver (/etc/OpenCL/vendors/*intel*.icd)",
            "apt-get install intel-opencl-icd (non-free in some Debians), or Intel's compute-runtime (OpenVINO's "
            'documentation, "Configurations for Intel Processor Graphics (GPU)")',
        ),
        (
            "GPU",
            f"{PLUGINS}/libopenvino_intel_gpu_plugin.so",
            "there is no OpenVINO plugin (libopenvino_intel_gpu_plugin.so)",
            "pip install --force-reinstall openvino",
        ),
        (
            "NPU",
            "usr/lib/libze_intel_npu.so.1",
            "there is no Level Zero driver (libze_intel_npu.so or libze_intel_vpu.so)",
            "install intel-level-zero-npu from github.com/intel/linux-npu-driver (OpenVINO's documentation, "
            '"Configurations for Intel NPU")',
        ),
    ]:
        with subtests.test(absent=absent):
            files = {name: content for name, content in {**GPU, **NPU}.items() if name != absent}
            root = tmp_path / Path(absent).name
            found = look(root, family, files)
            assert [item for item in found if item[0] == "warning"] == [("warning", text, remedy)]
            assert missing_parts(family, root, plugins=root / PLUGINS) == [text]


def test_any_part_of_an_npu_can_be_missing(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for absent in [name for name in NPU if not name.startswith(("sys/", "dev/"))]:
        with subtests.test(absent=absent):
            root = tmp_path / Path(absent).name
            found = look(root, "NPU", {name: content for name, content in NPU.items() if name != absent})
            assert [level for level, _, _ in found].count("warning") == 1


def test_the_compiler_may_be_openvinos(tmp_path: Path) -> None:
    files = {name: text for name, text in NPU.items() if "driver_compiler" not in name}
    found = look(tmp_path, "NPU", {**files, f"{PLUGINS}/libopenvino_intel_npu_compiler_loader.so": ""})
    assert found[-1] == ("ok", "compiler libopenvino_intel_npu_compiler_loader.so", None)


def test_a_user_outside_the_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers.os, "access", lambda _path, _mode: False)
    monkeypatch.setattr(Path, "group", lambda _self: "render")
    gid = write_tree(tmp_path, GPU).stat().st_gid
    assert look(tmp_path, "GPU", GPU)[0] == (
        "warning",
        "this user cannot open the device renderD128, which belongs to the group render",
        f"sudo usermod -aG render $USER, then log in again; start a container with --group-add {gid}",
    )


def test_libraries_are_found_where_the_loader_is_told_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {name: text for name, text in GPU.items() if "libOpenCL" not in name}
    own = {"etc/ld.so.conf.d/own.conf": "# ours\n/opt/own\n", "opt/own/libOpenCL.so.1.0.0": ""}
    assert look(tmp_path / "conf", "GPU", {**files, **own})[3] == ("ok", "OpenCL loader libOpenCL.so.1.0.0", None)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/srv/own")
    assert look(tmp_path / "env", "GPU", {**files, "srv/own/libOpenCL.so.1": ""})[3][0] == "ok"


def test_other_families_and_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert driver_findings("CPU", tmp_path) == []
    monkeypatch.setattr(drivers.sys, "platform", "win32")
    assert look(tmp_path, "GPU", {}) == [("note", "the drivers of the GPU are checked on Linux only", None)]
