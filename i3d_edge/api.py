"""What every command does, as functions: the layer that the command line calls. Import them from `i3d_edge`.

Paths may be strings. Messages for a user go to `say`, by default to the logger "i3d_edge".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.files import check_output, write_text

if TYPE_CHECKING:
    from i3d_edge.accuracy.data.listing import ListOptions
    from i3d_edge.accuracy.gate.text import GateReport, Undecided
    from i3d_edge.accuracy.result.schema import Result
    from i3d_edge.accuracy.run.protocol import Preset
    from i3d_edge.accuracy.run.runner import Scorer
    from i3d_edge.accuracy.run.scorers import ModelDefaults
    from i3d_edge.convert.ladder import Step
    from i3d_edge.core.spec import ModelSpec
    from i3d_edge.runtime import FlowMethod
    from i3d_edge.runtime.inference.engine import Mode
    from i3d_edge.runtime.live import LiveStream, StreamOptions
    from i3d_edge.runtime.measure.bench import Timing

StrPath = str | PathLike[str]
Say = Callable[[str], None]

_LOG = logging.getLogger("i3d_edge")


def open_stream(
    source: str, model: StrPath, options: StreamOptions | None = None, *, say: Say = _LOG.info, **engine: Any
) -> LiveStream:
    """Open a live source on a model; iterate over it for answers and events.

    Args:
        source: A file, `camera:N`, `/dev/videoN`, `rtsp://...`, `http(s)://...`, or `-` for standard input.
        model: The IR's .xml.
        options: How the stream is read and watched.
        say: Called with messages for the user, from any thread.
        engine: Further arguments of `Engine`: device, inference_precision, num_threads, cache, spec_path.

    Raises:
        IRError, DeviceError: If the model cannot be read or compiled.
        StreamError: While iterating, if the source cannot be reached or is lost.

    Example:
        >>> for event in open_stream("rtsp://camera.local/stream1", "rgb_int8.xml"): print(event.to_json())
    """
    from i3d_edge.runtime import Engine
    from i3d_edge.runtime.live import LiveStream

    compiled = Engine(Path(model), **engine)
    return LiveStream(source, compiled.spec, compiled.probabilities, options, say=say)


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
    from i3d_edge.convert.clip_files import generated_clips, match_clips, read_clip_files
    from i3d_edge.convert.ladder import climb
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
    models: Sequence[StrPath], *, mode: Mode = "latency", rounds: int = 10, **engine: Any
) -> dict[str, Timing]:
    """Time models on random pixels, taking turns.

    Args:
        models: IRs.
        mode: "latency" for one clip at a time, "throughput" for as many at once as the device takes.
        rounds: Timings of each model.
        engine: Further arguments of `Engine`: device, inference_precision, num_streams, num_threads.

    Returns:
        Timings by path.

    Example:
        >>> bench_models(["rgb.xml", "rgb_int8.xml"])["rgb_int8.xml"].percentile_ms(50)
    """
    from i3d_edge.runtime import Engine
    from i3d_edge.runtime.measure.bench import bench

    return bench({str(path): Engine(Path(path), mode=mode, **engine) for path in models}, rounds=rounds)


def run_accuracy(
    videos: StrPath,
    models: Sequence[str],
    output: StrPath,
    *,
    graph: StrPath | None = None,
    protocol: str | None = None,
    num_clips: int | None = None,
    reading: ListOptions | None = None,
    verifies: bool = False,
    flow: FlowMethod | None = None,
    device: str = "CPU",
    inference_precision: str | None = None,
    spec_path: Path | None = None,
    num_decoders: int = 2,
    say: Say = _LOG.info,
    force: bool = False,
) -> Result:
    """Score models on the videos of a manifest, a list or a folder; a run that was interrupted goes on.

    Args:
        videos: The manifest, list or folder.
        models: IRs, as in "rgb.xml" or "int8=rgb_int8.xml@GPU"; none for a protocol that shows videos whole.
        output: The folder for `result.json` and `predictions.jsonl`.
        graph: A frozen graph to score beside them.
        protocol: Which views are taken; "centre" if neither this nor `num_clips` is given.
        num_clips: Equally spaced clips per video, instead of a protocol.
        reading: How a list is read.
        verifies: Hash every video of a manifest, changed or not.
        flow: How a flow model's optical flow is computed.
        device: For models that name none.
        inference_precision: For models that name none; None leaves the choice to the device.
        spec_path: Describes an IR that does not describe itself.
        num_decoders: Threads that decode.
        say: Called with messages for the user.
        force: Begin anew, and replace what is there.

    Raises:
        ArgumentError: If arguments contradict each other.
        ListError: If the videos cannot be read, or none could be scored.
        OutputError: If the folder holds something else, or cannot be written.

    Example:
        >>> result = run_accuracy("val400.json", ["rgb.xml", "int8=rgb_int8.xml"], "results")
    """
    from i3d_edge.accuracy.data.listing import ListOptions, list_videos
    from i3d_edge.accuracy.run.runner import score_videos
    from i3d_edge.accuracy.run.scorers import ModelDefaults

    videos, folder = Path(videos), Path(output)
    reading = reading or ListOptions()
    preset = replace(_preset(protocol, num_clips), flow=flow)
    defaults = ModelDefaults(device, inference_precision, spec_path, say)
    with ExitStack() as stack:
        spec, scorers = _open_scorers(preset, models, graph, folder, defaults, stack)
        preset.plan(spec)
        listing = list_videos(videos, spec.labels, reading, verifies=verifies, say=say)
        total = len(listing.videos)
        return score_videos(
            listing.videos,
            scorers,
            spec,
            folder,
            list_path=videos,
            root=reading.root,
            manifest_digest=listing.digest,
            preset=preset,
            num_workers=num_decoders,
            on_resume=lambda done: say(_resumed(done, total)),
            on_interrupt=lambda done: say(f"{done} of {total} videos are kept in {folder}: run it again to go on"),
            force=force,
        )


def _preset(protocol: str | None, num_clips: int | None) -> Preset:
    from i3d_edge.accuracy.run.protocol import find_preset, spread

    if protocol is not None and num_clips is not None:
        raise ArgumentError("give a protocol or a number of clips, not both")
    return spread(num_clips or 1) if protocol is None else find_preset(protocol)


def _open_scorers(
    preset: Preset,
    models: Sequence[str],
    graph: StrPath | None,
    folder: Path,
    defaults: ModelDefaults,
    stack: ExitStack,
) -> tuple[ModelSpec, dict[str, Scorer]]:
    from i3d_edge.accuracy.run.scorers import GRAPH_NAME, graph_scorer, ir_scorers, whole_video_scorers
    from i3d_edge.runtime.inference.model_choice import named_choices

    if preset.views.placement == "whole":
        if models or graph is None:
            raise ArgumentError(f"the protocol {preset.name!r} needs a frozen graph, and no model")
        return whole_video_scorers(Path(graph), folder / "whole-video", defaults)
    choices = named_choices(models)
    if graph is not None and GRAPH_NAME in choices:
        raise ArgumentError(f"{GRAPH_NAME!r} is the frozen graph's name: name the model otherwise, NAME=IR")
    spec, scorers = ir_scorers(choices, defaults)
    if graph is not None:
        scorers[GRAPH_NAME] = stack.enter_context(graph_scorer(Path(graph), spec, defaults.say))
    return spec, scorers


def _resumed(num_done: int, num_videos: int) -> str:
    if num_done == num_videos:
        return f"already complete: all {num_videos} videos are done; --force runs them again"
    return f"going on after {num_done} of {num_videos} videos"


def compare_run(
    baseline: StrPath,
    run: str,
    *,
    max_drop_points: float = 2.0,
    max_drift: float | None = None,
    num_allowed_dropped: int = 0,
    undecided: Undecided | None = None,
) -> GateReport:
    """Hold a run to a baseline, on the same videos, pair by pair.

    Args:
        baseline: A file of `i3d accuracy baseline`.
        run: The folder of a run, with the model's name where it has several: "results:int8".
        max_drop_points: Largest loss of top-1 accuracy per video. Unit: percentage points.
        max_drift: Largest mean |change of ln p| of the baseline's best class; None for no limit.
        num_allowed_dropped: How many of the baseline's videos the run may have dropped.
        undecided: What "too few videos to tell" counts as; None keeps it apart.

    Raises:
        ResultError: If a file is not whole.
        ComparisonError: If the two are not of the same measurement.

    Example:
        >>> compare_run("baseline.json", "results:int8").verdict
    """
    from i3d_edge import accuracy as room
    from i3d_edge.accuracy.result.named_runs import read_named_runs

    kept = room.read_baseline(Path(baseline))
    [(recorded, name)] = read_named_runs([run])
    model = room.pick_model(recorded, name)
    comparison = room.compare(kept, recorded, model, num_allowed_dropped=num_allowed_dropped)
    limits = room.Limits(max_drop=max_drop_points / 100, max_drift=max_drift)
    protocol = f"{kept['how']['name']} v{kept['how']['version']}"
    return room.GateReport(comparison, limits, room.judge(comparison, limits), protocol, undecided)


def write_report(
    runs: Sequence[str],
    output: StrPath,
    *,
    root: StrPath | None = None,
    with_thumbnails: bool = True,
    force: bool = False,
) -> None:
    """Write runs as one self-contained HTML page.

    Args:
        runs: Folders of runs; "results:int8" shows one model of a run. The first model of each protocol and set of
            videos is what the others are compared with.
        output: The page.
        root: Where the videos are, if not where they were scored.
        with_thumbnails: Show pictures of videos whose answer changed.
        force: Replace an existing page.

    Raises:
        ResultError: If a run is not whole.
        OutputError: If the page exists (without `force`) or cannot be written.

    Example:
        >>> write_report(["results", "results-10x3:int8"], "report.html")
    """
    from i3d_edge.accuracy.report.page import make_report
    from i3d_edge.accuracy.result.named_runs import read_named_runs

    output = Path(output)
    check_output(output, force=force)
    page = make_report(
        read_named_runs(runs), root=None if root is None else Path(root), with_thumbnails=with_thumbnails
    )
    write_text(output, page, force=force)
