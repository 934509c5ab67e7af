import re
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from i3d_edge.core.errors import ConfigError, DependencyError
from i3d_edge.core.labels import LabelSet
from i3d_edge.runtime.live import LabelRules, StreamOptions
from i3d_edge.runtime.settings import cameras as config_module
from i3d_edge.runtime.settings.cameras import (
    CameraConfig,
    ClipsConfig,
    DaysConfig,
    RegionConfig,
    ThresholdConfig,
    WatchConfig,
    WebConfig,
    stream_options,
)
from i3d_edge.runtime.settings.reading import check_labels, config_schema, read_config

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "cameras-yaml.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECRET = "hunter2-s3cr3t-xyz"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("m.xml", "rgb_int8.xml", "a.mp4", "ca.pem", "door.pem", "door.key"):
        Path(name).touch()
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("NOPE", raising=False)
    return tmp_path


def read(text: str) -> WatchConfig:
    Path("cameras.yaml").write_text(text, encoding="utf-8")
    return read_config(Path("cameras.yaml"))


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert SECRET not in str(caught.value)
    assert str(caught.value).splitlines() == list(caught.value.lines)
    return list(caught.value.lines)


def camera(keys: str) -> str:
    return f"model: m.xml\ncameras:\n  door:\n    source: rtsp://h/1\n    {keys}\n"


def top(keys: str) -> str:
    return f"model: m.xml\ncameras: {{door: {{source: 'camera:0'}}}}\n{keys}\n"


def test_what_is_not_written_has_its_default(folder: Path) -> None:
    config = read(top(""))
    assert (config.model, config.state) == (folder / "m.xml", folder / "i3d-watch")
    assert (config.clips, config.web, config.mqtt) == (ClipsConfig(), WebConfig(), None)
    assert config.cameras == {"door": CameraConfig(source="camera:0")}


def test_all_of_it(folder: Path) -> None:
    config = read(
        """
model: m.xml
device: GPU
inference_precision: f32
num_threads: 4
cache: cache
state: /var/lib/i3d
mqtt: {host: h, port: 8883, user: u, password: "{SECRET}{{x}", topic: a/b, client_id: c, tls: {ca: ca.pem}}
webhook: "https://host/{SECRET}"
clips: {before_s: 1.5, days: {alert: 60}}
web: {address: "0.0.0.0:80", token: "{SECRET}", hosts: [box.local]}
cameras:
  yard-2:
    source: a.mp4
    loop: true
    labels: [yes, "12", on]
    mask: [[[0, 0], [0.2, 0], [0.2, 1]]]
    regions: {left: {rectangle: [0, 0, .5, 1]}, till: {polygon: [[.5, .5], [1, .5], [1, 1]]}}
"""
    )
    assert config.cache == folder / "cache"
    assert config.state == Path("/var/lib/i3d")
    assert config.mqtt is not None
    assert (config.mqtt.password, config.mqtt.topic, config.mqtt.home_assistant) == (f"{SECRET}{{x}}", "a/b", True)
    assert config.mqtt.tls is not None
    assert config.mqtt.tls.ca == folder / "ca.pem"
    assert config.webhook == f"https://host/{SECRET}"
    assert config.clips == ClipsConfig(before_s=1.5, days=DaysConfig(alert=60))
    assert config.web == WebConfig(address="0.0.0.0:80", token=SECRET, hosts=("box.local",))
    assert config.cameras["yard-2"] == CameraConfig(
        source=str(folder / "a.mp4"),
        loop=True,
        labels=("yes", "12", "on"),
        mask=(((0, 0), (0.2, 0), (0.2, 1)),),
        regions={
            "left": RegionConfig(rectangle=(0, 0, 0.5, 1)),
            "till": RegionConfig(polygon=((0.5, 0.5), (1, 0.5), (1, 1))),
        },
    )
    assert SECRET not in repr(config) + repr(config.mqtt) + repr(config.cameras) + repr(config.web)


