"""An IR laid out as OpenVINO Model Server reads it: a folder per model, in it one per version, and a config.json."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from i3d_edge.core.errors import OutputError
from i3d_edge.core.files import make_folder, staging
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import read_ir

CONFIG_NAME = "config.json"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# Model Server takes the number that a folder's name begins with for its version.
_VERSION = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class ModelServerReport:
    """What was written, and where.

    Attributes:
        path: The .xml of this version; its .bin lies beside it.
        num_bytes: Both files together.
        spec: The IR's.
        name: By which clients ask for the model.
        version: The highest of that name, which Model Server answers with unless a client asks for another.
        config_path: The config.json.
        is_config_changed: False when it named the model already and was left as it was.
    """

    path: Path
    num_bytes: int
    spec: ModelSpec
    name: str
    version: int
    config_path: Path
    is_config_changed: bool


def export_to_model_server(
    ir_path: Path, folder: Path, *, name: str | None = None, force: bool = False
) -> ModelServerReport:
    """Add an IR to a Model Server repository, as `<folder>/<name>/<version>/<name>.xml` and .bin.

    The IR is copied byte for byte. A version is added to those of the name, never replaced, and appears whole. In
    the config an entry that leads here already keeps its settings, and other entries are kept as they are. A new
    entry states no shape and no layout, so that the model's own count.

    Args:
        ir_path: The .xml of an IR that describes itself.
        folder: The repository; made if absent.
        name: Of the model; the IR's file name if None.
        force: Replace the config's entry of that name by a new one.

    Raises:
        IRError: If the IR is incomplete or does not describe itself.
        OutputError: If the name cannot be a folder's and an address's, if the config is not Model Server's or leads
            to another folder by that name (without `force`), or if the disk does not take the files.
    """
    _, spec = read_ir(ir_path)
    name = ir_path.stem if name is None else name
    if not _NAME.fullmatch(name):
        raise OutputError(
            f"model name {name!r} must be of letters, digits, '_', '.' and '-', and begin with a letter or a digit",
            hint="--name gives it another",
        )
    make_folder(folder)
    config_path = folder / CONFIG_NAME
    config = _read_config(config_path)
    is_config_changed = _add_entry(config, config_path, name, force=force)
    model_folder = folder / name
    version = 1 + max((_version_of(item.name) for item in _items(model_folder)), default=0)
    with staging(model_folder) as staged:
        written = staged / str(version)
        written.mkdir()
        for suffix in (".bin", ".xml"):
            shutil.copyfile(ir_path.with_suffix(suffix), written / f"{name}{suffix}")
        num_bytes = sum(path.stat().st_size for path in written.iterdir())
        (staged / CONFIG_NAME).write_text(json.dumps(config, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")
        model_folder.mkdir(exist_ok=True)
        placed = model_folder / str(version)
        os.rename(written, placed)
        try:
            if is_config_changed:
                os.replace(staged / CONFIG_NAME, config_path)
        except OSError:
            os.rename(placed, written)
            with contextlib.suppress(OSError):  # it holds other versions
                model_folder.rmdir()
            raise
    return ModelServerReport(placed / f"{name}.xml", num_bytes, spec, name, version, config_path, is_config_changed)


def _items(model_folder: Path) -> list[Path]:
    if not os.path.lexists(model_folder):
        return []
    if not model_folder.is_dir():
        raise OutputError(f"output {str(model_folder)!r} must be a folder; got a file", hint="--name gives it another")
    return list(model_folder.iterdir())


def _version_of(name: str) -> int:
    found = _VERSION.match(name)
    return int(found[0]) if found else 0


def _read_config(path: Path) -> dict[str, Any]:
    """Return Model Server's config, as it is or, if there is none, an empty one."""
    if not os.path.lexists(path):
        return {"model_config_list": []}
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _not_a_config(path, str(error)) from error
    if not isinstance(config, dict) or not isinstance(config.get("model_config_list"), list):
        raise _not_a_config(path, "no list model_config_list")
    for number, model in enumerate(config["model_config_list"]):
        settings = model.get("config") if isinstance(model, dict) else None
        if not isinstance(settings, dict) or not isinstance(settings.get("name"), str):
            raise _not_a_config(path, f"no config with a name in entry {number} of model_config_list")
    return config


def _not_a_config(path: Path, finding: str) -> OutputError:
    return OutputError(
        f"config {str(path)!r} must be Model Server's; got {finding}",
        hint="correct that file, or choose another folder",
    )


def _add_entry(config: dict[str, Any], path: Path, name: str, *, force: bool) -> bool:
    """Have the config lead to the folder `name` beside it; return whether that changed it."""
    models = config["model_config_list"]
    entry = {"config": {"name": name, "base_path": name, "target_device": "CPU"}}
    places = [number for number, model in enumerate(models) if model["config"]["name"] == name]
    if not places:
        models.append(entry)
        return True
    if force:
        models[places[0]] = entry
        return True
    base_path = models[places[0]]["config"].get("base_path")
    if not isinstance(base_path, str) or (path.parent / base_path).resolve() != (path.parent / name).resolve():
        raise OutputError(
            f"config {str(path)!r} must look for {name!r} in the folder {name!r} beside it; got {base_path!r}",
            hint="choose another --name, or pass --force to replace that entry",
        )
    return False
