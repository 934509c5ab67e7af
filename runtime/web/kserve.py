"""The inference protocol of KServe, version 2, for one clip at a time, with Triton's extension for binary tensors.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
"""

import json
import math
import time
from dataclasses import replace
from typing import Annotated, Any

import msgspec
import numpy as np
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from i3d_edge.core.arrays import Array, Float32Array
from i3d_edge.core.environment import OWN_NAME
from i3d_edge.core.errors import ClipShapeError
from i3d_edge.core.json_text import JSONError, parse_json
from i3d_edge.core.schema import Count
from i3d_edge.runtime.web.site import VERSION, Site
from i3d_edge.runtime.web.uploads import read_body

_LENGTH = "Inference-Header-Content-Length"
_TYPES = {"UINT8": "uint8", "FP32": "float32"}
_MAX_HEADER_BYTES = 1 << 16
_TEXT_BYTES = {"UINT8": 5, "FP32": 24}  # of a number in JSON, with its comma and a blank


class _Parameters(msgspec.Struct, frozen=True):
    binary_data_size: Count | None = None
    binary_data: bool | None = None
    binary_data_output: bool = False


class _Tensor(msgspec.Struct):
    name: str
    shape: Annotated[list[int], msgspec.Meta(max_length=8)]
    datatype: str
    parameters: _Parameters = _Parameters()
    data: Any = None


class _Wanted(msgspec.Struct):
    name: str
    parameters: _Parameters = _Parameters()


class _Inference(msgspec.Struct):
    inputs: list[_Tensor]
    id: str = ""
    parameters: _Parameters = _Parameters()
    outputs: list[_Wanted] = []


def parse(body: bytes, header_length: str | None, output: str) -> tuple[dict[str, Array], str, bool]:
    """Read a request, whose first part is JSON of the stated length, and all of it where none is stated.

    Return the arrays by the names of the inputs, an id to give back, and whether the answer is to be binary. Raises
    HTTPException, 400, if it is not as the protocol says.
    """
    length = len(body) if header_length is None else int(header_length) if header_length.isdecimal() else 0
    try:
        asked = msgspec.convert(parse_json(body[:length]), _Inference)
    except (JSONError, msgspec.ValidationError) as error:
        raise HTTPException(400, f"the request is not as KServe says: {error}") from error
    inputs, rest = {}, memoryview(body)[length:]
    for tensor in asked.inputs:
        size = tensor.parameters.binary_data_size
        inputs[tensor.name] = _array(tensor, None if size is None else rest[:size])
        rest = rest[size or 0 :]
    if rest:
        raise HTTPException(400, f"{len(rest)} bytes are left after the inputs")
    is_binary = asked.parameters.binary_data_output
    for wanted in asked.outputs:
        if wanted.name != output:
            raise HTTPException(400, f"there is no output {wanted.name!r}; the output is {output!r}")
        is_binary = is_binary if wanted.parameters.binary_data is None else wanted.parameters.binary_data
    return inputs, asked.id, is_binary


def _array(tensor: _Tensor, binary: memoryview | None) -> Array:
    """Return a tensor's values, in its shape."""
    dtype = _TYPES.get(tensor.datatype)
    if dtype is None:
        raise HTTPException(400, f"input {tensor.name!r} is {tensor.datatype!r}; UINT8 and FP32 are taken")
    try:
        if binary is not None:
            return np.frombuffer(binary, np.dtype(dtype).newbyteorder("<")).reshape(tensor.shape)
        values = np.asarray(tensor.data, np.float64).reshape(tensor.shape)
    except (ValueError, TypeError) as error:
        raise HTTPException(400, f"input {tensor.name!r} does not have shape {tensor.shape}: {error}") from error
    if dtype == "uint8" and not ((values >= 0) & (values <= 255) & (values == np.rint(values))).all():
        raise HTTPException(400, f"input {tensor.name!r} must hold whole numbers from 0 to 255")
    return values.astype(dtype)


def router(site: Site) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v2", tags=["KServe v2"])
    box, name, spec, engine = site.box, site.model, site.box.spec, site.box.engine
    single = replace(spec, batch=1)
    # Pixels are bytes, whatever the model takes.
    types = {port: "UINT8" if given.stream == "rgb" else "FP32" for port, given in spec.inputs.items()}
    shapes = {port: single.input_shape(port) for port in spec.inputs}
    max_bytes = _MAX_HEADER_BYTES + sum(math.prod(shapes[port]) * _TEXT_BYTES[types[port]] for port in types)
    shape = [1, spec.num_classes]

    def require(model: str) -> None:
        if model != name:
            raise HTTPException(404, f"there is no model {model!r}; the model is {name!r}")

    @routes.get("")
    async def server() -> dict[str, Any]:
        """Say what serves."""
        return {"name": OWN_NAME, "version": VERSION, "extensions": ["binary_tensor_data"]}

    @routes.get("/health/live")
    async def live() -> dict[str, bool]:
        """Say that the server answers."""
        return {"live": True}

    @routes.get("/health/ready")
    async def ready(response: Response) -> dict[str, bool]:
        """Say whether the model is compiled and every camera was tried."""
        response.status_code = 200 if box.is_ready else 503
        return {"ready": box.is_ready}

    @routes.get("/models/{model}")
    async def metadata(model: str) -> dict[str, Any]:
        """Describe the model: one clip in, probabilities out."""
        require(model)
        return {
            "name": name,
            "versions": [],
            "platform": "openvino",
            "inputs": [{"name": port, "datatype": types[port], "shape": list(shapes[port])} for port in types],
            "outputs": [{"name": spec.head.output, "datatype": "FP32", "shape": shape}],
        }

    @routes.get("/models/{model}/ready")
    async def model_ready(model: str) -> dict[str, Any]:
        """Say that the model answers: it is compiled before the server starts."""
        require(model)
        return {"name": name, "ready": True}

    @routes.post("/models/{model}/infer")
    async def infer(model: str, request: Request) -> Response:
        """Answer one clip."""
        require(model)

        def work() -> tuple[str, bool, Float32Array]:
            inputs, request_id, is_binary = parse(body, request.headers.get(_LENGTH), spec.head.output)
            began = time.perf_counter()
            answer = engine.probabilities(inputs)
            site.sink.metrics.inference.observe(time.perf_counter() - began)
            return request_id, is_binary, answer

        with site.queue.place():
            body = await read_body(request, max_bytes)
            try:
                request_id, is_binary, answer = await site.queue.run(work)
            except ClipShapeError as error:
                raise HTTPException(400, error.message) from error
        output: dict[str, Any] = {"name": spec.head.output, "datatype": "FP32", "shape": shape}
        fields = {"model_name": name, "id": request_id, "outputs": [output]}
        if not is_binary:
            output["data"] = answer.tolist()
            return JSONResponse(fields)
        values = answer.astype("<f4").tobytes()
        output["parameters"] = {"binary_data_size": len(values)}
        header = json.dumps(fields).encode()
        return Response(header + values, media_type="application/octet-stream", headers={_LENGTH: str(len(header))})

    return routes
