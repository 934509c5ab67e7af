"""Ctrl-C and SIGTERM end a command whatever it waits for."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

PROGRAM = """
import hashlib, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
import click
from i3d_edge import __main__, cli
from i3d_edge.cli import _interrupt
from i3d_edge.cli._base import Command

_interrupt._RAISE_S, _interrupt._UNWIND_S = 0.5, float(sys.argv.pop())

def library() -> None:
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)

def waiting() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(library).result()

def asking() -> None:
    with _interrupt.asked_first(lambda _number: print("asked")):
        hashlib.pbkdf2_hmac("sha256", b"", b"", 3 * 10**6)

def left_behind() -> None:
    threading.Thread(target=library).start()
    time.sleep(60)

def loading() -> None:
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        raise ImportError

def unwinding() -> None:
    try:
        time.sleep(60)
    finally:
        time.sleep(0.2)
        print("unwound", flush=True)

@click.command(cls=Command)
@click.argument("name")
def main(name: str) -> None:
    print("ready", flush=True)
    globals()[name]()

cli.main = main
__main__.run()
"""
INT, TERM = signal.SIGINT, signal.SIGTERM


@pytest.mark.parametrize(
    ("name", "signals", "unwind_s", "reminds"),
    [
        ("library", [INT], 60, False),
        ("waiting", [TERM], 1.5, True),
        ("waiting", [INT, INT], 60, True),
        ("left_behind", [INT], 60, False),
        ("loading", [TERM], 60, False),
    ],
)
def test_a_signal_ends_what_waits(name: str, signals: Sequence[int], unwind_s: float, reminds: bool) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, name, str(unwind_s)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signals[0])
    for number in signals[1:]:
        assert process.stderr is not None
        assert process.stderr.readline() == "stopping; Ctrl-C again ends at once\n"
        process.send_signal(number)
        reminds = False  # it was read
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == "stopping; Ctrl-C again ends at once\n" * reminds + "interrupted\n"


@pytest.mark.parametrize(
    ("name", "code", "printed"), [("unwinding", 130, "unwound\n"), ("asking", 0, "asked\nasked\n")]
)
def test_a_signal_that_is_sent_twice_is_one(name: str, code: int, printed: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, name, "60"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    for number in (INT, TERM):  # timeout(1) sends two of the same, which might come as one
        time.sleep(0.05)
        process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    assert (process.returncode, output) == (code, printed)
