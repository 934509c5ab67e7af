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
        ("ok", "/dev/dri/renderD128", None),
        ("ok", "kernel module xe", None),
        ("ok", "this user may use renderD128", None),
        ("ok", "OpenVINO's libopenvino_intel_gpu_plugin.so", None),
        ("ok", "OpenCL loader libOpenCL.so.1", None),
        ("ok", "OpenCL driver intel.icd", None),
    ]
    assert missing_parts("GPU", tmp_path, plugins=tmp_path / PLUGINS) == []


def test_an_npu_that_has_everything(tmp_path: Path) -> None:
    assert [text for level, text, _ in look(tmp_path, "NPU", NPU) if level == "ok"] == [
        "/dev/accel/accel0",
        "kernel module intel_vpu",
        "this user may use accel0",
        "OpenVINO's libopenvino_intel_npu_plugin.so",
        "firmware vpu_37xx_v1.bin",
        "Level Zero loader libze_loader.so.1",
        "Level Zero driver libze_intel_npu.so.1",
        "compiler libnpu_driver_compiler.so, of the driver",
    ]


@pytest.mark.parametrize(
    "files",
    [on_bus("0000:01:00.0", "0x10de", "0x030000"), {"sys/bus/pci/devices/": ""}],
    ids=["another maker's", "none"],
)
def test_a_machine_without_one(tmp_path: Path, files: dict[str, str]) -> None:
    assert look(tmp_path, "GPU", files) == [("warning", "no Intel GPU on the PCI bus", None)]
    assert look(tmp_path, "NPU", files) == [("warning", "no Intel NPU on the PCI bus", None)]


def test_one_piece_is_missing(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for family, absent, text, remedy in [
        (
            "GPU",
            "dev/dri/renderD128",
            "no device node in /dev/dri; the PCI bus has one at 0000:00:02.0",
            "a kernel with the module i915 or xe (6.2 or later for Arc); in a container start it with "
            "--device /dev/dri",
        ),
        (
            "GPU",
            "sys/module/xe/",
            "kernel module i915 or xe is not loaded",
            "a kernel with the module i915 or xe (6.2 or later for Arc)",
        ),
        (
            "GPU",
            "usr/lib/x86_64-linux-gnu/libOpenCL.so.1",
            "libOpenCL.so.1 is absent",
            "apt-get install ocl-icd-libopencl1; OpenVINO's documentation, "
            '"Configurations for Intel Processor Graphics (GPU)"',
        ),
        (
            "GPU",
            "etc/OpenCL/vendors/intel.icd",
            "no Intel driver in /etc/OpenCL/vendors",
            "apt-get install intel-opencl-icd (non-free in some Debians), or Intel's compute-runtime; OpenVINO's "
            'documentation, "Configurations for Intel Processor Graphics (GPU)"',
        ),
        (
            "GPU",
            f"{PLUGINS}/libopenvino_intel_gpu_plugin.so",
            "OpenVINO's libopenvino_intel_gpu_plugin.so is absent",
            "pip install --force-reinstall openvino",
        ),
        (
            "NPU",
            "dev/accel/accel0",
            "no device node in /dev/accel; the PCI bus has one at 0000:00:0b.0",
            "a kernel with the module intel_vpu; in a container start it with --device /dev/accel/accel0",
        ),
        (
            "NPU",
            "lib/firmware/intel/vpu/vpu_37xx_v1.bin",
            "no firmware in /lib/firmware/intel/vpu",
            'package intel-fw-npu; OpenVINO\'s documentation, "Configurations for Intel NPU"; '
            "packages of github.com/intel/linux-npu-driver",
        ),
        (
            "NPU",
            "usr/lib/libze_loader.so.1",
            "libze_loader.so.1 is absent",
            'apt-get install libze1 or level-zero; OpenVINO\'s documentation, "Configurations for Intel NPU"; '
            "packages of github.com/intel/linux-npu-driver",
        ),
        (
            "NPU",
            "usr/lib/libze_intel_npu.so.1",
            "libze_intel_npu.so is absent",
            'package intel-level-zero-npu; OpenVINO\'s documentation, "Configurations for Intel NPU"; '
            "packages of github.com/intel/linux-npu-driver",
        ),
        (
            "NPU",
            "usr/lib/libnpu_driver_compiler.so",
            "no compiler: neither libopenvino_intel_npu_compiler_loader.so (not in OpenVINO's PyPI package) nor "
            "libnpu_driver_compiler.so",
            'package intel-driver-compiler-npu; OpenVINO\'s documentation, "Configurations for Intel NPU"; '
            "packages of github.com/intel/linux-npu-driver",
        ),
    ]:
        with subtests.test(family=family, absent=absent):
            files = {name: content for name, content in {**GPU, **NPU}.items() if name != absent}
            root = tmp_path / Path(absent).name
            found = look(root, family, files)
            assert [item for item in found if item[0] == "warning"] == [("warning", text, remedy)]
            assert missing_parts(family, root, plugins=root / PLUGINS) == [text]


def test_the_compiler_may_be_openvinos(tmp_path: Path) -> None:
    files = {name: text for name, text in NPU.items() if "driver_compiler" not in name}
    found = look(tmp_path, "NPU", {**files, f"{PLUGINS}/libopenvino_intel_npu_compiler_loader.so": ""})
    assert found[-1] == ("ok", "compiler libopenvino_intel_npu_compiler_loader.so, in OpenVINO's package", None)


def test_a_user_outside_the_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers.os, "access", lambda _path, _mode: False)
    monkeypatch.setattr(Path, "group", lambda _self: "render")
    gid = write_tree(tmp_path, GPU).stat().st_gid
    assert look(tmp_path, "GPU", GPU)[2] == (
        "warning",
        "this user may not read and write renderD128, which is for the group render",
        f"sudo usermod -aG render $USER, then log in anew; in a container add --group-add {gid}",
    )


def test_libraries_are_found_where_the_loader_is_told_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {name: text for name, text in GPU.items() if "libOpenCL" not in name}
    own = {"etc/ld.so.conf.d/own.conf": "# ours\n/opt/own\n", "opt/own/libOpenCL.so.1.0.0": ""}
    assert look(tmp_path / "conf", "GPU", {**files, **own})[4] == ("ok", "OpenCL loader libOpenCL.so.1.0.0", None)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/srv/own")
    assert look(tmp_path / "env", "GPU", {**files, "srv/own/libOpenCL.so.1": ""})[4][0] == "ok"


def test_other_families_and_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert driver_findings("CPU", tmp_path) == []
    monkeypatch.setattr(drivers.sys, "platform", "win32")
    assert look(tmp_path, "GPU", {}) == [("note", "drivers of the GPU are looked at on Linux only", None)]
