import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import openvino as ov
import pytest

from i3d_edge.convert.model_server import export_to_model_server
from i3d_edge.core.errors import IRError, OutputError

# What Model Server's documentation says of a model's settings: their names, and the types of their values.
SETTINGS = {
    "name": str,
    "base_path": str,
    "shape": str | dict,
    "layout": str | dict,
    "batch_size": int | str,
    "model_version_policy": dict,
    "plugin_config": dict,
    "nireq": int,
    "target_device": str,
}
OURS = {"config": {"name": "i3d", "base_path": "i3d", "target_device": "CPU"}}
OTHER = {"config": {"name": "resnet", "base_path": "/models/resnet", "nireq": 4, "shape": {"input": "(1,3,224,224)"}}}
HINT = "\n\nhint: correct that file, or choose another folder"


def faults(folder: Path) -> list[str]:
    """Return what of a repository is not as Model Server documents it."""
    found = []
    config = json.loads((folder / "config.json").read_text())
    if set(config) != {"model_config_list"}:
        found.append(f"groups {sorted(config)}")
    for model in config["model_config_list"]:
        settings = model["config"]
        if set(model) != {"config"} or not {"name", "base_path"} <= set(settings) <= set(SETTINGS):
            found.append(f"settings {sorted(settings)}")
            continue
        found += [name for name, value in settings.items() if not isinstance(value, SETTINGS[name])]
        if Path(settings["base_path"]).is_absolute():
            found.append(f"absolute {settings['base_path']}")
            continue
        versions = list((folder / settings["base_path"]).iterdir())
        if not versions:
            found.append("no version")
        for version in versions:
            if not version.name.isdecimal() or int(version.name) < 1:
                found.append(f"version {version.name}")
            if sorted(item.suffix for item in version.iterdir()) != [".bin", ".xml"]:
                found.append(f"files of {version.name}")
            if len({item.stem for item in version.iterdir()}) != 1:
                found.append(f"names in {version.name}")
    return found


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def write_config(folder: Path, *models: dict[str, Any], **groups: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({**groups, "model_config_list": models}))
    return path


def models_of(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "config.json").read_text())["model_config_list"]


def refusal(ir_path: Path, folder: Path, **options: Any) -> str:
    """Return the message of an export that must be refused and leave everything as it was."""
    before = tree(folder)
    with pytest.raises((IRError, OutputError)) as caught:
        export_to_model_server(ir_path, folder, **options)
    assert tree(folder) == before
    assert not [path for path in folder.rglob("*") if path.is_dir() and not any(path.iterdir())]
    return str(caught.value)


def test_the_layout(ir_path: Path, tmp_path: Path) -> None:
    report = export_to_model_server(ir_path, tmp_path / "new" / "models", name="i3d")
    folder = tmp_path / "new" / "models"
    assert list(tree(folder)) == ["config.json", "i3d/1/i3d.bin", "i3d/1/i3d.xml"]
    assert models_of(folder) == [OURS]
    assert faults(folder) == []
    for suffix in (".xml", ".bin"):
        assert (folder / "i3d" / "1" / f"i3d{suffix}").read_bytes() == ir_path.with_suffix(suffix).read_bytes()
    assert (report.path, report.version, report.is_config_changed) == (folder / "i3d" / "1" / "i3d.xml", 1, True)
    assert report.num_bytes == sum(path.stat().st_size for path in (folder / "i3d" / "1").iterdir())
    assert tuple(ov.Core().read_model(report.path).input("Placeholder").shape) == report.spec.clip_shape


def test_the_file_gives_the_name(ir_path: Path, tmp_path: Path) -> None:
    assert export_to_model_server(ir_path, tmp_path).name == "short"
    assert list(tree(tmp_path)) == ["config.json", "short/1/short.bin", "short/1/short.xml"]


def test_the_check_of_the_layout_can_fail(ir_path: Path, tmp_path: Path) -> None:
    export_to_model_server(ir_path, tmp_path, name="i3d")
    (tmp_path / "i3d" / "1" / "i3d.bin").rename(tmp_path / "i3d" / "1" / "other.bin")
    (tmp_path / "i3d" / "0").mkdir()
    write_config(tmp_path, {"config": {**OURS["config"], "nireq": "4"}}, OTHER, {"config": {"name": "x"}}, more=[])
    assert sorted(faults(tmp_path)) == [
        "absolute /models/resnet",
        "files of 0",
        "groups ['model_config_list', 'more']",
        "names in 0",
        "names in 1",
        "nireq",
        "settings ['name']",
        "version 0",
    ]


def test_others_may_read_it(ir_path: Path, tmp_path: Path) -> None:
    """Model Server runs as a user of its own."""
    mask = os.umask(0o022)
    try:
        export_to_model_server(ir_path, tmp_path, name="i3d")
    finally:
        os.umask(mask)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"config.json": 0o644, "i3d": 0o755, "1": 0o755, "i3d.xml": 0o644, "i3d.bin": 0o644}


def test_a_second_export_is_the_next_version_and_leaves_the_config(ir_path: Path, tmp_path: Path) -> None:
    export_to_model_server(ir_path, tmp_path, name="i3d")
    edited = {"config": {**OURS["config"], "base_path": "./i3d", "plugin_config": {"PERFORMANCE_HINT": "LATENCY"}}}
    text = write_config(tmp_path, edited).read_text()
    report = export_to_model_server(ir_path, tmp_path, name="i3d")
    assert (report.version, report.is_config_changed) == (2, False)
    assert (tmp_path / "config.json").read_text() == text
    assert faults(tmp_path) == []
    assert len(tree(tmp_path)) == 5


