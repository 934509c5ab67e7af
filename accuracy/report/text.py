"""A run's result and scores as tables for the terminal."""

from collections.abc import Mapping, Sequence

from i3d_edge.accuracy.gate.comparison import machine_line
from i3d_edge.accuracy.report.numbers import count, interval
from i3d_edge.accuracy.result.recorded_run import RecordedRun
from i3d_edge.accuracy.result.schema import Counts, Details, Protocol, Result, Time
from i3d_edge.accuracy.result.scoring import Scores
from i3d_edge.core.text import one_line, table
from i3d_edge.runtime.show.templates import percent

_SHOWN_DROPPED = 10
_SHOWN_WARNINGS = 3
_SHOWN_CONFUSIONS = 10


def format_result(result: Result) -> str:
    """Return a result as text: metrics with intervals, counts, and every warning."""
    counts = result["counts"]
    rows = [
        (model, name, percent(metric["value"]), interval(metric), count(metric))
        for model, metrics in result["metrics"].items()
        for name, metric in metrics.items()
    ]
    dropped = [f"  dropped {item['path']}: {item['reason']}" for item in counts["dropped"]]
    warnings = [f"  {path}: {'; '.join(own)}" for path, own in result["warnings"].items()]
    lines = [
        f"{name}: {info['kind']}, weights {info['origin']}, ran in {info['executed_precision']} on {info['device']}"
        for name, info in result["what"].items()
    ]
    lines.append(f"protocol: {protocol_line(result['how'])}")
    lines += [f"videos: {counts_line(counts)}", *_first(dropped, _SHOWN_DROPPED)]
    if warnings:
        lines += [f"warnings: {len(warnings)} of the decoded videos", *_first(warnings, _SHOWN_WARNINGS)]
    lines += [f"MIXED: {machine_line(kind)}" for kind in result["where"].get("machines", [])]
    lines.append(_time_line(result["time"]))
    num_done, num_new = counts["decoded"] + len(counts["dropped"]), result["time"].get("num_new")
    if num_new is not None and num_new < num_done:
        lines.append(f"measured by this command: {num_new} of {num_done} videos; --force measures all of them again")
    if not result["is_complete"]:
        lines.append("INTERRUPTED: these are not all of the videos; run the same command again to continue")
    metrics = table(rows, ("model", "metric ↑", "value", "95 % interval", "count"), disable_numparse=False)
    return "\n".join([metrics, "", *map(one_line, lines)])


def protocol_line(how: Protocol) -> str:
    """Return a protocol's name and fields in one line."""
    clips = "as many clips as needed" if how["num_clips"] is None else f"{how['num_clips']} clips"
    clips = "1 clip" if how["num_clips"] == 1 else clips
    length = "the whole video" if how["num_frames"] is None else f"{how['num_frames']} frames"
    length += f", {how['frame_stride']} apart," if how["frame_stride"] > 1 else ""
    rate = "the source's rate" if how["frame_rate_fps"] is None else f"{how['frame_rate_fps']} fps"
    squeezed = "squeezed" + (f" to {how['squeezed_px']}" if "squeezed_px" in how else "")
    side = squeezed if how["short_side_px"] is None else f"short_side={how['short_side_px']}"
    side = side if how["long_side_px"] is None else f"long_side={how['long_side_px']}"
    crops = "centre crop" if how["num_crops"] == 1 else f"{how['num_crops']} crops of"
    order = " by name" if how["drops_last_video"] == "by name" else ""
    last = f", the last video{order} not counted" if how["drops_last_video"] else ""
    return (
        f"{how['name']} v{how['version']}: {clips} of {length} at {rate} per video, {side} "
        f"({how['interpolation']}), {crops} {how['crop_px']}, {how['aggregation']}{last}"
    )


def counts_line(counts: Counts) -> str:
    """Return how many videos were listed, decoded, scored and dropped."""
    return (
        f"{counts['listed']} listed, {counts['decoded']} decoded, {counts['scored']} scored, "
        f"{counts['unlabelled']} without a label, {len(counts['dropped'])} dropped"
    )


def _first(lines: Sequence[str], limit: int) -> list[str]:
    hidden = len(lines) - limit
    return [*lines[:limit], *([f"  and {hidden} more: see result.json"] if hidden > 0 else [])]


def _time_line(time: Time) -> str:
    total_s = time["total_s"]
    waited = f"{time['wait_s'] / total_s:.0%}" if total_s else "-"
    busy = time["decode_s"] + sum(time["infer_s"].values())
    share = f"{time['decode_s'] / busy:.0%}" if busy else "-"
    return (
        f"time: {total_s:.1f} s, {time['views_per_s']:.3g} clips/s; decoding is {share} of the work, beside inference, "
        f"which waited for it {waited} of the time"
    )


def format_scores(run: RecordedRun, scores: Mapping[str, Scores]) -> str:
    """Return the scores of `score_run`, by model, as text."""
    details = [_details(model, score.details, run.class_names) for model, score in scores.items()]
    return "\n\n".join([format_result(run.result), *details])


def _details(model: str, details: Details, names: Sequence[str]) -> str:
    num_classes = sum(count["num_videos"] > 0 for count in details["classes"])
    parts = [
        f"{one_line(model)}: mean class top-1 {percent(details['mean_class_top1'])} over {num_classes} classes; "
        f"expected calibration error {100 * details['calibration_error']:.1f} points"
    ]
    if details["confusions"]:
        rows = [
            (names[pair["label"]], names[pair["predicted"]], pair["num_videos"])
            for pair in details["confusions"][:_SHOWN_CONFUSIONS]
        ]
        parts.append(table(rows, ("label", "taken for", "videos"), disable_numparse=False))
    return "\n\n".join(parts)
