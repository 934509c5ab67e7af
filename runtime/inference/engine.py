"""An IR compiled for a device: one clip in, probabilities out, and the truth about what runs."""

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import openvino as ov

from i3d_edge.core.arrays import Array
from i3d_edge.core.device import normalise_device
from i3d_edge.core.errors import ClipShapeError, NotFiniteError
from i3d_edge.core.fork import HomeProcess
from i3d_edge.core.schema import Positive, check_arguments
from i3d_edge.runtime.inference.answers import Answer, to_probabilities
from i3d_edge.runtime.inference.cache import CompiledCache, load_or_compile
from i3d_edge.runtime.inference.devices import compile_model
from i3d_edge.runtime.inference.executed import executed_precision, execution_devices, layer_precisions
from i3d_edge.runtime.inference.head import Extra, expose, find_head
from i3d_edge.runtime.inference.inputs import Inputs, check_inputs
from i3d_edge.runtime.inference.ir import Ir, read_ir
from i3d_edge.runtime.inference.queue import InferenceQueue, stack
from i3d_edge.runtime.inference.session import Session
from i3d_edge.runtime.steps.opening import in_steps

Mode = Literal["latency", "throughput"]
Tag = TypeVar("Tag")


class Engine:
    """An IR on a device. Thread-safe: each thread's inferences have requests of their own.

    Attributes:
        spec: The IR's own description.
        device: As asked for, in capitals.
        mode: "latency" or "throughput", as asked for.
        precision: What most convolutions really run in, read from the compiled model, for instance "bf16" or
            "int8"; "not reported" where the device does not tell.
        num_streams: Inferences that really run at the same time; None where the device does not tell.
        num_threads: Threads that they share; None where the device does not tell.
        is_cached: Whether the compiled model came from the cache.
        compile_s: How long compiling it, or loading it from the cache, took.
    """

    def __init__(
        self,
        ir_path: Path,
        *,
        ir: Ir | None = None,
        hop: Positive | None = None,
        device: str = "CPU",
        inference_precision: str | None = None,
        mode: Mode = "latency",
        num_streams: Positive | None = None,
        num_threads: Positive | None = None,
        cache: Path | None = None,
        fallback: bool = True,
        spec_path: Path | None = None,
        extras: Sequence[Extra] = (),
    ) -> None:
        """Read and compile.

        Args:
            ir_path: The IR's .xml, or an .onnx.
            ir: What `read_ir` returned of it, if it was read before: of clips or of steps, as it is.
            hop: Frames in a step, to follow streams in `session`: the IR is a step model of that hop, or exact steps
                are made of it. None for whole clips.
            device: An OpenVINO device, for instance "CPU", "GPU" or "AUTO:GPU,CPU", in any case.
            inference_precision: "f32", "bf16" or "f16"; None leaves it to the device, and a CPU with bf16 units
                then runs an FP32 IR in bf16.
            mode: "latency" gives one clip all cores; "throughput" runs several at once, each on a part of them.
            num_streams: How many clips run at once; None leaves it to the device and the mode.
            num_threads: That inference may use, on a CPU; None is all cores.
            cache: A folder where the compiled model is looked for and kept, see `CompiledCache`; None for none.
            fallback: Whether AUTO may begin on the CPU, and go to another device when one fails.
            spec_path: A JSON file that describes a model which does not describe itself; see `read_ir`.
            extras: What every answer is to have beside its probabilities, see `Extra` and `Answer`.

        Raises:
            ArgumentError: If the mode, a number or an extra is not as said.
            IRError: If the IR is incomplete, nothing describes it, or its network does not end as `extras` need it.
            UnstreamableError: If no steps of that hop can be made of it.
            DeviceError: If the device is absent or refuses the model.
            OutputError: If the cache cannot be written.
        """
        self._home = HomeProcess(self, "the model was compiled")
        ov.Type.u8.to_dtype()  # OpenVINO's first use of NumPy, which waits for ever if two threads make it at once
        numbers = {"hop": hop, "num_streams": num_streams, "num_threads": num_threads}
        check_arguments(Engine.__init__, mode=mode, extras=extras, **numbers)
        model, self.spec = ir or read_ir(ir_path, spec_path=spec_path, steps=hop is not None)
        if extras:
            model = model.clone()  # it may be another engine's, too
            expose(model, self.spec, extras)
        self.head = find_head(model, self.spec) if "feature_map" in extras else None
        if hop is not None:
            model, self.spec = in_steps(model, self.spec, hop, ir_path)
        started = time.perf_counter()
        self.device = device = normalise_device(device)
        self.mode = mode
        properties: dict[str, str | bool | int] = {"PERFORMANCE_HINT": mode.upper()}
        if inference_precision is not None:
            properties["INFERENCE_PRECISION_HINT"] = inference_precision
        if num_streams is not None:
            properties["NUM_STREAMS"] = num_streams
        if num_threads is not None:
            properties["INFERENCE_NUM_THREADS"] = num_threads
            if device == "CPU":
                # Every process would pin its threads to the first cores, and several would share these.
                properties["ENABLE_CPU_PINNING"] = False
        entry, changes = None, [*filter(None, [self.spec.stepping]), *extras]
        if cache is not None:
            entry = CompiledCache.of(cache, ir_path, model, device, properties, changes=changes)
        self._compiled, self.is_cached = load_or_compile(
            entry, lambda: compile_model(model, device, properties, fallback=fallback)
        )
        self.compile_s = time.perf_counter() - started
        self._output = self._compiled.output(self.spec.head.output)
        self._extras = dict(zip(extras, self._compiled.outputs[-len(extras) :], strict=False))
        self._idle: list[ov.InferRequest] = []
        self.precision = executed_precision(self.compiled)
        self.num_streams = self._property("NUM_STREAMS")
        self.num_threads = self._property("INFERENCE_NUM_THREADS")

    @property
    def compiled(self) -> ov.CompiledModel:
        """OpenVINO's own object; raises ForkError in a child of the process that compiled it."""
        self._home.require()
        return self._compiled

    def probabilities(self, inputs: Inputs) -> Answer:
        """Return the probabilities of one clip, shape (num_classes,), float32, summing to 1.

        It is in the layout of the spec, uint8, 0..255; or, for a model of any inputs, a mapping of their names to
        arrays, see `check_inputs`. An IR of a larger batch runs it as often as its batch is long, and the first answer
        counts.

        Raises ClipShapeError as `check_inputs`, NotFiniteError if the model gives NaN, ForkError as `compiled`.
        """
        compiled, values = self._of_clips(), self._values(inputs)
        try:
            request = self._idle.pop()
        except IndexError:
            request = compiled.create_infer_request()
        try:
            return self._read(request.infer(values, share_inputs=True))[0]
        finally:
            self._idle.append(request)

    def answers(self, items: Iterable[tuple[Tag, Inputs | None]]) -> Generator[tuple[Tag, Answer | None]]:
        """Run a stream of tagged clips, several at a time; yield each tag and its probabilities, in order.

        An IR of a larger batch runs so many clips together. Without a clip, None, there is no answer, but one that is
        ready need not wait. Errors are those of `probabilities`.
        """
        at_once = self._property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") or 1
        queue: InferenceQueue[Tag] = InferenceQueue(
            self._of_clips(),
            # Some wait behind those that run: answers come in order, and no stream may idle until an older one ends.
            num_requests=at_once + max(1, at_once // 2),
            batch=self.spec.batch,
            batch_axis=self.spec.batch_axis,
            read=self._read,
        )
        checked = ((tag, None if inputs is None else check_inputs(inputs, self.spec)) for tag, inputs in items)
        return queue.answers(checked)

    def session(self) -> Session:
        """Begin to follow a stream; any number can be followed at once, each in any thread. Raises as `compiled`."""
        return Session(self.compiled.create_infer_request(), self.spec.stepping, self._values, self._read)

    def _of_clips(self) -> ov.CompiledModel:
        """Return the compiled model, unless it is one of steps, whose answers depend on what it was shown before."""
        if self.spec.stepping:
            raise ClipShapeError("a step model takes no whole clips", hint="follow a stream with `Engine.session`")
        return self.compiled

    def _values(self, inputs: Inputs) -> Mapping[str, Array]:
        """Return one clip's arrays, as often as the IR's batch is long."""
        self._home.require()
        values = check_inputs(inputs, self.spec)
        return stack([values] * self.spec.batch, self.spec.batch_axis) if self.spec.batch > 1 else values

    def _read(self, results: Any) -> Sequence[Answer]:
        """Return the answers of a finished request."""
        probabilities = to_probabilities(results[self._output], self.spec)
        if not np.isfinite(probabilities).all():
            raise NotFiniteError(
                f"the model answers NaN or infinity, in {self.precision} on {self.device}",
                hint="--inference-precision f32 tells whether precision is the cause",
            )
        answers = [row.view(Answer) for row in probabilities]
        for place, answer in enumerate(answers if self._extras else ()):
            answer.extras = {name: np.array(results[port][place], np.float32) for name, port in self._extras.items()}
        return answers

    def _property(self, name: str) -> int | None:
        try:
            return int(self.compiled.get_property(name))
        except (RuntimeError, TypeError, ValueError):
            return None

    def ran_on(self) -> tuple[str, ...]:
        """Return the devices that run the model now; AUTO's first answers may have come from another."""
        return execution_devices(self.compiled)

    def layer_precisions(self) -> Mapping[str, str]:
        """Return what each convolution really runs as, by name, from the execution graph."""
        return layer_precisions(self.compiled)
