"""`i3d stream`: what happens in front of this camera?"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import (
    COUNT,
    INTERRUPTED,
    PATH,
    Command,
    frames_fps_option,
    is_given,
    model_option,
    note,
    quiet_option,
)
from i3d_edge.cli._engine import EngineOptions, engine_options, note_engine
from i3d_edge.cli._interrupt import asked_first
from i3d_edge.cli._rules import Decorator, rule_options, seconds
from i3d_edge.core import progress
from i3d_edge.core.files import make_folder, writing
from i3d_edge.core.text import plural, probability_text

if TYPE_CHECKING:
    from i3d_edge.core.spec import ModelSpec
    from i3d_edge.runtime import Engine
    from i3d_edge.runtime.outbox import Delivery, Queue

FLUSH_S = 10.0
"""How long the end waits for a webhook to take what is left."""


def _number_or(word: str, flag: str, default: int, noun: str, text: str) -> Decorator:
    """Return an option that is a whole number above 0, or one word that stands for None."""

    def read(_ctx: click.Context, _param: click.Parameter, value: str) -> int | None:
        if value == word:
            return None
        if not value.isascii() or not value.isdigit() or int(value) == 0:
            raise click.BadParameter(f"{value!r} is not a number above 0 or {word!r}.")
        return int(value)

    return click.option(flag, default=str(default), callback=read, metavar=f"{noun}|{word}", help=text)


def _path(flag: str, text: str) -> Decorator:
    return click.option(flag, f"{flag.strip('-')}_path", type=PATH, help=text)


@click.command(cls=Command)
@click.argument("source", envvar="I3D_SOURCE")
@model_option
@_number_or(
    "auto",
    "--hop",
    25,
    "FRAMES",
    "Frames from one window to the next; auto: as few as the machine can keep up with. A step model has its own.",
)
@click.option(
    "--smooth",
    "smoothing",
    default="exponential:1",
    metavar="HOW",
    help="Smoothing: exponential:SECONDS (half-life), mean:WINDOWS or none.",
)
@rule_options
@click.option("--camera", metavar="NAME", help="What events call the source.  [default: its address]")
@_path("--events", "Also append events to this file.")
@_path("--predictions", "Append each window's answer to this file, for i3d events replay.")
@click.option(
    "--top",
    "num_predictions",
    type=COUNT,
    default=5,
    help="Classes in an answer.",
)
@click.option(
    "--webhook", metavar="URL", envvar="I3D_WEBHOOK", show_envvar=True, help="POST each event to this URL as JSON."
)
@click.option(
    "--real-time", "is_real_time", is_flag=True, help="Play a file at its own speed, and drop windows like a camera."
)
@click.option("--loop", "is_looped", is_flag=True, help="Play a file again and again.")
@_number_or(
    "forever",
    "--reconnect",
    5,
    "N",
    "Attempts to reconnect to a source; forever also waits for one that is not there yet.",
)
@click.option(
    "--hardware-decoder",
    metavar="NAME",
    help="Decode with this FFmpeg device, for instance qsv (Intel), instead of the CPU.",
)
@click.option(
    "--rtsp-transport",
    type=click.Choice(["tcp", "udp"]),
    default="tcp",
    help="Transport of RTSP streams.",
)
@seconds("--open-timeout", 10.0, "Time allowed for the source to open.")
@seconds("--read-timeout", 10.0, "Time allowed for the next frame.")
@seconds("--max-duration", None, "Stop after this much of the stream.")
@seconds("--report-every", 30.0, "Print statistics on stderr this often; 0: never.", may_be_0=True)
@frames_fps_option
@engine_options()
@quiet_option
def stream(
    source: str,
    model_path: Path,
    events_path: Path | None,
    predictions_path: Path | None,
    webhook: str | None,
    engine: EngineOptions,
    **watching: Any,
) -> None:
    """Watch a live source and print actions as they start and end, as JSON lines.

    SOURCE is a file, camera:0 or /dev/video0, rtsp://..., http(s)://... (also HLS), or - for standard input. An
    address with a password can be given as $I3D_SOURCE, where other users cannot see it. Ctrl-C ends the actions under
    way, prints a summary and exits with 130.

    \b
    Example:
      i3d stream rtsp://camera.local/stream1 --model rgb_scratch_int8.xml --hop auto
    """
    from i3d_edge.api.videos import open_stream
    from i3d_edge.runtime import outbox
    from i3d_edge.runtime.live import Address, StreamOptions

    address = Address.parse(source)
    if watching["is_looped"] and address.kind != "file":
        raise click.UsageError("--loop is for files only")
    address.require_file()
    if not progress.is_enabled():
        watching["report_every_s"] = 0
    options = StreamOptions(**watching)
    queue = outbox.Queue()
    hook = outbox.webhook_to(webhook, queue, say=note) if webhook else None
    with ExitStack() as stack:
        write_event, write_prediction = (
            stack.enter_context(_appending(path)) for path in (events_path, predictions_path)
        )

        def chosen(spec: ModelSpec) -> StreamOptions:
            if spec.none_below is None or is_given("on"):
                return options
            note(f"actions start at {probability_text(spec.none_below)}: below, this model's answer is none of these")
            return replace(options, on=spec.none_below, off=min(options.off, spec.none_below))

        def compiled(own: Engine) -> None:
            stepping = own.spec.stepping
            if stepping and is_given("hop") and options.hop != stepping.hop:
                note(f"the model's steps are of {stepping.hop} frames: --hop is {stepping.hop}")
            note_engine(model_path, own)

        live = open_stream(source, model_path, chosen, say=note, compiled=compiled, **engine.arguments(model_path))
        stack.callback(live.close)
        note(f"watching {live.source}")
        if hook:
            stack.enter_context(_delivering(hook, queue))
        received: list[int] = []

        def stop(number: int) -> None:
            received.append(number)
            live.stop()

        stack.enter_context(asked_first(stop))
        stack.callback(lambda: note(live.statistics.summary(time.monotonic())))
        for item in live:
            line = item.to_json()
            if item.type in ("window", "gap"):
                write_prediction(line)
            if item.type == "window":
                continue
            click.echo(line)
            write_event(line)
            if hook:
                queue.put(line)
    if signal.SIGINT in received:
        click.get_current_context().exit(INTERRUPTED)


@contextmanager
def _appending(path: Path | None) -> Iterator[Callable[[str], None]]:
    """Open a file to append to; yield a function that writes a line at once, or does nothing without a file."""
    if path is None:
        yield lambda _line: None
        return
    if path.is_file():
        _end_line(path)
    make_folder(path.parent)
    with writing(path), path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1) as file:

        def write(line: str) -> None:
            with writing(path):
                file.write(line + "\n")

        yield write


def _end_line(path: Path) -> None:
    """End a line that a crash has cut off, so that the next one is not lost with it."""
    with writing(path), path.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read() != b"\n":
                file.write(b"\n")


@contextmanager
def _delivering(hook: Delivery, queue: Queue) -> Iterator[None]:
    """At the end, deliver the waiting events for a while, and report the totals."""
    try:
        yield
    finally:
        if queue:
            note(f"{hook.receiver}: {plural(len(queue), 'event')} left; trying for up to {FLUSH_S:g} s")
        hook.close(FLUSH_S)
        failed = plural(hook.num_retries, "failed attempt")
        note(f"{hook.receiver}: {hook.num_sent} sent, {hook.num_lost} lost, {failed}")