def test_defaults_are_under_each_camera_and_a_camera_under_its_thresholds() -> None:
    config = read(
        """
model: m.xml
defaults: {hop: 5, on: 0.6, severity: alert, longest_s: 9, thresholds: {run: {on: 0.9}, fall: {off: 0.1}}}
cameras:
  a: {source: "camera:0", hop: 7, longest_s: null, thresholds: {fall: {severity: detection}}}
  b: {source: "camera:1", off: 0.2}
"""
    )
    a, b = config.cameras["a"], config.cameras["b"]
    assert (a.hop, a.on, a.off, a.longest_s, b.hop, b.on, b.off, b.longest_s) == (7, 0.6, 0.3, None, 5, 0.6, 0.2, 9)
    run, fall = (ThresholdConfig(on=0.9, severity="alert"), ThresholdConfig(on=0.6, off=0.3))
    assert a.thresholds == {"run": run, "fall": fall}
    assert b.thresholds["run"] == ThresholdConfig(on=0.9, off=0.2, severity="alert")
    assert b.thresholds["fall"] == ThresholdConfig(on=0.6, off=0.1, severity="alert")


WRONG: list[tuple[str, str]] = [
    # keys
    (camera("hopp: 3"), "5: cameras.door.hopp: unknown key; did you mean 'hop'?"),
    (camera("zebra: 3"), "5: cameras.door.zebra: unknown key"),
    (top("camera: {}"), "3: camera: unknown key; did you mean 'cameras'?"),
    (top("mqtt: {tls: {verify: false}}"), "3: mqtt.tls.verify: unknown key"),
    (camera("thresholds: {run: {min: 1}}"), "5: cameras.door.thresholds.run.min: unknown key"),
    (top("defaults: {hob: 3}"), "3: defaults.hob: unknown key; did you mean 'hop'?"),
    (camera("hop: 3\n    on: 0.5\n    hop: 4"), "7: cameras.door.hop: is there twice, first on line 5"),
    ("model: m.xml", "1: 'cameras' is missing"),
    ("\ncameras: {a: {source: '-'}}", "1: 'model' is missing"),
    ("model: m.xml\ncameras:\n  door: {hop: 1}", "3: cameras.door: 'source' is missing"),
    ("", "1: must be a map, got nothing"),
    ("- a", "1: must be a map, got a list"),
    ("model: m.xml\ncameras:", "2: cameras: must be a map, got nothing"),
    ("model: m.xml\ncameras: {}", "2: cameras: holds no camera"),
    ("model: m.xml\ncameras:\n  door:", "3: cameras.door: must be a map, got nothing"),
    (top("defaults: [1]"), "3: defaults: must be a map"),
    (top("clips: 3"), "3: clips: must be a map, got a whole number"),
    # types and ranges
    (camera("hop: many"), "5: cameras.door.hop: must be a whole number, got text"),
    (camera("hop: 2.5"), "5: cameras.door.hop: must be a whole number, got a number"),
    (camera("hop: 0"), "5: cameras.door.hop: must be a whole number >= 1"),
    (camera("loop: yes"), "5: cameras.door.loop: must be true or false, got text"),
    (camera("on: 1.5"), "5: cameras.door.on: must be a number <= 1"),
    (camera("on: .nan"), "5: cameras.door.on: must be a number, got text"),
    (camera("on: true"), "5: cameras.door.on: must be a number, got true or false"),
    (camera("priority: 0"), "5: cameras.door.priority: must be a number > 0"),
    (camera("motion: 2"), "5: cameras.door.motion: must be a number <= 1"),
    (camera("cooldown_s: -1"), "5: cameras.door.cooldown_s: must be a number >= 0"),
    (camera("labels: run"), "5: cameras.door.labels: must be a list, got text"),
    (camera("labels: [run, 12]"), "5: cameras.door.labels[1]: must be text, got a whole number; write it in quotes"),
    (
        camera("labels:\n    - run\n    - 12"),
        "7: cameras.door.labels[1]: must be text, got a whole number; write it in quotes",
    ),
    (camera("rtsp_transport: {SECRET}"), "5: cameras.door.rtsp_transport: must be 'tcp' or 'udp'"),
    (camera("severity: '{SECRET}'"), "5: cameras.door.severity: must be 'alert' or 'detection'"),
    (top("inference_precision: int8"), "3: inference_precision: must be 'f32' or 'bf16' or 'f16'"),
    (top("mqtt: {port: 70000}"), "3: mqtt.port: must be a whole number <= 65535"),
    (top("mqtt: {user: 7}"), "3: mqtt.user: must be text, got a whole number; write it in quotes"),
    (top("mqtt: {user: u, password: '{EMPTY}'}"), "3: mqtt.password: must be text of length >= 1"),
    (top("mqtt: {topic: 'a/#'}"), "3: mqtt.topic: must be levels with / between, without + and #"),
    (top("clips: {days: {alert: -1}}"), "3: clips.days.alert: must be a number >= 0"),
    (top("web: {address: 8080}"), "3: web.address: must be text, got a whole number; write it in quotes"),
    (top("web: {address: '{SECRET}'}"), "3: web.address: must be HOST:PORT, such as 127.0.0.1:8080"),
    (top(f"web: {{token: {'x' * 15}}}"), "3: web.token: must be text of length >= 16"),
    (top("web: {address: '127.0.0.1'}"), "3: web.address: must be HOST:PORT, such as 127.0.0.1:8080"),
    (top("web: {address: ':80'}"), "3: web.address: must be HOST:PORT, such as 127.0.0.1:8080"),
    (top("web: {address: 'http://localhost:80'}"), "3: web.address: must be HOST:PORT, such as 127.0.0.1:8080"),
    (top("web: {address: '127.0.0.1:65536'}"), "3: web.address: ports end at 65535"),
    (top("clips: false"), "3: clips: null turns it off"),
    (top("mqtt: {host: 'h:1883'}"), "3: mqtt.host: must be a name or an address, without scheme and port"),
    (top("mqtt: {host: 'mqtt://h'}"), "3: mqtt.host: must be a name or an address, without scheme and port"),
    (top("state: m.xml"), "3: state: is a file, not a folder"),
    (
        top("mqtt: {password: {SECRET}:x}"),
        "3: not YAML: while parsing a flow mapping expected ',' or '}', but got ':'; "
        "a text with : or { stands in quotes",
    ),
    (top("web: {hosts: box.local}"), "3: web.hosts: must be a list, got text"),
    (top("webhook: '{SECRET}'"), "3: webhook: must be an http:// or https:// URL"),
    (top("webhook: 'http://[{SECRET}'"), "3: webhook: must be an http:// or https:// URL"),
    (
        camera("smooth: '{SECRET}:2'"),
        "5: cameras.door.smooth: must be none, exponential:SECONDS or mean:WINDOWS, above 0",
    ),
    # what keys have to do with one another
    (camera("off: 0.6"), "5: cameras.door.off: must be 0 < off <= on <= 1; got off 0.6, on 0.5"),
    (camera("on: 0.2"), "5: cameras.door.on: must be 0 < off <= on <= 1; got off 0.3, on 0.2"),
    (camera("off: 0"), "5: cameras.door.off: must be 0 < off <= on <= 1; got off 0, on 0.5"),
    (
        camera("thresholds: {run: {on: .1}}"),
        "5: cameras.door.thresholds.run.on: must be 0 < off <= on <= 1; got off 0.3, on 0.1",
    ),
    (
        camera("longest_s: 2\n    min_duration_s: 3"),
        "5: cameras.door.longest_s: must be at least min_duration_s, 3 s",
    ),
    (camera("loop: true"), "5: cameras.door.loop: is for files only"),
    (camera("real_time: true"), "5: cameras.door.real_time: is for files only"),
    (top("mqtt: {password: '{SECRET}'}"), "3: mqtt.password: needs a 'user' beside it"),
    (top("mqtt: {tls: {key: door.key}}"), "3: mqtt.tls.key: needs a 'cert' beside it"),
    (
        top("web: {address: '0.0.0.0:8080'}"),
        "3: web.address: others can reach this address: a 'token' is needed beside it",
    ),
    (
        top("web: {address: 'box.local:8080'}"),
        "3: web.address: others can reach this address: a 'token' is needed beside it",
    ),
    (
        "model: m.xml\ncameras: {a: {source: '-'}, b: {source: '-'}}",
        "2: cameras: only one camera can be standard input",
    ),
    # shapes
    (camera("mask: [[[0, 0], [1, 1]]]"), "5: cameras.door.mask[0]: must be a polygon, [x, y] of 3 corners or more"),
    (
        camera("mask: [[0, 0], [1, 1], [1, 0]]"),
        "5: cameras.door.mask[0]: must be a polygon, [x, y] of 3 corners or more",
    ),
    (camera("mask: [[[0, 0], [1, 1], [1, 1.2]]]"), "5: cameras.door.mask[0][2][1]: must be a number <= 1"),
    (camera("mask: [[[0, 0], [1, 1], [1]]]"), "5: cameras.door.mask[0][2]: must be a list of length 2, got 1"),
    (
        camera("regions: {a: {rectangle: [0, 0, 1]}}"),
        "5: cameras.door.regions.a.rectangle: must be a list of length 4, got 3",
    ),
    (
        camera("regions: {a: {rectangle: [.5, 0, .5, 1]}}"),
        "5: cameras.door.regions.a.rectangle: must be [left, top, right, bottom] with left < right and top < bottom",
    ),
    (camera("regions: {a: {}}"), "5: cameras.door.regions.a: a region has either 'rectangle' or 'polygon'"),
    (
        camera("regions: {a: {rectangle: [0, 0, 1, 1], polygon: [[0, 0], [1, 0], [1, 1]]}}"),
        "5: cameras.door.regions.a.polygon: a region has either 'rectangle' or 'polygon'",
    ),
    (
        camera("regions: {a b: {rectangle: [0, 0, 1, 1]}}"),
        "5: cameras.door.regions.a b: must be a name of letters, digits, - and _, 64 at most",
    ),
    (
        "model: m.xml\ncameras:\n  ../x: {source: 'camera:0'}",
        "3: cameras.../x: must be a name of letters, digits, - and _, 64 at most",
    ),
    (
        'model: m.xml\ncameras:\n  "a\\n": {source: "camera:0"}',
        "3: cameras.a\\n: must be a name of letters, digits, - and _, 64 at most",
    ),
    # files and sources
    (
        "model: {SECRET}.xml\ncameras: {a: {source: 'camera:0'}}",
        "1: not YAML: while parsing a block mapping expected <block end>, but found '<scalar>'; "
        "a text with : or { stands in quotes",
    ),
    (
        "model: '{SECRET}.xml'\ncameras: {a: {source: 'camera:0'}}",
        "1: model: cannot be read: no such file or directory (paths begin at the configuration)",
    ),
    (top("spec: ."), "3: spec: cannot be read: it is a folder, not a file (paths begin at the configuration)"),
    (
        top("mqtt: {tls: {ca: none.pem}}"),
        "3: mqtt.tls.ca: cannot be read: no such file or directory (paths begin at the configuration)",
    ),
    (
        "model: m.xml\ncameras: {a: {source: 'srt://{SECRET}@h'}}",
        "2: cameras.a.source: must be a file, camera:N, /dev/videoN, rtsp://, http(s):// or -",
    ),
    (
        "model: m.xml\ncameras: {a: {source: '{SECRET}'}}",
        "2: cameras.a.source: cannot be read: no such file or directory (paths begin at the configuration); "
        "a source is a file, camera:N, /dev/videoN, rtsp://, http(s):// or -",
    ),
    # the environment
    (
        "model: m.xml\ncameras:\n  a:\n    source: 'rtsp://u:{NOPE}@h/1'",
        "4: cameras.a.source: the environment has no variable NOPE",
    ),
    (
        top("webhook: 'https://h/{a-b}'"),
        "3: webhook: a brace begins the name of a variable; write {{ for the brace itself",
    ),
    (camera("labels: ['{NOPE}']"), "5: cameras.door.labels[0]: the environment has no variable NOPE"),
    (
        "model: m.xml\ncameras: {a: {source: {SECRET}}}",
        "2: cameras.a.source: must be text, got a map; write it in quotes",
    ),
    # YAML
    (top("mqtt: &a {host: h}\nx: *a"), "4: x: aliases (*) are not read; `defaults` is for what cameras share"),
    (top("mqtt: !!python/object:os.system {}"), "3: mqtt: tags (!) are not read"),
    (top("<<: {device: CPU}"), "3: <<: unknown key"),
    (top("---\nmodel: x"), "3: not YAML: expected a single document in the stream but found another document"),
    (top("? [a]\n: b"), "3: a key must be text; a text that begins with a brace stands in quotes"),
    (top("device: " + "[" * 30 + "]" * 30), "3: device" + "[0]" * 20 + ": lists and maps are nested more than 20 deep"),
    ("[" * 500, "1: lists and maps are nested more than 20 deep"),
    (
        "model: m.xml\nweb:\n\tx: 1",
        "3: not YAML: while scanning for the next token found character '\\t' that cannot start any token",
    ),
    ("model: m.xml\nx: 'a", "2: not YAML: while scanning a quoted scalar found unexpected end of stream"),
    ("model: m.xml\nx: \x01", "2: not YAML: special characters are not allowed"),
    (top(r'webhook: "\ud800"'), "3: webhook: half of a surrogate pair is no text"),
]


