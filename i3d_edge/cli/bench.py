"""`i3d bench`: how fast do models run here?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import COUNT, PATH, Command, device_option, json_option, note, precision_option, quiet_option
from i3d_edge.core.text import plural, table

if TYPE_CHECKING:
    from i3d_edge.runtime.inference.engine import Mode
    from i3d_edge.runtime.measure.bench import Timing


@click.command(cls=Command)
@click.argument("models", type=PATH, nargs=-1, required=True, metavar="MODEL.xml...")
@click.option(
    "--mode",
    type=click.Choice(["latency", "throughput"]),
    default="latency",
    help="One clip at a time, or as many as the device takes.",
)
@click.option("--rounds", type=COUNT, default=10, help="Timings of each model.")
@device_option
@precision_option
@json_option
@quiet_option
def bench(
    models: tuple[Path, ...], mode: Mode, rounds: int, device: str, inference_precision: str | None, as_json: bool
) -> None:
    """Time models on random pixels, taking turns in one run.

    Each model is compared with the first one, round by round, so that other work on the machine affects all alike.
    Decoding is not included. Times are per answer: of a model of whole clips a clip, of a step model a step of `hop`
    frames, in throughput mode of as many streams as the device can take.

    \b
    Example:
      i3d bench FP32.xml INT8.xml INT8_step8.xml --rounds 20
    """
    from i3d_edge.api.models import bench_models
    from i3d_edge.runtime.measure.bench import WARM_UP

    timings = bench_models(
        models, mode=mode, rounds=rounds, say=note, device=device, inference_precision=inference_precision
    )
    rows = _rows(timings)
    if as_json:
        document = {"device": device, "mode": mode, "rounds": rounds, "models": rows}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(_table(rows))
        note(f"{mode} mode on {device}, {plural(rounds, 'round')} after {WARM_UP} to warm up; per answer, no decoding")


def _rows(timings: Mapping[str, Timing]) -> list[dict[str, Any]]:
    from i3d_edge.core.timing import times_faster

    first = next(iter(timings.values()))
    return [
        {
            "model": path,
            "hop": timing.engine.spec.stepping and timing.engine.spec.stepping.hop,
            "executed_precision": timing.engine.precision,
            "median_ms": round(timing.percentile_ms(50), 2),
            "p90_ms": _percentile(timing, 90),
            "p99_ms": _percentile(timing, 99),
            "clips_per_s": round(timing.clips_per_s, 3),
            "times_faster_than_first": round(times_faster(timing.clip_ms, first.clip_ms), 3),
        }
        for path, timing in timings.items()
    ]


def _percentile(timing: Timing, percent: int) -> float | None:
    """Return a percentile that has a round of its own above it, else None."""
    is_known = len(timing.clip_ms) * (100 - percent) >= 100
    return round(timing.percentile_ms(percent), 2) if is_known else None


def _table(rows: list[dict[str, Any]]) -> str:
    headers = ("model", "hop", "ran in", "median ms", "p90 ms", "p99 ms", "clips/s", "x first")
    lines = [[value if isinstance(value, str | int) else _digits(value) for value in row.values()] for row in rows]
    return table(lines, headers, colalign=("left", "right", "left", *["right"] * 5))


def _digits(value: float | None) -> str:
    """Return a number as times deserve it, in three digits or whole; a dash for one that is not known."""
    return "-" if value is None else f"{value:.0f}" if value >= 100 else f"{value:#.3g}"
