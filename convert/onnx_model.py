"""An ONNX model in ONNX Runtime, on the CPU, in float32: what an IR made of it is compared with."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from i3d_edge.convert.logits import logits_of
from i3d_edge.convert.parity import Feeds
from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.dependencies import needed_for
from i3d_edge.core.errors import IRError
from i3d_edge.core.normalisation import denormalised
from i3d_edge.core.port import NUMPY_TYPES
from i3d_edge.core.reading import MAX_MODEL_BYTES, read_bytes
from i3d_edge.core.wire import write_part
from i3d_edge.runtime.inference.ir import read_ir

_GRAPH, _OUTPUT, _NAME = 7, 12, 1
"""Fields of ModelProto, GraphProto and ValueInfoProto. Source: onnx/onnx.proto."""


class OnnxModel:
    """An ONNX model, with the `spec` that describes it."""

    def __init__(self, path: Path, spec_path: Path | None) -> None:
        """Open a model; errors as for `read_ir` and `logits_of`, and if ONNX Runtime is absent or refuses it."""
        self._path = path
        self._model, self.spec = read_ir(path, spec_path=spec_path)
        number = next(i for i, port in enumerate(self._model.outputs) if self.spec.head.output in port.names)
        hidden = [] if self.spec.head.kind == "logits" else [min(logits_of(self._model, self.spec).names)]
        self._session = self._open(hidden)
        self._logits = self._session.get_outputs()[-1 if hidden else number].name

    def logits(self, feeds: Feeds) -> Float32Array:
        """Return the logits of clips, (N, num_classes); each input is NDHWC, float32, normalised."""
        [logits] = self._run(self._session, [self._logits], feeds)
        return logits

    def layers(self, feeds: Feeds, types: Sequence[str]) -> Mapping[str, Float32Array]:
        """Return the outputs of OpenVINO's operators of some types by their names, as they are."""
        nodes = [node for node in self._model.get_ordered_ops() if node.get_type_name() in types]
        nodes = [node for node in nodes if node.output(0).names]  # the others are OpenVINO's own
        tensors = [min(node.output(0).names) for node in nodes]
        values = self._run(self._open(tensors), tensors, feeds)
        return {node.get_friendly_name(): array for node, array in zip(nodes, values, strict=True)}

    def _open(self, hidden: Sequence[str]) -> Any:
        """Open a session with further outputs: a message that follows another one is merged with it."""
        with needed_for("running an ONNX model"):
            import onnxruntime
        outputs = b"".join(write_part(_OUTPUT, write_part(_NAME, name.encode())) for name in hidden)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        folder = str(self._path.absolute().parent)
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
        data = read_bytes(self._path, max_bytes=MAX_MODEL_BYTES) + write_part(_GRAPH, outputs)
        with self._refusals():
            return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    def _run(self, session: Any, tensors: list[str], feeds: Feeds) -> list[Float32Array]:
        inputs = {}
        for port, own in zip(self._model.inputs, session.get_inputs(), strict=True):
            [name] = port.names & self.spec.inputs.keys()
            stated = self.spec.inputs[name]
            values = denormalised(feeds[name], stated) if stated.takes_pixels else feeds[name]
            if stated.element_type == "u8":
                values = np.rint(values).clip(0, 255)
            inputs[own.name] = np.ascontiguousarray(self.spec.lay_out(values), NUMPY_TYPES[stated.element_type])
        with self._refusals():
            return [np.asarray(values, np.float32) for values in session.run(tensors, inputs)]

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # of several classes, which have no other one in common
            raise IRError(f"ONNX Runtime cannot run {str(self._path)!r}: {str(error).splitlines()[0]}") from error
