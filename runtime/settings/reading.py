"""Reading `cameras.yaml`: every mistake in it is found at once, with its line, its key and the nearest right one."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import FunctionType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET

from i3d_edge.core.labels import LabelSet
from i3d_edge.core.schema import Line
from i3d_edge.runtime.settings.cameras import Part, ThresholdConfig, WatchConfig
from i3d_edge.runtime.settings.rules import broken_rules
from i3d_edge.runtime.settings.yaml_text import Findings, Node, nearest, read_yaml

_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "null": "nothing",
    "object": "a map",
    "str": "text",
}
_NONE = Node({}, "", 0)


class _ReadConfig(WatchConfig, frozen=True, kw_only=True):
    """A configuration, and what it was read from."""

    file: str
    tree: Node


def read_config(path: Path) -> WatchConfig:
    """Read a configuration; paths in it begin at its folder, and each camera has the defaults under its own keys.

    Raises:
        ConfigError: If it cannot be read, or with all the mistakes that it holds.
        DependencyError: If PyYAML is not installed.
    """
    tree, findings = read_yaml(path)
    tree = _with_defaults(tree, findings)
    config = _Builder(findings, path.resolve().parent).build(WatchConfig, tree)
    findings.settle()
    return _ReadConfig(**msgspec.structs.asdict(config), file=findings.file, tree=tree)


def check_labels(config: WatchConfig, labels: LabelSet) -> None:
    """Raise ConfigError if a configuration from `read_config` names labels that its model lacks, with the nearest."""
    assert isinstance(config, _ReadConfig)
    findings = Findings(config.file)
    for camera in config.tree.value["cameras"].value.values():
        listed = [(node.value, node) for node in camera.value.get("labels", _NONE).value]
        for label, node in [*listed, *camera.value.get("thresholds", _NONE).value.items()]:
            if label not in labels:
                near = nearest(label, labels.names) or "; `i3d labels` lists them"
                findings.add(node.line, node.path, f"is no label of {labels.name!r}{near}")
    findings.settle()


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of a configuration, for editors."""
    schema = msgspec.json.schema(WatchConfig, schema_hook=lambda _path: {"type": "string"})
    parts = schema["$defs"]
    parts["defaults"] = {**parts["CameraConfig"], "title": "defaults", "required": []}
    parts["WatchConfig"]["properties"]["defaults"] = {"$ref": "#/$defs/defaults"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _with_defaults(tree: Node, findings: Findings) -> Node:
    """Return the tree with the defaults under each camera, and a camera's thresholds under those of its labels."""
    if not isinstance(tree.value, dict):
        return tree
    parts = {"state": Node("i3d-watch", "state", 1), **tree.value}
    defaults, cameras = parts.pop("defaults", _NONE), parts.get("cameras", _NONE)
    if not isinstance(defaults.value, dict):
        findings.add(defaults.line, defaults.path, "must be a map")
    if isinstance(cameras.value, dict) and "cameras" in parts:
        made = {name: _complete(_under(camera, defaults, 2)) for name, camera in cameras.value.items()}
        parts["cameras"] = replace(cameras, value=made)
    return replace(tree, value=parts)


def _complete(camera: Node) -> Node:
    thresholds = camera.value.get("thresholds", _NONE) if isinstance(camera.value, dict) else _NONE
    if not isinstance(thresholds.value, dict) or not thresholds.value:
        return camera
    own = replace(camera, value={key: camera.value[key] for key in _hints(ThresholdConfig) if key in camera.value})
    labels = {label: _under(node, own, 1) for label, node in thresholds.value.items()}
    return replace(camera, value={**camera.value, "thresholds": replace(thresholds, value=labels)})


def _under(node: Node, under: Node, depth: int) -> Node:
    """Return a map with what another one has besides, so many levels deep; anything else as it is."""
    if depth == 0 or not (isinstance(node.value, dict) and isinstance(under.value, dict)):
        return node
    own = {key: _under(value, under.value.get(key, _NONE), depth - 1) for key, value in node.value.items()}
    return replace(node, value={**under.value, **own})


class _Builder:
    """Builds parts of nodes, and reports what cannot be."""

    def __init__(self, findings: Findings, folder: Path) -> None:
        self._findings, self._folder = findings, folder

    def build(self, kind: Any, node: Node) -> Any:
        """Return what a node stands for; UNSET if it is wrong, which is reported."""
        if node.value is UNSET:
            return UNSET
        if get_origin(kind) in (UnionType, Union):
            if node.value is None:
                return None
            if node.value is False:
                return self._wrong(node, "null turns it off")
            [kind] = [option for option in get_args(kind) if option is not NoneType]
        is_part = isinstance(kind, type) and issubclass(kind, Part)
        if not is_part and get_origin(kind) is not Mapping:
            return self._leaf(kind, node)
        if not isinstance(node.value, dict):
            return self._convert(node, dict)
        return self._part(kind, node) if is_part else self._map(kind, node)

    def _part(self, kind: type[Part], node: Node) -> Any:
        hints = _hints(kind)
        for key, value in node.value.items():
            if key not in hints:
                self._wrong(value, f"unknown key{nearest(key, hints)}")
        built = {key: self.build(hints[key], value) for key, value in node.value.items() if key in hints}
        needed = [item.name for item in msgspec.structs.fields(kind) if item.required]
        for key in needed:
            if key not in built:
                built[key] = self._wrong(node, f"{key!r} is missing")
        wrong = {key for key, value in built.items() if value is UNSET}
        good = {key: value for key, value in built.items() if key not in wrong}
        part = kind(**{**dict.fromkeys(needed, ""), **good})  # rules about what is wrong are passed over
        broken = [(keys, text) for keys, text in broken_rules(part) if not wrong.intersection(keys)]
        for keys, text in broken:
            places = [node.value[key] for key in keys if key in node.value] or [node]
            self._wrong(min(places, key=lambda place: not place.path.startswith(node.path)), text)  # its own first
        return UNSET if wrong or broken else part

    def _map(self, kind: Any, node: Node) -> Any:
        key_kind, value_kind = get_args(kind)
        built = {}
        for key, value in node.value.items():
            built[key] = self.build(value_kind, value)
            if self._convert(replace(value, value=key), key_kind) is UNSET:
                built[key] = UNSET
        return UNSET if UNSET in built.values() else built

    def _leaf(self, kind: Any, node: Node) -> Any:
        if get_origin(kind) is Literal:
            choices = " or ".join(map(repr, get_args(kind)))
            return node.value if node.value in get_args(kind) else self._wrong(node, f"must be {choices}")
        read = next((item for item in getattr(kind, "__metadata__", ()) if isinstance(item, FunctionType)), None)
        value = self._convert(node, Line if read else kind)
        if value is UNSET or read is None:
            return value
        try:
            return read(value, self._folder)
        except ValueError as error:
            return self._wrong(node, str(error))

    def _convert(self, node: Node, kind: Any) -> Any:
        try:
            return msgspec.convert(node.plain(), kind)
        except msgspec.ValidationError as error:
            text, _, place = str(error).partition(" - at `$")
        for index in re.findall(r"\[(\d+)\]", place):
            node = node.value[int(index)]
        if "regex" in text:
            return self._wrong(node, f"must be {kind.__metadata__[0].description}")
        return self._wrong(node, _in_words(text))

    def _wrong(self, node: Node, text: str) -> Any:
        self._findings.add(node.line, node.path, text)
        return UNSET


@cache
def _hints(kind: type[Part]) -> Mapping[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {key: hints[key] for key in kind.__struct_fields__}


def _in_words(text: str) -> str:
    """Return what msgspec says, for people who write YAML: "must be a whole number, got text"."""
    quotes = "; write it in quotes" if re.match(r"Expected `str`, got `(?!null|array)", text) else ""
    words = re.sub(r"`(\w+)`", lambda match: _WORDS.get(match[1], match[1]), text)
    words = words.replace("a list of length >= 3", "a polygon, [x, y] of 3 corners or more")
    return words.replace("Expected", "must be").removesuffix(".0") + quotes
