"""Models to be scored: IRs on any device, a frozen graph, and IRs made for the length of each video."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from i3d_edge.accuracy.result.schema import ModelInfo
from i3d_edge.accuracy.run.runner import Scorer
from i3d_edge.core.arrays import Float32Array
from i3d_edge.core.errors import ArgumentError, SpecError
from i3d_edge.core.family import UNKNOWN
from i3d_edge.core.files import make_folder, sha256_file
from i3d_edge.core.messages import LOG, Say
from i3d_edge.core.numbers import softmax
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime import Clip, Engine, graph_inputs, model_inputs
from i3d_edge.runtime.inference.ir import describes_itself, ir_sha256
from i3d_edge.runtime.inference.model_choice import ModelChoice
from i3d_edge.runtime.inference.placement import device_label, start_notes

GRAPH_NAME = "frozen-graph"
_COMPILED_LENGTHS = 3


@dataclass(frozen=True, slots=True)
class ModelDefaults:
    """What holds for every model that does not say otherwise.

    Attributes:
        device: An OpenVINO device.
        precision: "f32", "bf16" or "f16"; None leaves the choice to the device.
        spec_path: Describes an IR that does not describe itself.
        say: Called with what a user should know of where models run.
        num_threads: That inference may use; None is all cores.
    """

    device: str = "CPU"
    precision: str | None = None
    spec_path: Path | None = None
    say: Say = field(default=LOG.info)
    num_threads: int | None = None


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
def graph_scorer(path: Path, spec: ModelSpec, say: Say = LOG.info) -> Iterator[Scorer]:
    """Open a frozen graph, to run in TensorFlow on the clips of an IR.

    Raises:
        SpecError: If it takes other clips.
    """
    from i3d_edge.freeze.frozen_graph import FrozenGraph

    with FrozenGraph(path) as graph:
        own = graph.spec
        if own is not None and (own.labels, own.num_frames) != (spec.labels, spec.num_frames):
            raise SpecError(
                f"frozen graph {str(path)!r} takes other clips or has other classes than the IR: "
                f"{own.title()} beside {spec.title()}",
                hint="give the graph that the IR was converted from",
            )
        described = own or replace(spec, origin=UNKNOWN, fingerprint=None, frozen_graph_sha256=None, precision=None)
        info = _info(GRAPH_NAME, path, described, "f32", "TensorFlow CPU")
        if info["sha256"] != spec.frozen_graph_sha256:
            say(f"WARNING: the IR was not made from {path}, so the two need not agree")

        def run_clip(clip: Clip) -> Float32Array:
            [logits] = graph.logits(graph_inputs(clip, spec))
            return np.asarray(softmax(logits), np.float32)

        yield Scorer(info, run_clip)


def whole_video_scorers(
    graph_path: Path, folder: Path, defaults: ModelDefaults = ModelDefaults()
) -> tuple[ModelSpec, dict[str, Scorer]]:
    """Return a scorer that shows videos whole: it converts the frozen graph to an IR for each length, once.

    Args:
        graph_path: The frozen graph.
        folder: Keeps the IRs, so that a run that goes on uses them again.
        defaults: The device and precision.
    """
    from i3d_edge.convert import convert_graph
    from i3d_edge.convert.conversion import describe_graph

    made_with = f"{sha256_file(graph_path)[:16]}-{version('i3d-edge')}-{version('openvino')}"

    @lru_cache(_COMPILED_LENGTHS)
    def engine_of(num_frames: int) -> Engine:
        path = folder / f"{made_with}-{num_frames}.xml"
        if not path.exists():
            make_folder(folder)
            convert_graph(graph_path, path, num_frames=num_frames, force=True)
        return _open_engine(ModelChoice(path), replace(defaults, say=lambda _text: None))

    own = describe_graph(graph_path)
    shortest = engine_of(own.kind.min_frames)
    for text in start_notes(shortest, fallback=False):
        defaults.say(text)
    spec = replace(shortest.spec, num_frames=own.num_frames)
    info = _info("ir-per-length", graph_path, spec, shortest.precision, device_label(shortest))
    scorer = Scorer(
        info,
        run=lambda clip: _runner(engine_of(len(clip.frames)))(clip),
        prepare=lambda clip: engine_of(len(clip.frames)),
    )
    return spec, {graph_path.stem: scorer}


def _open_engine(choice: ModelChoice, defaults: ModelDefaults, *, is_alone: bool = False) -> Engine:
    spec_path = defaults.spec_path
    if spec_path is not None and not is_alone and describes_itself(choice.path):
        spec_path = None
    engine = Engine(
        choice.path,
        device=choice.device or defaults.device,
        inference_precision=choice.precision or defaults.precision,
        num_threads=defaults.num_threads,
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
        "weights_sha256": ir_sha256(path)[1] if kind == "ir" else None,
        "frozen_graph_sha256": spec.frozen_graph_sha256,
        "origin": spec.origin,
        "fingerprint": spec.fingerprint,
        "weights_precision": spec.precision,
        "executed_precision": executed_precision,
        "device": device,
    }


def _clip_of(spec: ModelSpec) -> tuple[object, ...]:
    return (spec.labels.names, *spec.clip_form)
