"""Options of the commands that run a model, and what they say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import (
    Function,
    cache_option,
    device_option,
    note,
    options,
    precision_option,
    spec_option,
    streams_option,
    threads_option,
)
from i3d_edge.cli._profile import apply_profile, profile_option
from i3d_edge.core.text import plural

if TYPE_CHECKING:
    from i3d_edge.runtime import Engine

mode_option = click.option(
    "--mode",
    type=click.Choice(["latency", "throughput"]),
    help="One clip at a time on all cores, or several at once.  [default: latency for one clip of one file, else "
    "throughput]",
)


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How the user wants a model to run."""

    # arguments of `Engine` that a profile may set: device, inference_precision, mode, num_streams
    settings: dict[str, Any]
    profile_path: Path | None
    others: dict[str, Any]  # arguments of `Engine` that it does not set: num_threads, cache, spec_path

    def require_no_threads(self, cluster: object) -> None:
        """Raise UsageError for --threads beside a cluster."""
        if cluster is not None and self.others["num_threads"] is not None:
            raise click.UsageError("--threads cannot be used with --cluster: --worker-threads can")

    def arguments(self, model_path: Path, **defaults: Any) -> dict[str, Any]:
        """Return arguments of `Engine`: the user's, a profile's, or `defaults`; raises as `apply_profile`."""
        own = {name: defaults.get(name) if value is None else value for name, value in self.settings.items()}
        return {**apply_profile(self.profile_path, model_path, own), **self.others}


def engine_options(*, has_mode: bool = False) -> Callable[[Function], Function]:
    """Return a decorator that adds the options of an engine; the command gets them as `engine`, an `EngineOptions`."""
    settings = ["device", "inference_precision"] + (["mode", "num_streams"] if has_mode else [])
    others = ["num_threads", "cache", "spec_path"]
    added = [spec_option, device_option, precision_option, *((mode_option, streams_option) if has_mode else ())]
    added += [threads_option, profile_option, cache_option]

    def decorate(function: Function) -> Function:
        @wraps(function)
        def wrapper(*args: Any, profile_path: Path | None, **given: Any) -> Any:
            own = {name: given.pop(name) for name in settings}
            engine = EngineOptions(own, profile_path, {name: given.pop(name) for name in others})
            return function(*args, engine=engine, **given)

        decorated: Function = options(*added)(wrapper)
        return decorated

    return decorate


def note_engine(model_path: Path, engine: Engine, remark: str = "") -> None:
    """Say on stderr what really runs: "int8 on CPU, latency mode, 1 stream, 2 threads, compiled in 0.41 s"."""
    from i3d_edge.runtime.inference.placement import start_notes

    parts = [f"{engine.precision} on {engine.device}, {engine.mode} mode"]
    if engine.num_streams is not None:
        parts.append(plural(engine.num_streams, "stream"))
    if engine.num_threads is not None:
        parts.append(plural(engine.num_threads, "thread"))
    parts.append(f"{'taken from the cache' if engine.is_cached else 'compiled'} in {engine.compile_s:.2f} s")
    note(f"model {model_path}: {engine.spec.title()}; runs in {', '.join(parts)}{remark}")
    for text in start_notes(engine):
        note(text)


def engine_fields(engine: Engine) -> dict[str, Any]:
    """Return what really runs, as JSON values."""
    return {
        "device": engine.device,
        "executed_precision": engine.precision,
        "mode": engine.mode,
        "num_streams": engine.num_streams,
        "num_threads": engine.num_threads,
        "is_cached": engine.is_cached,
    }
