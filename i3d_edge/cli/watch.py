"""`i3d watch`: what happens in front of all these cameras?"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import INTERRUPTED, PATH, Command, note, quiet_option
from i3d_edge.cli._engine import note_engine
from i3d_edge.cli._interrupt import asked_first
from i3d_edge.cli._rules import seconds
from i3d_edge.core import progress
from i3d_edge.core.errors import I3DError
from i3d_edge.core.text import plural

if TYPE_CHECKING:
    from i3d_edge.runtime.box import Box
    from i3d_edge.runtime.watch import Watch

_BEAT_S = 1.0
_MOST_PRINTED, _PRINTED_WITHIN_S = 10_000, 2.0
"""Events that wait for whoever reads them, and how long the end waits for that."""


@click.command(cls=Command)
@click.argument("config_path", metavar="CAMERAS.yaml", type=PATH, required=False)
@click.option("--check", "is_check", is_flag=True, help="Check the configuration, list all mistakes, and end.")
@click.option("--schema", "is_schema", is_flag=True, help="Print the configuration's JSON Schema, for editors.")
@seconds("--report-every", 60.0, "Print statistics on stderr this often; 0: never.", may_be_0=True)
@quiet_option
def watch(config_path: Path | None, is_check: bool, is_schema: bool, report_every_s: float) -> None:
    """Watch many cameras with one model, and print actions as they start and end, as JSON lines.

    CAMERAS.yaml names the model, the cameras, and who is told: an MQTT broker, a webhook, a page in the browser, which
    also shows clips of what happened. Changed cameras are taken on SIGHUP. Ctrl-C ends the actions under way and exits
    with 130.

    \b
    Example:
      i3d watch cameras.yaml --check
      i3d watch cameras.yaml
    """
    from i3d_edge.runtime import read_ir
    from i3d_edge.runtime.box import LONGEST_TURN_S
    from i3d_edge.runtime.outbox import Delivery, Queue
    from i3d_edge.runtime.settings import check_labels, config_schema, read_config
    from i3d_edge.runtime.watch import Watch, tell_manager

    if is_schema:
        click.echo(json.dumps(config_schema(), indent=2))
        return
    if config_path is None:
        raise click.UsageError("Missing argument 'CAMERAS.yaml'.")
    config = read_config(config_path)
    if is_check:
        check_labels(config, read_ir(config.model, spec_path=config.spec, steps=True)[1].labels)
        click.echo(f"{config_path} is right: {plural(len(config.cameras), 'camera')}")
        return
    reloading = threading.Event()
    if sys.platform != "win32":  # which has no such signal; it would end the program while the model is compiled
        signal.signal(signal.SIGHUP, lambda *_: reloading.set())
    received: list[int] = []
    # In a thread of its own: whoever reads it may be slow, and the disk that it goes to full.
    printed = Queue(_MOST_PRINTED)
    printer = Delivery("standard output", printed, click.echo, say=note)
    with ExitStack() as stack:
        stack.callback(printer.close, _PRINTED_WITHIN_S)
        watching = stack.enter_context(Watch(config, say=note, tell=printed.put))
        note_engine(config.model, watching.box.engine)
        note(f"watching {plural(len(config.cameras), 'camera')}, state in {str(config.state)!r}")
        if watching.url:
            note(f"page at {watching.url}")

        def stop(number: int) -> None:
            received.append(number)
            watching.box.stop()

        beat_s = 0.0
        reports = _Reports(watching.box, report_every_s if progress.is_enabled() else 0)

        def attend() -> None:
            nonlocal beat_s
            now_s = time.monotonic()
            # Without it the manager starts us anew.
            if now_s - beat_s >= _BEAT_S and now_s - watching.box.turned_s < LONGEST_TURN_S:
                beat_s = now_s
                tell_manager("WATCHDOG=1")
            if reloading.is_set():
                reloading.clear()
                _reload(watching, config_path)
            reports.attend()

        with asked_first(stop):
            tell_manager("READY=1")
            watching.box.run(attend)
        tell_manager("STOPPING=1")
    if signal.SIGINT in received:
        click.get_current_context().exit(INTERRUPTED)


def _reload(watching: Watch, config_path: Path) -> None:
    from i3d_edge.runtime.settings import read_config

    try:
        watching.reload(read_config(config_path))
    except I3DError as error:
        note("the configuration was not taken:")
        for line in str(error).splitlines():
            note(line)
    else:
        note(f"the configuration was read again: {plural(len(watching.box.cameras()), 'camera')}")


class _Reports:
    """Says every now and then how each camera is."""

    def __init__(self, box: Box, every_s: float) -> None:
        self._box, self._every_s, self._next_s = box, every_s, time.monotonic() + every_s

    def attend(self) -> None:
        now_s = time.monotonic()
        if not self._every_s or now_s < self._next_s:
            return
        self._next_s = now_s + self._every_s
        for name, report in self._box.cameras().items():
            for region, lane in report.regions.items():
                where = name if region is None else f"{name}, {region}"
                note(f"{where}: {report.state}, {lane.statistics.summary(now_s)}")