@pytest.mark.parametrize(("text", "expected"), WRONG, ids=[expected for _text, expected in WRONG])
def test_every_mistake_has_its_line_and_key(text: str, expected: str) -> None:
    assert mistakes(text) == [f"cameras.yaml:{expected}"]


def test_all_mistakes_are_told_at_once_and_each_once() -> None:
    found = mistakes(
        """
model: none.xml
defaults: {hop: 0, thresholds: {run: {on: 0.2}}}
web: {address: x}
cameras:
  a: {source: "camera:0", off: 0.9, loop: true, real_time: true}
  b: {source: "srt://h", of: 0.2, on: "{NOPE}"}
"""
    )
    assert [line.removeprefix("cameras.yaml:").rpartition(": ")[0] for line in found] == [
        "2: model: cannot be read",
        "3: defaults.hop",
        "3: defaults.thresholds.run.on",
        "3: defaults.thresholds.run.on",
        "4: web.address",
        "6: cameras.a.off",
        "6: cameras.a.loop",
        "6: cameras.a.real_time",
        "7: cameras.b.on",
        "7: cameras.b.of",
        "7: cameras.b.source",
    ]


def test_a_thousand_mistakes_are_not_a_thousand_lines() -> None:
    found = mistakes("\n".join(f"k{number}: 1" for number in range(1000)))
    assert (len(found), found[-1]) == (51, "and 952 more mistakes")


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read configuration 'none\.yaml': No such file"):
        read_config(Path("none.yaml"))
    Path("cameras.yaml").write_bytes(b"model: \xff")
    with pytest.raises(ConfigError, match="it has bytes that are not UTF-8"):
        read_config(Path("cameras.yaml"))
    Path("cameras.yaml").write_bytes(b" " * ((1 << 18) + 1))
    with pytest.raises(ConfigError, match="at most 262,144 are read"):
        read_config(Path("cameras.yaml"))


