"""A result as a table for the terminal."""

from __future__ import annotations

from tabulate import tabulate

from accuracy.result_schema import Result

_SHOWN_DROPPED = 10


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
    lines.append(
        f"protocol: {how['num_clips']} clip(s) of {how['num_frames']} frames at {how['frame_rate_fps']} fps per video, "
        f"short_side={how['short_side_px']}, centre crop {how['crop_px']}, {how['aggregation']}"
    )
    lines.append(
        f"videos: {counts['listed']} listed, {counts['decoded']} decoded, {counts['scored']} scored, "
        f"{counts['unlabelled']} without a label, {len(counts['dropped'])} dropped"
    )
    lines += [f"  dropped {item['path']}: {item['reason']}" for item in counts["dropped"][:_SHOWN_DROPPED]]
    if (hidden := len(counts["dropped"]) - _SHOWN_DROPPED) > 0:
        lines.append(f"  and {hidden} more: see result.json")
    if any(info["is_stand_in"] for info in result["what"].values()):
        lines.append("STAND-IN weights: these numbers prove the pipeline, and say nothing about I3D's accuracy")
    return "\n".join(lines)
