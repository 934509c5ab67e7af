"""Stages opened from files: TF-Hub modules, checkpoints, frozen graphs, ONNX models and IRs."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from i3d_edge.convert.conversion import describe_graph
from i3d_edge.convert.stage import Stage, ir_stage, onnx_stage
from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.i3d_spec import NUM_FRAMES
from i3d_edge.core.progress import phase
from i3d_edge.runtime.inference.ir import describes_itself
from i3d_edge.runtime.inference.model_choice import ModelChoice
from i3d_edge.runtime.inference.onnx import is_onnx


@contextmanager
def open_stages(choices: Sequence[ModelChoice], *, spec_path: Path | None = None) -> Iterator[list[Stage]]:
    """Open modules' folders, checkpoints, graphs (.pb), ONNX models and IRs as the stages of one model.

    A checkpoint or module takes clips as long as the first file among the others does. Raises ArgumentError if
    something other than an IR has a precision or a device.
    """
    with ExitStack() as stack:
        files = []
        for choice in choices:
            with phase(f"opening {choice.path}"):
                files.append(_open_file(choice, spec_path, stack))
        num_frames = next((stage.spec.num_frames for stage in files if stage), NUM_FRAMES)
        yield [
            stage or _open_weights(choice.path, num_frames, stack) for choice, stage in zip(choices, files, strict=True)
        ]


def _open_file(choice: ModelChoice, spec_path: Path | None, stack: ExitStack) -> Stage | None:
    """Open an IR, an ONNX model or a frozen graph; None if it is none of them."""
    path = choice.path
    if path.suffix == ".xml":
        own = None if spec_path is None or describes_itself(path) else spec_path
        return ir_stage(path, device=choice.device or "CPU", precision=choice.precision, spec_path=own)
    if choice.device or choice.precision:
        raise ArgumentError(f"only an IR runs in a chosen precision or on a device; {str(path)!r} is not one")
    if is_onnx(path):
        return onnx_stage(path, spec_path)
    return _graph_stage(path, path.name, stack) if path.suffix == ".pb" else None


def _open_weights(path: Path, num_frames: int, stack: ExitStack) -> Stage:
    """Open a TF-Hub module, to run its own graph, or a checkpoint, to run ours."""
    from i3d_edge.freeze import freeze_checkpoint, open_checkpoint
    from i3d_edge.freeze.checkpoint_files import SAVED_MODEL_NAME
    from i3d_edge.freeze.hub_module import HubModule

    if (path / SAVED_MODEL_NAME).is_file():
        module = stack.enter_context(HubModule(path, num_frames=num_frames))
        name = f"{path.absolute().name} (DeepMind's graph, TensorFlow f32)"
        return Stage(name, "f32", "FP32", module.spec, lambda feeds: module.logits(feeds)[0], module.layers)
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    frozen = freeze_checkpoint(open_checkpoint(path), Path(folder) / "graph.pb", num_frames=num_frames)
    return _graph_stage(frozen.path, path.name, stack)


def _graph_stage(path: Path, name: str, stack: ExitStack) -> Stage:
    from i3d_edge.freeze.frozen_graph import FrozenGraph

    graph = stack.enter_context(FrozenGraph(path))
    spec = graph.spec or describe_graph(path)
    return Stage(f"{name} (TensorFlow f32)", "f32", "FP32", spec, lambda feeds: graph.logits(feeds)[0], graph.layers)
