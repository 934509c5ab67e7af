"""Models that `i3d accuracy run` scores: IRs on any device, the frozen graph, and IRs made for a video's length."""

from __future__ import annotations

import difflib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import note
from i3d_edge.cli._devices import device_label, note_start
from i3d_edge.core.errors import SpecError
from i3d_edge.core.files import make_folder, sha256_file
from i3d_edge.core.spec import MIN_FRAMES, UNKNOWN, ModelSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from i3d_edge.accuracy import ModelInfo, Scorer
    from i3d_edge.runtime import Clip, Engine

_PRECISIONS = ("f32", "bf16", "f16")
_ALONE = "ir"
GRAPH_NAME = "frozen-graph"
_COMPILED_LENGTHS = 3
_NO_PRECISIONS = {"": "nothing follows it", "int8": "an INT8 IR runs in INT8 as it is"}


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What holds for every IR that does not say otherwise."""

    device: str
    precision: str | None
    spec_path: Path | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One --model: a name, a file, and what it runs in and on."""

    name: str
    path: Path
    device: str
    precision: str | None


def ir_scorers(texts: Sequence[str], defaults: ModelOptions) -> tuple[ModelSpec, dict[str, Scorer]]:
    """Load the IRs of all --model options; they must take the same clips.

    Raises:
        SpecError: If they do not.
    """
    from i3d_edge.accuracy import Scorer
    from i3d_edge.runtime import Engine
    from i3d_edge.runtime.inference.ir import describes_itself

    if not texts:
        raise click.UsageError("Missing option '--model' (env var: 'I3D_MODEL').")
    scorers: dict[str, Scorer] = {}
    first: tuple[Path, ModelSpec] | None = None
    for asked in _parse(texts, defaults):
        own = None
        if defaults.spec_path is not None and not (len(texts) > 1 and describes_itself(asked.path)):
            own = defaults.spec_path
        engine = Engine(
            asked.path, device=asked.device, inference_precision=asked.precision, fallback=False, spec_path=own
        )
        note_start(engine, fallback=False)
        spec = engine.spec
        if first is None:
            first = asked.path, spec
        elif _clip_of(spec) != _clip_of(first[1]):
            raise SpecError(
                f"models of one run must take the same clips and have the same classes; "
                f"{str(asked.path)!r} is {spec.title()}, {str(first[0])!r} is {first[1].title()}",
                hint="give each a run of its own",
            )
        info = _info("ir", asked.path, spec, executed_precision=engine.precision, device=device_label(engine))
        scorers[asked.name] = Scorer(info, _runner(engine))
    assert first is not None
    return first[1], scorers


def graph_scorer(path: Path, spec: ModelSpec, stack: ExitStack) -> Scorer:
    """Load the frozen graph, to run in TensorFlow on the IR's clips.

    Raises:
        SpecError: If it takes others.
    """
    from i3d_edge.accuracy import Scorer
    from i3d_edge.core.numbers import softmax
    from i3d_edge.freeze import FrozenGraph
    from i3d_edge.runtime import graph_inputs

    graph = stack.enter_context(FrozenGraph(path))
    if graph.spec is not None and (graph.spec.labels, graph.spec.num_frames) != (spec.labels, spec.num_frames):
        raise SpecError(
            f"frozen graph {str(path)!r} must take the IR's clips and have its labels; "
            f"got {graph.spec.title()} beside {spec.title()}",
            hint="give the graph that the IR was converted from",
        )

    def run_clip(clip: Clip) -> npt.NDArray[np.float32]:
        import numpy as np

        [logits] = graph.logits(graph_inputs(clip, spec))
        return np.asarray(softmax(logits), np.float32)

    if sha256_file(path) != spec.frozen_graph_sha256:
        note(f"WARNING: the IR was not made from {path}, so the two need not agree")
    own = graph.spec or replace(spec, origin=UNKNOWN, fingerprint=None, frozen_graph_sha256=None, precision=None)
    info = _info(GRAPH_NAME, path, own, executed_precision="f32", device="TensorFlow CPU")
    return Scorer(info, run_clip)


def _info(kind: str, path: Path, spec: ModelSpec, *, executed_precision: str, device: str) -> ModelInfo:
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


