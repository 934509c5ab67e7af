"""A result as Markdown: the finding, the table, how each rival is set up, and what it ran on."""

from __future__ import annotations

from benchmarks.figures import Figure, figures, finding, percent, rounded, times
from benchmarks.result import BenchmarkResult
from i3d_edge.core.timing import times_faster

_BUSY_LOAD = 0.5


def markdown(result: BenchmarkResult, *, chart: str) -> str:
    """Return the section of a page that a result fills.

    Args:
        result: The run.
        chart: The chart's file, as a link from the page.
    """
    lines = figures(result)
    parts = [
        f"**{finding(result)}.**",
        f"![{finding(result)}; the figures are in the table below]({chart})",
        _table(
            ("what runs", "ran in", "ms per clip", "p10 to p90", "speed", "against stock", "logits differ", "top-1"),
            [_row(line, result) for line in lines],
            right_from=2,
        ),
        _legend(result),
        *_throughput(result),
        _table(("what runs", "set up"), [(line.rival["name"], line.rival["set_up"]) for line in lines]),
    ]
    if result["skipped"]:
        skipped = "; ".join(f"{item['name']}, because {item['reason']}" for item in result["skipped"])
        parts.append(f"Skipped: {skipped}.")
    return "\n\n".join([*parts, _where(result)]) + "\n"


def _row(line: Figure, result: BenchmarkResult) -> tuple[str, ...]:
    rival = line.rival
    name, median = rival["name"], rounded(line.median_ms)
    return (
        f"**{name}**" if line.is_ours else name,
        rival["ran_in"],
        f"**{median}**" if line.is_ours else median,
        f"{rounded(line.p10_ms)} to {rounded(line.p90_ms)}",
        times(line.times_reference),
        "" if line.is_stock or line.times_stock is None else times(line.times_stock),
        "" if rival is result["rivals"][0] else percent(rival["difference"]),
        f"{rival['num_same_top1']} of {result['num_compared']}",
    )


def _legend(result: BenchmarkResult) -> str:
    reference = result["rivals"][0]["name"]
    return (
        "ms per clip: the median. Speed: how many times that of "
        f"{reference}; against stock: of stock OpenVINO meant for the same precision; both are medians over "
        f"{result['rounds']} rounds of the quotient within a round. Logits differ: the largest difference to "
        f"{reference} on {result['num_compared']} clips, as a part of the largest logit; its own logits for the one "
        f"clip and the other differ by {percent(result['other_clip_difference'])}. Top-1: on how many of those "
        "clips the best class is the same."
    )


def _throughput(result: BenchmarkResult) -> list[str]:
    """Compare each throughput mode with one request at a time of the same model."""
    by_name = {rival["name"]: rival for rival in result["rivals"]}
    sentences = []
    for name, rival in by_name.items():
        single = name.removesuffix(", throughput")
        if single != name and single in by_name:
            ratio = times(times_faster(rival["clip_ms"], by_name[single]["clip_ms"]))
            sentences.append(
                f"In throughput mode {single} answers {ratio} as many clips a second as one request at a time."
            )
    return sentences


def _where(result: BenchmarkResult) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    busy = ", so the machine was not idle" if result["load_before"] >= _BUSY_LOAD else ""
    shape = "x".join(map(str, result["clip_shape"]))
    return (
        f"Measured on {result['date']}: {result['hardware_class']}; {versions}. {result['model']}; clips {shape} of "
        f"{result['clips']}; INT8 calibrated on {result['num_calibration']} clips. {result['rounds']} rounds in random "
        f"order, seed {result['seed']}, after {result['warm_up']} runs to warm up, with a pause of "
        f"{result['pause_s']:g} s before each turn; load before the run {result['load_before']:g}{busy}."
    )


def _table(headers: tuple[str, ...], rows: list[tuple[str, ...]], *, right_from: int | None = None) -> str:
    edge = len(headers) if right_from is None else right_from
    rule = ["---" if column < edge else "---:" for column in range(len(headers))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headers, rule, *rows))
