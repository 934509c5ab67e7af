"""A run's scores as tables for the terminal: metrics, classes, confusions, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from i3d_edge.accuracy.report.text import format_result
from i3d_edge.accuracy.result.recorded_run import RecordedRun
from i3d_edge.accuracy.result.schema import Details
from i3d_edge.accuracy.result.scoring import Scores

_SHOWN_CONFUSIONS = 10


def format_scores(run: RecordedRun, scores: Mapping[str, Scores], *, with_classes: bool = False) -> str:
    """Return what `score_run` computed as text.

    Args:
        run: Whose scores they are.
        scores: By model.
        with_classes: Add the table of classes.
    """
    parts = [format_result(run.result)]
    for model, score in scores.items():
        parts.append(_details(model, score.details, run.class_names, with_classes=with_classes))
    return "\n\n".join(parts)


def _details(model: str, details: Details, names: Sequence[str], *, with_classes: bool) -> str:
    num_classes = sum(count["num_videos"] > 0 for count in details["classes"])
    lines = [
        f"{model}: mean class top-1 {100 * details['mean_class_top1']:.1f} % over {num_classes} classes; "
        f"expected calibration error {100 * details['calibration_error']:.1f} points",
    ]
    if details["confusions"]:
        rows = [
            (names[pair["label"]], names[pair["predicted"]], pair["num_videos"])
            for pair in details["confusions"][:_SHOWN_CONFUSIONS]
        ]
        lines += ["", tabulate(rows, headers=("label", "taken for", "videos"), tablefmt="simple")]
    bins = [
        (
            f"{100 * item['low']:.0f} .. {100 * item['high']:.0f} %",
            item["num_videos"],
            f"{100 * item['mean_confidence']:.1f} %",
            f"{100 * item['num_correct'] / item['num_videos']:.1f} %",
        )
        for item in details["calibration"]
        if item["mean_confidence"] is not None
    ]
    lines += ["", tabulate(bins, headers=("probability", "videos", "mean", "right"), tablefmt="simple")]
    if with_classes:
        counts = [
            (
                names[count["label"]],
                count["num_videos"],
                count["num_top1"],
                count["num_top5"],
                count["num_predicted"],
            )
            for count in details["classes"]
        ]
        headers = ("class", "videos", "top-1", "top-5", "predicted")
        lines += ["", tabulate(counts, headers=headers, tablefmt="simple")]
    return "\n".join(lines)