def test_without_pyyaml_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(DependencyError, match=r"pip install 'i3d-edge\[watch\]'"):
        read(top(""))


def test_labels_of_another_model_are_told_with_the_nearest() -> None:
    config = read(
        """
model: m.xml
defaults: {thresholds: {swiming: {on: 0.7}}}
cameras:
  a:
    source: camera:0
    labels:
    - running
    - ruuning
  b: {source: "camera:1", thresholds: {zzz: {on: 0.7}, running: {}}}
"""
    )
    with pytest.raises(ConfigError) as caught:
        check_labels(config, LabelSet("two", ("running", "swimming")))
    assert list(caught.value.lines) == [
        "cameras.yaml:3: defaults.thresholds.swiming: is no label of 'two'; did you mean 'swimming'?",
        "cameras.yaml:9: cameras.a.labels[1]: is no label of 'two'; did you mean 'running'?",
        "cameras.yaml:10: cameras.b.thresholds.zzz: is no label of 'two'; `i3d labels` lists them",
    ]
    check_labels(config, LabelSet("all", ("running", "ruuning", "swiming", "zzz")))


def test_options_of_a_stream() -> None:
    given = CameraConfig(
        source="camera:0",
        hop=5,
        smooth="mean:3",
        on=0.6,
        longest_s=60.0,
        labels=("run",),
        thresholds={"run": ThresholdConfig(on=0.9, severity="alert")},
    )
    assert stream_options(given) == StreamOptions(
        hop=5,
        smoothing="mean:3",
        on=0.6,
        longest_s=60.0,
        labels=("run",),
        by_label={"run": LabelRules(on=0.9, severity="alert", longest_s=60.0)},
        reconnect=None,
        update_every_s=10,
        decoder_threads=1,
    )


