"""KServe's protocol, version 2: JSON and binary tensors, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_box import Connect, FakeBox
from tiny import write_tiny_ir

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.runtime.inference.engine import Engine
from i3d_edge.runtime.web import WebSink

INFER = "/v2/models/tiny/infer"
LENGTH = "Inference-Header-Content-Length"


@pytest.fixture
def clip(box: FakeBox) -> UInt8Array:
    values: UInt8Array = np.random.default_rng(1).integers(0, 256, box.spec.clip_shape, np.uint8)
    return values


def tensor(box: FakeBox, **fields: Any) -> dict[str, Any]:
    [name] = box.spec.inputs
    return {"name": name, "shape": list(box.spec.clip_shape), "datatype": "UINT8", **fields}


def binary(header: dict[str, Any], data: bytes) -> dict[str, Any]:
    text = json.dumps(header).encode()
    return {"content": text + data, "headers": {LENGTH: str(len(text))}}


def test_the_model_is_described(connect: Connect, box: FakeBox) -> None:
    client = connect()
    assert client.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    assert client.get("/v2/health/live").json() == {"live": True}
    described = client.get("/v2/models/tiny").json()
    assert described["inputs"] == [tensor(box)]
    assert described["outputs"] == [{"name": box.spec.head.output, "datatype": "FP32", "shape": [1, 5]}]
    assert client.get("/v2/models/tiny/ready").status_code == 200
    for path in ("/v2/models/other", "/v2/models/other/ready"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (404, {"error": "there is no model 'other'; the model is 'tiny'"})


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_clip_as_json(connect: Connect, box: FakeBox, clip: UInt8Array, is_nested: bool) -> None:
    data = clip.tolist() if is_nested else clip.ravel().tolist()
    answer = connect().post(INFER, json={"id": "7", "inputs": [tensor(box, data=data)]}).json()
    [output] = answer.pop("outputs")
    assert answer == {"model_name": "tiny", "id": "7"}
    assert (output["name"], output["datatype"], output["shape"]) == (box.spec.head.output, "FP32", [1, 5])
    np.testing.assert_allclose(output["data"], box.engine.probabilities(clip), atol=1e-6)


@pytest.mark.parametrize("outputs", [[], [{"name": "?", "parameters": {"binary_data": True}}]])
def test_a_clip_in_bytes(
    connect: Connect, box: FakeBox, sink: WebSink, clip: UInt8Array, outputs: list[dict[str, Any]]
) -> None:
    outputs = [{**output, "name": box.spec.head.output} for output in outputs]
    header = {"inputs": [tensor(box, parameters={"binary_data_size": clip.nbytes})], "outputs": outputs}
    answer = connect().post(INFER, **binary(header, clip.tobytes()))
    if outputs:
        length = int(answer.headers[LENGTH])
        [output] = json.loads(answer.content[:length])["outputs"]
        assert output["parameters"] == {"binary_data_size": 20}
        values = np.frombuffer(answer.content[length:], "<f4")
    else:
        values = answer.json()["outputs"][0]["data"]
    np.testing.assert_allclose(values, box.engine.probabilities(clip), atol=1e-6)
    assert b"i3d_inference_seconds_count 1.0" in sink.metrics.text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": [1, 2]}, "does not have shape"),
        ({"shape": [2] * 9}, "as KServe says"),
        ({"datatype": "BYTES"}, "UINT8 and FP32 are taken"),
        ({"name": "other"}, "the model's inputs are"),
        ({"data": [256]}, "does not have shape"),
        ({"data": None}, "does not have shape"),
        ({"data": "text"}, "does not have shape"),
        ({"fill": 256}, "whole numbers from 0 to 255"),
        ({"fill": 0.5}, "whole numbers from 0 to 255"),
        ({"parameters": {"binary_data_size": 9}}, "does not have shape"),
        ({"parameters": {"binary_data_size": "9"}}, "as KServe says"),
    ],
)
def test_wrong_tensors(connect: Connect, box: FakeBox, change: dict[str, Any], message: str) -> None:
    fill = change.pop("fill", 1)
    fields = {"data": [fill] * int(np.prod(box.spec.clip_shape)), **change}
    answer = connect().post(INFER, json={"inputs": [tensor(box, **fields)]})
    assert answer.status_code == 400
    assert message in answer.json()["error"]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"content": b"{"}, "as KServe says"),
        ({"content": b"{}"}, "missing required field"),
        ({"content": b"{}", "headers": {LENGTH: "x"}}, "as KServe says"),
        ({"content": b'{"inputs": []}rest', "headers": {LENGTH: "14"}}, "4 bytes are left"),
        ({"content": b'{"inputs": [], "outputs": [{"name": "x"}]}'}, "there is no output 'x'"),
        ({"content": b'{"inputs": []}'}, "the model's inputs are"),
    ],
)
def test_wrong_requests(connect: Connect, sent: dict[str, Any], message: str) -> None:
    answer = connect().post(INFER, **sent)
    assert answer.status_code == 400
    assert message in answer.json()["error"]


def test_a_body_that_can_be_no_clip_is_not_read(connect: Connect) -> None:
    answer = connect().post(INFER, content=b"x" * 1_000_000)
    assert answer.status_code == 413


def test_a_two_stream_model_takes_both(connect: Connect, box: FakeBox, tmp_path: Path) -> None:
    box.engine = Engine(write_tiny_ir(tmp_path / "joint.xml", stream="joint", fusion="logits", input_type="f32"))
    client = connect()
    ports = client.get("/v2/models/tiny").json()["inputs"]
    assert sorted(port["datatype"] for port in ports) == ["FP32", "UINT8"]
    data = [{**port, "data": [0] * int(np.prod(port["shape"]))} for port in ports]
    assert client.post(INFER, json={"inputs": data}).status_code == 200
