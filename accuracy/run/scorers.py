"""Models to be scored: IRs on any device, a frozen graph, and IRs made for the length of each video."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from i3d_edge.accuracy.result.schema import ModelInfo
from i3d_edge.accuracy.run.runner import Scorer
from i3d_edge.core.errors import ArgumentError, SpecError
from i3d_edge.core.files import make_folder, sha256_file
from i3d_edge.core.numbers import softmax
from i3d_edge.core.spec import MIN_FRAMES, UNKNOWN, ModelSpec
from i3d_edge.runtime import Clip, Engine, graph_inputs, model_inputs
from i3d_edge.runtime.inference.ir import describes_itself
from i3d_edge.runtime.inference.model_choice import ModelChoice
from i3d_edge.runtime.inference.placement import device_label, start_notes

Float32Array = npt.NDArray[np.float32]
Say = Callable[[str], None]

GRAPH_NAME = "frozen-graph"
_ALONE = "ir"
_COMPILED_LENGTHS = 3
_LOG = logging.getLogger("i3d_edge")


@dataclass(frozen=True, slots=True)
class ModelDefaults:
    """What holds for every model that does not say otherwise.

    Attributes:
        device: An OpenVINO device.
        precision: "f32", "bf16" or "f16"; None leaves the choice to the device.
        spec_path: Describes an IR that does not describe itself.
        say: Called with what a user should know of where models run.
    """

    device: str = "CPU"
    precision: str | None = None
    spec_path: Path | None = None
    say: Say = field(default=_LOG.info)


def ir_scorers(
    choices: Mapping[str, ModelChoice], defaults: ModelDefaults = ModelDefaults()
) -> tuple[ModelSpec, dict[str, Scorer]]:
    """Compile IRs that take the same clips.

    Returns:
        The spec of the first, and a scorer for each.

    Raises:
        ArgumentError: If there is none.
        SpecError: If they take different clips or have different classes.
    """
    scorers: dict[str, Scorer] = {}
    first: tuple[Path, ModelSpec] | None = None
    for name, choice in choices.items():
        engine = _open_engine(choice, defaults, is_alone=len(choices) == 1)
        first = first or (choice.path, engine.spec)
        if _clip_of(engine.spec) != _clip_of(first[1]):
            raise SpecError(
                f"models of one run take the same clips and have the same classes; {str(choice.path)!r} is "
                f"{engine.spec.title()}, {str(first[0])!r} is {first[1].title()}",
                hint="give each a run of its own",
            )
        info = _info("ir", choice.path, engine.spec, engine.precision, device_label(engine))
        scorers[name] = Scorer(info, _runner(engine))
    if first is None:
        raise ArgumentError("no model given", hint="--model IR, or $I3D_MODEL")
    return first[1], scorers


@contextmanager
def graph_scorer(path: Path, spec: ModelSpec, say: Say = _LOG.info) -> Iterator[Scorer]:
    """Open a frozen graph, to run in TensorFlow on the clips of an IR.

    Raises:
        SpecError: If it takes other clips.
    """
    from i3d_edge.freeze import FrozenGraph

    with FrozenGraph(path) as graph:
        own = graph.spec
        if own is not None and (own.labels, own.num_frames) != (spec.labels, spec.num_frames):
            raise SpecError(
                f"frozen graph {str(path)!r} takes other clips or has other classes than the IR: "
                f"{own.title()} beside {spec.title()}",
                hint="give the graph that the IR was converted from",
            )
        if sha256_file(path) != spec.frozen_graph_sha256:
            say(f"WARNING: the IR was not made from {path}, so the two need not agree")

        def run_clip(clip: Clip) -> Float32Array:
            [logits] = graph.logits(graph_inputs(clip, spec))
            return np.asarray(softmax(logits), np.float32)

        own = own or replace(spec, origin=UNKNOWN, fingerprint=None, frozen_graph_sha256=None, precision=None)
        yield Scorer(_info(GRAPH_NAME, path, own, "f32", "TensorFlow CPU"), run_clip)


def whole_video_scorers(
    graph_path: Path, folder: Path, defaults: ModelDefaults = ModelDefaults()
) -> tuple[ModelSpec, dict[str, Scorer]]:
    """Return a scorer that shows videos whole: it converts the frozen graph to an IR for each length, once.

    Args:
        graph_path: The frozen graph.
        folder: Keeps the IRs, so that a run that goes on uses them again.
        defaults: The device and precision.
    """
    from i3d_edge.convert.conversion import describe_graph

    engines = _EnginesByLength(graph_path, folder, defaults)
    shortest = engines(MIN_FRAMES)
    for text in start_notes(shortest, fallback=False):
        defaults.say(text)
    spec = replace(shortest.spec, num_frames=describe_graph(graph_path).num_frames)
    info = _info("ir-per-length", graph_path, spec, shortest.precision, device_label(shortest))

    def prepare(clip: Clip) -> None:
        engines(len(clip.frames))

    def run_clip(clip: Clip) -> Float32Array:
        return _runner(engines(len(clip.frames)))(clip)

    return spec, {_ALONE: Scorer(info, run_clip, prepare)}


class _EnginesByLength:
    """Engines of one frozen graph for clips of any length; the last few stay compiled."""

    def __init__(self, graph_path: Path, folder: Path, defaults: ModelDefaults) -> None:
        self._graph_path = graph_path
        self._folder = folder
        self._defaults = defaults
        self._made_with = f"{sha256_file(graph_path)[:16]}-{version('i3d-edge')}-{version('openvino')}"
        self._engines: OrderedDict[int, Engine] = OrderedDict()

    def __call__(self, num_frames: int) -> Engine:
        """Return the engine for clips of so many frames."""
        if num_frames not in self._engines:
            choice = ModelChoice(self._convert(num_frames))
            self._engines[num_frames] = _open_engine(choice, replace(self._defaults, say=lambda _text: None))
            if len(self._engines) > _COMPILED_LENGTHS:
                self._engines.popitem(last=False)
        self._engines.move_to_end(num_frames)
        return self._engines[num_frames]

    def _convert(self, num_frames: int) -> Path:
        from i3d_edge.convert import convert_graph

        path = self._folder / f"{self._made_with}-{num_frames}.xml"
        if not path.exists():
            make_folder(self._folder)
            convert_graph(self._graph_path, path, num_frames=num_frames, force=True)
        return path


def _open_engine(choice: ModelChoice, defaults: ModelDefaults, *, is_alone: bool = False) -> Engine:
    spec_path = defaults.spec_path
    if spec_path is not None and not is_alone and describes_itself(choice.path):
        spec_path = None
    engine = Engine(
        choice.path,
        device=choice.device or defaults.device,
        inference_precision=choice.precision or defaults.precision,
        fallback=False,
        spec_path=spec_path,
    )
    for text in start_notes(engine, fallback=False):
        defaults.say(text)
    return engine


def _runner(engine: Engine) -> Callable[[Clip], Float32Array]:
    return lambda clip: engine.probabilities(model_inputs(clip, engine.spec))


def _info(kind: str, path: Path, spec: ModelSpec, executed_precision: str, device: str) -> ModelInfo:
    return {
        "kind": kind,
        "path": str(path),
        "sha256": sha256_file(path),
        "weights_sha256": sha256_file(path.with_suffix(".bin")) if kind == "ir" else None,
        "frozen_graph_sha256": spec.frozen_graph_sha256,
        "origin": spec.origin,
        "fingerprint": spec.fingerprint,
        "weights_precision": spec.precision,
        "executed_precision": executed_precision,
        "device": device,
    }


def _clip_of(spec: ModelSpec) -> tuple[object, ...]:
    return (
        spec.labels.names,
        spec.stream,
        spec.num_frames,
        spec.frame_rate_fps,
        spec.short_side_px,
        spec.crop_px,
        spec.frame_px,
    )
