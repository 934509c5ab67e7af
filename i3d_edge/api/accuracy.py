"""Measuring accuracy, and holding it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from i3d_edge.core.errors import ArgumentError, ListError
from i3d_edge.core.files import StrPath, check_output, write_text
from i3d_edge.core.messages import LOG, Say

if TYPE_CHECKING:
    from i3d_edge.accuracy.data.dataset import ListOptions
    from i3d_edge.accuracy.gate.text import GateReport, Undecided
    from i3d_edge.accuracy.result.schema import Result
    from i3d_edge.accuracy.run.protocol import Preset
    from i3d_edge.accuracy.run.runner import Scorer
    from i3d_edge.accuracy.run.scorers import ModelDefaults
    from i3d_edge.core.cluster import Cluster
    from i3d_edge.core.spec import ModelSpec
    from i3d_edge.runtime import FlowMethod


def run_accuracy(
    videos: StrPath,
    models: Sequence[str],
    output: StrPath,
    *,
    graph: StrPath | None = None,
    protocol: str | None = None,
    num_clips: int | None = None,
    shard: str | None = None,
    reading: ListOptions | None = None,
    flow: FlowMethod | None = None,
    device: str = "CPU",
    inference_precision: str | None = None,
    spec_path: Path | None = None,
    num_decoders: int = 2,
    cluster: Cluster | None = None,
    say: Say = LOG.info,
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
        shard: Only this slice of the videos: "3/8" is the third of eight, which `merge_runs` joins.
        reading: How a list is read.
        flow: How a flow model's optical flow is computed.
        device: For models that name none.
        inference_precision: For models that name none; None leaves the choice to the device.
        spec_path: Describes an IR that does not describe itself.
        num_decoders: Threads that decode.
        cluster: Score there; None is in this process.
        say: Called with messages for the user.
        force: Begin anew, and replace what is there.

    Raises:
        ArgumentError: If arguments contradict each other.
        ListError: If the videos cannot be read, or none could be scored.
        OutputError: If the folder holds something else, or cannot be written.

    Example:
        >>> result = run_accuracy("val400.json", ["rgb.xml", "int8=rgb_int8.xml"], "results")
    """
    from i3d_edge.accuracy.data.dataset import ListOptions
    from i3d_edge.accuracy.data.manifest import list_videos
    from i3d_edge.accuracy.data.shard import WHOLE, parse_shard
    from i3d_edge.accuracy.run.runner import score_videos
    from i3d_edge.accuracy.run.scorers import ModelDefaults

    videos, folder = Path(videos), Path(output)
    if not videos.exists():
        raise ListError(f"no list, manifest or folder {str(videos)!r}")
    if cluster is not None and graph is not None:
        raise ArgumentError("a frozen graph is scored on one machine only", hint="leave --graph or --cluster out")
    reading = reading or ListOptions()
    part = WHOLE if shard is None else parse_shard(shard)
    preset = replace(_preset(protocol, num_clips), flow=flow)
    defaults = ModelDefaults(device, inference_precision, spec_path, say)
    with ExitStack() as stack:
        spec, scorers = _open_scorers(preset, models, graph, folder, defaults, stack)
        preset.plan(spec)
        listed, digest = list_videos(videos, spec.labels, reading, say=say, shard=part)
        scoring = None
        if cluster is not None:
            from i3d_edge.accuracy.run.cluster import score_on_cluster
            from i3d_edge.runtime.inference.model_choice import named_choices

            scoring = partial(
                score_on_cluster,
                cluster=cluster,
                choices=named_choices(models),
                defaults=defaults,
                scorers=scorers,
                spec=spec,
                plan=preset.plan(spec),
            )
        return score_videos(
            listed,
            scorers,
            spec,
            folder,
            list_path=videos,
            root=reading.root,
            manifest_digest=digest,
            shard=part,
            preset=preset,
            num_workers=num_decoders,
            scoring=scoring,
            say=say,
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


def merge_runs(runs: Sequence[StrPath], output: StrPath, *, force: bool = False) -> Result:
    """Join runs over all slices of one list, as one run of the whole list would have written them.

    Args:
        runs: Folders of `run_accuracy` with `shard`, in any order; a slice may be there several times.
        output: The folder for the whole run.
        force: Replace what is there.

    Raises:
        ResultError: If slices are missing or not whole, or the runs differ in models, protocol, list or precision.
        OutputError: If the folder holds something else, or cannot be written.

    Example:
        >>> result = merge_runs(["part1", "part2", "part3"], "results")
    """
    from i3d_edge.accuracy.run.merging import merge_slices

    return merge_slices([Path(run) for run in runs], Path(output), force=force)


def compare_run(
    baseline: StrPath,
    run: str,
    *,
    max_drop_points: float = 2.0,
    max_drift: float | None = None,
    num_allowed_dropped: int = 0,
    allow_mixed: bool = False,
    undecided: Undecided | None = None,
) -> GateReport:
    """Hold a run to a baseline, on the same videos, pair by pair.

    Args:
        baseline: A file of `i3d accuracy baseline`.
        run: The folder of a run, with the model's name where it has several: "results:int8".
        max_drop_points: Largest loss of top-1 accuracy per video. Unit: percentage points.
        max_drift: Largest mean |change of ln p| of the baseline's best class; None for no limit.
        num_allowed_dropped: How many of the baseline's videos the run may have dropped.
        allow_mixed: Take runs that mix kinds of CPUs or precisions.
        undecided: What "too few videos to tell" counts as; None keeps it apart.

    Raises:
        ResultError: If a file is not whole.
        ComparisonError: If the two are not of the same measurement.
        ArgumentError: If they are swapped.

    Example:
        >>> compare_run("baseline.json", "results:int8").verdict
    """
    from i3d_edge.accuracy.gate.baseline import pick_model, read_baseline
    from i3d_edge.accuracy.gate.comparison import compare
    from i3d_edge.accuracy.gate.text import GateReport
    from i3d_edge.accuracy.gate.verdict import Limits, judge
    from i3d_edge.accuracy.result.recorded_run import read_named_runs, split_run

    if os.path.isdir(split_run(str(baseline))[0]) and os.path.isfile(run):
        raise ArgumentError(
            f"the baseline comes first, then the run: {str(baseline)!r} is a folder, {run!r} a file",
            hint=f"i3d accuracy compare {run} {baseline}",
        )
    kept = read_baseline(Path(baseline))
    [(recorded, name)] = read_named_runs([run])
    model = pick_model(recorded, name)
    comparison = compare(kept, recorded, model, num_allowed_dropped=num_allowed_dropped, allow_mixed=allow_mixed)
    limits = Limits(max_drop=max_drop_points / 100, max_drift=max_drift)
    protocol = f"{kept['how']['name']} v{kept['how']['version']}"
    return GateReport(comparison, limits, judge(comparison, limits), protocol, undecided)


def write_report(
    runs: Sequence[str],
    output: StrPath,
    *,
    root: StrPath | None = None,
    with_thumbnails: bool = True,
    explains: bool = False,
    by_likeness: bool = False,
    force: bool = False,
) -> None:
    """Write runs as one self-contained HTML page.

    Args:
        runs: Folders of runs; "results:int8" shows one model of a run. The first model of each protocol and set of
            videos is what the others are compared with.
        output: The page.
        root: Where the videos are, if not where they were scored.
        with_thumbnails: Show pictures of videos whose answer changed.
        explains: Draw on these where each model saw its answer: the models run again.
        by_likeness: Show all videos too, those side by side that look alike to the first model, which runs again.
        force: Replace an existing page.

    Raises:
        ResultError: If a run is not whole.
        IRError: If a model that shall run again is not there.
        OutputError: If the page exists (without `force`) or cannot be written.

    Example:
        >>> write_report(["results", "results-10x3:int8"], "report.html")
    """
    from i3d_edge.accuracy.report.page import make_report
    from i3d_edge.accuracy.result.recorded_run import read_named_runs

    output = Path(output)
    check_output(output, force=force)
    page = make_report(
        read_named_runs(runs),
        root=None if root is None else Path(root),
        with_thumbnails=with_thumbnails,
        explains=explains,
        by_likeness=by_likeness,
    )
    write_text(output, page, force=force)