def test_defaults_are_those_of_a_stream() -> None:
    """So that `i3d stream` and `i3d watch` find the same events."""
    options = stream_options(CameraConfig(source="camera:0"))
    assert options == StreamOptions(reconnect=None, update_every_s=10, decoder_threads=1)


def keys_of(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    options = [part, *part.get("anyOf", [])]
    [name] = [option["$ref"].rpartition("/")[2] for option in options if "$ref" in option]
    keys: dict[str, Any] = schema["$defs"][name]["properties"]
    return keys


def test_the_schema_knows_every_key() -> None:
    schema = config_schema()
    top_keys = keys_of(schema, schema)
    assert top_keys.keys() == {*WatchConfig.__struct_fields__, "defaults"}
    door = keys_of(schema, top_keys["cameras"]["additionalProperties"])
    assert door.keys() == set(CameraConfig.__struct_fields__) == keys_of(schema, top_keys["defaults"]).keys()
    assert keys_of(schema, top_keys["mqtt"])["port"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 65535,
        "default": 1883,
    }
    assert schema["$defs"]["CameraConfig"]["required"] == ["source"]
    assert schema["$defs"]["defaults"]["required"] == []
    assert all(part["additionalProperties"] is False for part in schema["$defs"].values())
    msgspec.json.encode(schema)


KINDS = ("Watch", "Camera", "Threshold", "Region", "Mqtt", "Tls", "Clips", "Days", "Web")


@pytest.mark.parametrize("name", KINDS)
def test_every_key_has_its_row_with_its_default(name: str) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|([^|]*)\|", section(name), flags=re.MULTILINE))
    fields = msgspec.structs.fields(getattr(config_module, f"{name}Config"))
    assert rows.keys() - {"defaults"} == {field.name for field in fields}
    plain = {field.name: field.default for field in fields if isinstance(field.default, str | int | float | None)}
    written = {key: msgspec.json.encode(value).decode().strip('"').removesuffix(".0") for key, value in plain.items()}
    assert {key: rows[key].strip() for key in plain} == written


def section(name: str) -> str:
    """The page's text below the heading about a part."""
    title = {"Watch": "The file", "Camera": "Cameras", "Threshold": "Thresholds", "Region": "Regions"}.get(name, name)
    found = re.search(rf"^##+ {title}\n(.*?)(?=^##|\Z)", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]
