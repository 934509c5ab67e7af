"""Making models, proving them equal, and timing them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.files import StrPath
from i3d_edge.core.messages import LOG, Say
from i3d_edge.core.progress import phase

if TYPE_CHECKING:
    from i3d_edge.convert import ConversionReport
    from i3d_edge.convert.ladder import Step
    from i3d_edge.convert.parity import Feeds
    from i3d_edge.core.arrays import Float32Array
    from i3d_edge.runtime.inference.engine import Mode
    from i3d_edge.runtime.measure.bench import Timing


def convert_graph(graph: StrPath, output: StrPath, **options: Any) -> ConversionReport:
    """Convert a frozen graph to an IR, and compare the two where TensorFlow is installed.

    Args:
        graph: The .pb.
        output: The IR's .xml; its .bin goes beside it.
        options: Of `i3d_edge.convert.convert_graph`: precision, target, fold, layout, input_type, num_frames, batch,
            logits_output, force.

    Raises:
        FrozenGraphError: If the file is not a frozen I3D.
        ParityError: If the IR differs from the graph.
        OutputError: If the IR exists (without `force`) or cannot be written.

    Example:
        >>> convert_graph("rgb.pb", "rgb.xml", precision="FP16").parity.passed
    """
    from i3d_edge.convert import convert_graph

    return convert_graph(Path(graph), Path(output), reference=_run_graph, **options)


def _run_graph(path: Path, clips: list[Feeds]) -> list[Float32Array]:
    from i3d_edge.freeze.frozen_graph import run_frozen_graph  # late: it loads TensorFlow

    return run_frozen_graph(path, clips)


def compare_stages(
    stages: Sequence[str],
    *,
    clips: Sequence[StrPath] = (),
    other_clips: StrPath | None = None,
    num_clips: int = 1,
    tolerance: float | None = None,
    all_layers: bool = False,
    spec_path: Path | None = None,
) -> list[Step]:
    """Compare each stage of a model with the one before it, and the last with the first.

    Args:
        stages: Two at least: a TF-Hub module's folder, a checkpoint, a frozen graph, or an IR, as in "rgb.xml@bf16".
        clips: Videos, clips (.npy, .gif) or folders of them; two generated clips if empty.
        other_clips: A folder of .npy clips of the same names, for all stages but the first.
        num_clips: Clips of each video.
        tolerance: Largest difference as a fraction of the largest logit; None takes that of the precisions.
        all_layers: Compare the layers of stages that agree, too.
        spec_path: Describes IRs that do not describe themselves.

    Raises:
        ArgumentError: If there are fewer than two stages, or `other_clips` has nothing to be compared with.
        SpecError: If the stages have different inputs or classes.

    Example:
        >>> compare_stages(["rgb.pb", "rgb.xml", "rgb_int8.xml"], clips=["cricket.avi"])[-1].agrees
    """
    from i3d_edge.convert.clip_files import match_clips, read_clip_files
    from i3d_edge.convert.ladder import climb
    from i3d_edge.convert.parity import generated_clips
    from i3d_edge.convert.stage_files import open_stages
    from i3d_edge.runtime.inference.model_choice import ModelChoice

    if len(stages) < 2:
        raise ArgumentError("a comparison needs two stages or more")
    if other_clips is not None and not clips:
        raise ArgumentError("there are no clips to compare the other clips with")
    with open_stages([ModelChoice.parse(text) for text in stages], spec_path=spec_path) as opened:
        spec = opened[0].spec
        paths = [Path(path) for path in clips]
        fed = read_clip_files(paths, spec, num_clips=num_clips) if paths else generated_clips(spec)
        others = None if other_clips is None else match_clips(fed, read_clip_files([Path(other_clips)], spec))
        return climb(opened, fed, others=others, tolerance=tolerance, all_layers=all_layers)


def bench_models(
    models: Sequence[StrPath], *, mode: Mode = "latency", rounds: int = 10, say: Say = LOG.info, **engine: Any
) -> dict[str, Timing]:
    """Time models on random pixels, taking turns.

    Args:
        models: IRs of whole clips, and step models: of those a step is timed, which answers one clip as well.
        mode: "latency" for one clip at a time, "throughput" for as many at once as the device takes; steps are then
            those of several streams.
        rounds: Timings of each model.
        say: Called with where models run on virtual devices, before and after.
        engine: Further arguments of `Engine`: device, inference_precision, num_streams, num_threads.

    Returns:
        Timings by path.

    Example:
        >>> bench_models(["rgb.xml", "rgb_int8.xml"])["rgb_int8.xml"].percentile_ms(50)
    """
    from i3d_edge.runtime import Engine
    from i3d_edge.runtime.inference.ir import read_ir
    from i3d_edge.runtime.inference.placement import end_notes, start_notes
    from i3d_edge.runtime.measure.bench import bench

    engines = {}
    for path in models:
        with phase(f"compiling {path}"):
            ir = read_ir(Path(path), spec_path=engine.get("spec_path"), steps=True)
            engines[str(path)] = Engine(Path(path), ir=ir, mode=mode, **engine)
    for opened in engines.values():
        for text in start_notes(opened):
            say(text)
    timings = bench(engines, rounds=rounds)
    for opened in engines.values():
        for text in end_notes(opened):
            say(text)
    return timings
