"""`i3d accuracy`: how often is the model right?"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import (
    CONTEXT_SETTINGS,
    Command,
    device_option,
    force_option,
    model_option,
    note,
    precision_option,
    quiet_option,
    spec_option,
    warn_of_stand_in,
)
from i3d_edge.cli.subset import subset
from i3d_edge.errors import SpecError
from i3d_edge.files import check_output, sha256_file
from i3d_edge.spec import INPUT_NAME, UNKNOWN, ModelSpec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from accuracy import ModelInfo, Scorer
    from runtime import Clip


@click.group("accuracy", context_settings=CONTEXT_SETTINGS)
def accuracy() -> None:
    """Measure top-1 and top-5 on a list of videos."""


accuracy.add_command(subset)


@accuracy.command("run", cls=Command)
@click.argument("list_path", type=click.Path(path_type=Path), metavar="LIST")
@model_option
@spec_option
@click.option("--graph", "graph_path", type=click.Path(path_type=Path), help="Score this frozen graph beside the IR.")
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path), required=True, help="Folder for the result.")
@click.option(
    "--num-clips", type=click.IntRange(min=1), default=1, show_default=True, help="Clips per video; 1 is the centre."
)
@device_option
@precision_option
@force_option
@quiet_option
def run(
    list_path: Path,
    model_path: Path,
    spec_path: Path | None,
    graph_path: Path | None,
    folder: Path,
    num_clips: int,
    device: str,
    inference_precision: str | None,
    force: bool,
) -> None:
    """Score an IR on the videos of LIST.

    LIST is a CSV with the columns path and label, or lines of a path and a class index. Relative paths
    start at the list's folder. A video that cannot be decoded is dropped with its reason; one without a
    label is counted, not scored. result.json and predictions.jsonl are written to the folder.

    \b
    Example:
      i3d accuracy run val.csv --model rgb_imagenet.xml -o results
    """
    import accuracy as room

    check_output(folder / "result.json", force=force)
    with ExitStack() as stack:
        spec, scorer = _ir_scorer(model_path, spec_path, device, inference_precision)
        scorers = {"ir": scorer}
        if graph_path is not None:
            scorers["frozen-graph"] = _graph_scorer(graph_path, spec, stack)
        warn_of_stand_in(spec)
        videos = room.read_list(list_path, spec.labels)
        result = room.run_accuracy(videos, scorers, spec, folder, list_path=list_path, num_clips=num_clips, force=force)
    click.echo(room.format_result(result))
    click.echo(f"written: {folder / 'result.json'}, {folder / 'predictions.jsonl'}")


def _ir_scorer(
    path: Path, spec_path: Path | None, device: str, inference_precision: str | None
) -> tuple[ModelSpec, Scorer]:
    from accuracy import Scorer
    from runtime import Engine

    engine = Engine(path, device=device, inference_precision=inference_precision, spec_path=spec_path)
    spec = engine.spec
    info = _info("ir", path, spec, executed_precision=engine.precision, device=device)
    return spec, Scorer(info, lambda clip: engine.probabilities(clip.to_layout(spec.layout)))


def _graph_scorer(path: Path, spec: ModelSpec, stack: ExitStack) -> Scorer:
    from accuracy import Scorer
    from freeze import FrozenGraph

    graph = stack.enter_context(FrozenGraph(path))
    if graph.spec is not None and (graph.spec.labels, graph.spec.num_frames) != (spec.labels, spec.num_frames):
        raise SpecError(
            f"frozen graph {str(path)!r} must take the IR's clips and have its labels; "
            f"got {graph.spec.title()} beside {spec.title()}",
            hint="give the graph that the IR was converted from",
        )

    def run_clip(clip: Clip) -> npt.NDArray[np.float32]:
        import numpy as np

        pixels = clip.to_layout("NDHWC").astype(np.float32)
        [logits] = graph.logits({INPUT_NAME: (pixels - spec.mean) / spec.scale})
        exponentials = np.exp(logits - logits.max())
        return np.asarray(exponentials / exponentials.sum(), dtype=np.float32)

    if sha256_file(path) != spec.frozen_graph_sha256:
        note(f"WARNING: the IR was not made from {path}, so the two need not agree")
    own = graph.spec or replace(spec, origin=UNKNOWN, fingerprint=None, frozen_graph_sha256=None, precision=None)
    info = _info("frozen-graph", path, own, executed_precision="f32", device="TensorFlow CPU")
    return Scorer(info, run_clip)


def _info(kind: str, path: Path, spec: ModelSpec, *, executed_precision: str, device: str) -> ModelInfo:
    return {
        "kind": kind,
        "path": str(path),
        "sha256": sha256_file(path),
        "weights_sha256": sha256_file(path.with_suffix(".bin")) if kind == "ir" else None,
        "frozen_graph_sha256": spec.frozen_graph_sha256,
        "origin": spec.origin,
        "is_stand_in": spec.is_stand_in,
        "fingerprint": spec.fingerprint,
        "weights_precision": spec.precision,
        "executed_precision": executed_precision,
        "device": device,
    }
