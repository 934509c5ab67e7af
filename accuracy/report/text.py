"""A result as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from i3d_edge.accuracy.result.schema import Protocol, Result, Time

_SHOWN_DROPPED = 10
_SHOWN_WARNINGS = 3


def format_result(result: Result) -> str:
    """Return a result as text: metrics with intervals, counts, and every reservation."""
    rows = [
        (
            model,
            name,
            f"{100 * metric['value']:.1f} %",
            f"{100 * metric['interval_low']:.1f} .. {100 * metric['interval_high']:.1f} %",
            f"{metric['num_correct']}/{metric['num_total']}",
        )
        for model, metrics in result["metrics"].items()
        for name, metric in metrics.items()
    ]
    how, counts = result["how"], result["counts"]
    lines = [tabulate(rows, headers=("model", "metric ↑", "value", "95 % interval", "count"), tablefmt="simple"), ""]
    lines += [
        f"{name}: {info['kind']}, weights {info['origin']}, ran in {info['executed_precision']} on {info['device']}"
        for name, info in result["what"].items()
    ]
    lines.append(f"protocol: {protocol_line(how)}")
    lines.append(
        f"videos: {counts['listed']} listed, {counts['decoded']} decoded, {counts['scored']} scored, "
        f"{counts['unlabelled']} without a label, {len(counts['dropped'])} dropped"
    )
    lines += [f"  dropped {item['path']}: {item['reason']}" for item in counts["dropped"][:_SHOWN_DROPPED]]
    if (hidden := len(counts["dropped"]) - _SHOWN_DROPPED) > 0:
        lines.append(f"  and {hidden} more: see result.json")
    lines += _warning_lines(result["warnings"])
    lines.append(_time_line(result["time"]))
    if not result["is_complete"]:
        lines.append("INTERRUPTED: these are not all of the videos; the same command goes on")
    return "\n".join(lines)


def protocol_line(how: Protocol) -> str:
    """Return a protocol in one line: its name, and everything that is under it."""
    clips = "as many clips as needed" if how["num_clips"] is None else f"{how['num_clips']} clips"
    clips = "1 clip" if how["num_clips"] == 1 else clips
    length = "the whole video" if how["num_frames"] is None else f"{how['num_frames']} frames"
    length += f", {how['frame_stride']} apart," if how["frame_stride"] > 1 else ""
    rate = "the source's rate" if how["frame_rate_fps"] is None else f"{how['frame_rate_fps']} fps"
    side = f"short_side={how['short_side_px']}" if how["long_side_px"] is None else f"long_side={how['long_side_px']}"
    crops = "centre crop" if how["num_crops"] == 1 else f"{how['num_crops']} crops of"
    last = ", the last video not counted" if how["drops_last_video"] else ""
    return (
        f"{how['name']} v{how['version']}: {clips} of {length} at {rate} per video, {side} "
        f"({how['interpolation']}), {crops} {how['crop_px']}, {how['aggregation']}{last}"
    )


def _warning_lines(warnings: Mapping[str, Sequence[str]]) -> list[str]:
    """Return how many videos count with reservations, and the first few of them."""
    if not warnings:
        return []
    lines = [f"warnings: {len(warnings)} of the decoded videos"]
    lines += [f"  {path}: {'; '.join(own)}" for path, own in list(warnings.items())[:_SHOWN_WARNINGS]]
    if (hidden := len(warnings) - _SHOWN_WARNINGS) > 0:
        lines.append(f"  and {hidden} more: see result.json")
    return lines


def _time_line(time: Time) -> str:
    total_s = time["total_s"]
    waited = f"{time['wait_s'] / total_s:.0%}" if total_s else "-"
    busy = time["decode_s"] + sum(time["infer_s"].values())
    share = f"{time['decode_s'] / busy:.0%}" if busy else "-"
    return (
        f"time: {total_s:.1f} s, {time['views_per_s']:.3g} clips/s; decoding is {share} of the work, beside inference, "
        f"which waited for it {waited} of the time"
    )