def test_a_version_is_never_used_twice(ir_path: Path, tmp_path: Path) -> None:
    for name in ("3", "10old", "notes"):
        (tmp_path / "i3d" / name).mkdir(parents=True)
    assert export_to_model_server(ir_path, tmp_path, name="i3d").version == 11


def test_other_models_and_groups_are_kept(ir_path: Path, tmp_path: Path) -> None:
    write_config(tmp_path, OTHER, monitoring={"metrics": {"enable": True}})
    export_to_model_server(ir_path, tmp_path, name="i3d")
    config = json.loads((tmp_path / "config.json").read_text())
    assert config == {"monitoring": {"metrics": {"enable": True}}, "model_config_list": [OTHER, OURS]}


def test_a_name_that_leads_elsewhere(ir_path: Path, tmp_path: Path) -> None:
    elsewhere = {"config": {"name": "i3d", "base_path": "/models/i3d"}}
    path = write_config(tmp_path, elsewhere, OTHER)
    assert refusal(ir_path, tmp_path, name="i3d") == (
        f"config '{path}' must look for 'i3d' in the folder 'i3d' beside it; got '/models/i3d'\n\n"
        "hint: choose another --name, or pass --force to replace that entry"
    )
    assert export_to_model_server(ir_path, tmp_path, name="i3d", force=True).is_config_changed
    assert models_of(tmp_path) == [OURS, OTHER]


def test_a_config_of_something_else(ir_path: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    for case, (text, finding) in {
        "empty": ("", "Expecting value: line 1 column 1 (char 0)"),
        "broken off": ('{"model_config_list": [', "Expecting value: line 1 column 24 (char 23)"),
        "list": ("[]", "no list model_config_list"),
        "of another program": ('{"compilerOptions": {}}', "no list model_config_list"),
        "no list": ('{"model_config_list": {}}', "no list model_config_list"),
        "no config": (
            '{"model_config_list": [{"name": "a"}]}',
            "no config with a name in entry 0 of model_config_list",
        ),
        "no name": ('{"model_config_list": [{"config": {"base_path": "a"}}]}', "no config with a name in entry 0 of"),
    }.items():
        with subtests.test(case):
            (tmp_path / "config.json").write_text(text)
            message = refusal(ir_path, tmp_path, force=True)
            assert message.startswith(f"config '{tmp_path / 'config.json'}' must be Model Server's; got {finding}")
            assert message.endswith(HINT)


def test_a_config_that_is_a_folder(ir_path: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    with pytest.raises(OutputError, match=r"must be Model Server's; got .*Is a directory"):
        export_to_model_server(ir_path, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_a_name_that_is_no_folder_and_no_address(ir_path: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name in ["", ".", "..", "a/b", "a b", "-a", "ä"]:
        with subtests.test(name=name):
            assert refusal(ir_path, tmp_path, name=name) == (
                f"model name {name!r} must be of letters, digits, '_', '.' and '-', and begin with a letter or a "
                "digit\n\nhint: --name gives it another"
            )


def test_a_file_where_the_model_shall_lie(ir_path: Path, tmp_path: Path) -> None:
    (tmp_path / "i3d").write_text("mine")
    assert refusal(ir_path, tmp_path, name="i3d") == (
        f"output '{tmp_path / 'i3d'}' must be a folder; got a file\n\nhint: --name gives it another"
    )


def test_an_ir_that_does_not_describe_itself(ir_path: Path, tmp_path: Path) -> None:
    model = ov.Core().read_model(ir_path)
    ov.save_model(ov.Model(model.get_results(), model.get_parameters(), "foreign"), tmp_path / "foreign.xml")
    (tmp_path / "models").mkdir()
    before = tree(tmp_path)
    with pytest.raises(IRError) as caught:
        export_to_model_server(tmp_path / "foreign.xml", tmp_path / "models")
    assert caught.value.message == f"IR '{tmp_path / 'foreign.xml'}' must describe itself in rt_info; it does not"
    assert tree(tmp_path) == before


@pytest.mark.parametrize("is_second", [False, True], ids=["first version", "second version"])
def test_a_full_disk_leaves_nothing(
    ir_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_second: bool
) -> None:
    if is_second:
        export_to_model_server(ir_path, tmp_path, name="i3d")
    copyfile = shutil.copyfile

    def fill(source: Path, target: Path) -> None:
        copyfile(source, target)
        if target.suffix == ".xml":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", fill)
    assert refusal(ir_path, tmp_path, name="i3d") == (
        f"output '{tmp_path / 'i3d'}' must be writable; got No space left on device"
    )


@pytest.mark.parametrize("is_second", [False, True], ids=["first version", "second version"])
def test_a_config_that_cannot_be_replaced_takes_the_version_back(
    ir_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_second: bool
) -> None:
    if is_second:
        export_to_model_server(ir_path, tmp_path, name="i3d")

    def refuse(source: Path, target: Path) -> None:
        raise OSError(1, "Operation not permitted", str(source), None, str(target))

    monkeypatch.setattr("os.replace", refuse)
    assert refusal(ir_path, tmp_path, name="i3d", force=True) == (
        f"output '{tmp_path / 'i3d'}' must be writable; got Operation not permitted"
    )