def whole_video_scorers(
    texts: Sequence[str], graph_path: Path | None, folder: Path, defaults: ModelOptions
) -> tuple[ModelSpec, dict[str, Scorer]]:
    """Return a scorer that shows videos whole: for each length it converts the frozen graph to an IR, once.

    The IRs are kept in the folder `whole-video` beside the result, and used again when the run goes on.
    """
    from i3d_edge.accuracy import Scorer
    from i3d_edge.convert import convert_graph
    from i3d_edge.convert.conversion import describe_graph
    from i3d_edge.runtime import Engine, model_inputs

    if texts or graph_path is None:
        raise click.UsageError(
            "a protocol that shows videos whole converts the frozen graph for each length: give --graph, and no --model"
        )
    graph_sha256 = sha256_file(graph_path)
    made_with = f"{version('i3d-edge')}-{version('openvino')}"
    irs = folder / "whole-video"
    engines: OrderedDict[int, Engine] = OrderedDict()

    def engine_for(num_frames: int) -> Engine:
        path = irs / f"{graph_sha256[:16]}-{made_with}-{num_frames}.xml"
        if num_frames not in engines:
            if not path.exists():
                make_folder(irs)
                convert_graph(graph_path, path, num_frames=num_frames, force=True)
            engines[num_frames] = Engine(
                path, device=defaults.device, inference_precision=defaults.precision, fallback=False
            )
            if len(engines) > _COMPILED_LENGTHS:
                engines.popitem(last=False)
        engines.move_to_end(num_frames)
        return engines[num_frames]

    def prepare(clip: Clip) -> None:
        engine_for(len(clip.frames))

    def run_clip(clip: Clip) -> npt.NDArray[np.float32]:
        engine = engine_for(len(clip.frames))
        return engine.probabilities(model_inputs(clip, engine.spec))

    shortest = engine_for(MIN_FRAMES)
    note_start(shortest, fallback=False)
    spec = replace(shortest.spec, num_frames=describe_graph(graph_path).num_frames)
    info = _info(GRAPH_NAME, graph_path, spec, executed_precision=shortest.precision, device=device_label(shortest))
    return spec, {_ALONE: Scorer({**info, "kind": "ir-per-length"}, run_clip, prepare)}


def _runner(engine: Engine) -> Callable[[Clip], npt.NDArray[np.float32]]:
    from i3d_edge.runtime import model_inputs

    return lambda clip: engine.probabilities(model_inputs(clip, engine.spec))


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


def _parse(texts: Sequence[str], defaults: ModelOptions) -> list[_Asked]:
    """Read [NAME=]IR[@PRECISION][@DEVICE]; without a name one alone is "ir", of several each is its file's stem."""
    asked: list[_Asked] = []
    for text in texts:
        name, rest = "", text
        if not Path(text).exists():
            before, equals, after = text.partition("=")
            if equals and "/" not in before and "\\" not in before:
                name, rest = before, after
        path_text, *options = [rest] if Path(rest).exists() else rest.split("@")
        precisions = [option for option in options if option in _PRECISIONS]
        devices = [option for option in options if option not in _PRECISIONS]
        if len(precisions) > 1 or len(devices) > 1:
            raise click.UsageError(f"a model runs in one precision on one device; got {text!r}")
        for option in devices:
            _refuse_misspelt(option)
        stem = "@".join((Path(path_text).stem, *options))
        precision, device = (*precisions, defaults.precision)[0], (*devices, defaults.device)[0]
        asked.append(_Asked(name or (_ALONE if len(texts) == 1 else stem), Path(path_text), device, precision))
    names = [item.name for item in asked]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise click.UsageError(f"models must have different names; two are {twice[0]!r}: give --model NAME=IR")
    return asked


def _refuse_misspelt(device: str) -> None:
    """Refuse what stands for a device after an @ and looks more like a precision."""
    near = difflib.get_close_matches(device.lower(), _PRECISIONS, n=1)
    way_out = _NO_PRECISIONS.get(device.lower()) or (f"did you mean {near[0]}?" if near else None)
    if way_out is not None:
        precisions = ", ".join(_PRECISIONS)
        raise click.UsageError(f"after @ comes a precision ({precisions}) or a device; got {device!r}: {way_out}")
