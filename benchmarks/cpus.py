"""`python -m benchmarks.cpus`: which IR for which CPU, by keeping OpenVINO from the newer instructions of this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

import click
import numpy as np

from benchmarks.cpu_turn import OWN, Turn
from benchmarks.errors import RivalError
from benchmarks.figures import percent
from benchmarks.machine import Machine, versions
from benchmarks.report import filled
from i3d_edge.cli._base import Command, force_option, note, output_option, quiet_option
from i3d_edge.core.files import check_output, write_text
from i3d_edge.core.numbers import relative_difference
from i3d_edge.core.progress import track

SCHEMA_VERSION = 1
CAP_VARIABLES = ("OV_CPU_MAX_ISA", "ONEDNN_MAX_CPU_ISA")
"""The first is read by OpenVINO's own kernels and choices, since 2026.4 in every build; the second by oneDNN in it.
With the second alone, the plugin asks for bf16 where oneDNN has none, or finds no kernel at all."""


@dataclass(frozen=True, slots=True)
class Generation:
    """A set of instructions that CPUs have up to.

    Attributes:
        cap: Value of `CAP_VARIABLES`.
        flag: What Linux calls the newest of them; a CPU without it cannot show this generation.
        title: What it has, and what it has not.
        examples: CPUs of it.
        forbidden: Parts of kernels' names, and precisions, that would show that the cap was not kept.
    """

    cap: str
    flag: str
    title: str
    examples: str
    forbidden: tuple[str, ...]


GENERATIONS = (
    Generation("AVX512_CORE_AMX", "amx_int8", "AMX", "Xeon since Sapphire Rapids (2023)", ()),
    Generation(
        "AVX512_CORE_BF16", "avx512_bf16", "AVX-512 with bf16, no AMX", "Cooper Lake; AMD since Zen 4", ("amx",)
    ),
    Generation(
        "AVX512_CORE_VNNI",
        "avx512_vnni",
        "AVX-512 with VNNI, no bf16",
        "Xeon Cascade Lake and Ice Lake, Core of the 11th generation",
        ("amx", "bf16"),
    ),
    Generation("AVX512_CORE", "avx512bw", "AVX-512, no VNNI", "Xeon Skylake", ("amx", "bf16")),
    Generation(
        "AVX2_VNNI",
        "avx_vnni",
        "AVX2 with VNNI",
        "Core since the 12th generation, Core Ultra, N100 and x7000E",
        ("amx", "bf16", "avx512"),
    ),
    Generation(
        "AVX2", "avx2", "AVX2, no VNNI", "most Core of generations 4 to 10; AMD Zen to Zen 3", ("amx", "bf16", "avx512")
    ),
)
"""Newest first. What has no AVX2 (SSE 4.2) is left out: OpenVINO stopped supporting it in 2026."""


class Row(TypedDict):
    """One IR on one generation."""

    model: str
    cap: str
    ran_in: str
    kernels: dict[str, int]
    clip_ms: list[float]
    """One per round, the fastest of two runs."""
    difference: float
    """Largest difference of two logits to the first IR's in f32 on the whole CPU, as a part of the largest."""
    num_same_top1: int


class CpuResult(TypedDict):
    """A run."""

    schema_version: int
    date: str
    hardware_class: str
    versions: dict[str, str]
    models: list[str]
    rounds: int
    seed: int
    num_compared: int
    load_before: float
    reference_ms: list[float]
    """The first IR in f32, without a cap."""
    rows: list[Row]


def measure(models: Sequence[Path], generations: Sequence[Generation], *, rounds: int, seed: int = 0) -> CpuResult:
    """Let every IR take a turn on every generation, in each round in another order.

    Args:
        models: .xml files with distinct names.
        generations: Which this CPU has.
        rounds: Turns of each.
        seed: Of the orders.

    Raises:
        RivalError: If a turn fails, or what ran shows that a cap was not kept.
    """
    load = os.getloadavg()[0]
    turns: dict[tuple[str, str], list[Turn]] = {}
    answers: dict[tuple[str, str], np.ndarray] = {}
    paths = {path.stem: path for path in models}
    first = models[0].stem
    combinations = [(first, ""), *((name, generation.cap) for name in paths for generation in generations)]
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        order = [combinations[index] for _ in range(rounds) for index in rng.permutation(len(combinations))]
        for name, cap in track(order, total=len(order), title="timing", unit="turn"):
            target = Path(folder) / "answers.npy"
            turn = _run(paths[name], "f32" if not cap else OWN, cap, target)
            turns.setdefault((name, cap), []).append(turn)
            answers[name, cap] = np.load(target)
    for generation in generations:
        for name in paths:
            require_cap(generation, name, turns[name, generation.cap][0])
    expected = answers[first, ""]
    return CpuResult(
        schema_version=SCHEMA_VERSION,
        date=datetime.now(UTC).date().isoformat(),
        hardware_class=Machine.here().hardware_class,
        versions=versions(("openvino", "numpy")),
        models=list(paths),
        rounds=rounds,
        seed=seed,
        num_compared=len(expected),
        load_before=round(load, 2),
        reference_ms=[turn.clip_ms for turn in turns[first, ""]],
        rows=[
            Row(
                model=name,
                cap=cap,
                ran_in=turns[name, cap][0].ran_in,
                kernels=dict(turns[name, cap][0].kernels),
                clip_ms=[turn.clip_ms for turn in turns[name, cap]],
                difference=float(f"{relative_difference(expected, answers[name, cap]):.3g}"),
                num_same_top1=int((answers[name, cap].argmax(-1) == expected.argmax(-1)).sum()),
            )
            for name, cap in combinations
            if cap
        ],
    )


def require_cap(generation: Generation, name: str, turn: Turn) -> None:
    """Refuse a turn that used newer instructions than it should have.

    Raises:
        RivalError: Names the kernel.
    """
    found = [text for text in (*turn.kernels, turn.ran_in) for part in generation.forbidden if part in text.lower()]
    if found:
        raise RivalError(
            f"model {name!r} must run without more than {generation.cap}; got {found[0]}",
            hint=f"{' and '.join(CAP_VARIABLES)} work since OpenVINO 2026.4, on x86-64",
        )


def generations_of(flags: Set[str]) -> list[Generation]:
    """Return the generations that a CPU with these flags can show, newest first."""
    return [generation for generation in GENERATIONS if generation.flag in flags]


def _run(path: Path, precision: str, cap: str, answers: Path) -> Turn:
    environment = {name: value for name, value in os.environ.items() if name not in CAP_VARIABLES}
    if cap:
        environment |= dict.fromkeys(CAP_VARIABLES, cap)
    command = [sys.executable, "-m", "benchmarks.cpu_turn", str(path), precision, str(answers)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        lines = result.stderr.strip().splitlines() or [f"exit code {result.returncode}"]
        raise RivalError(f"model {path.stem!r} must run with {cap or 'all instructions'}; got {lines[-1]}")
    return Turn(**json.loads(result.stdout.splitlines()[-1]))


def markdown(result: CpuResult) -> str:
    """Return a result as a table, a line for each generation and a column for each IR."""
    by_cap = {generation.cap: generation for generation in GENERATIONS}
    caps = list(dict.fromkeys(row["cap"] for row in result["rows"]))
    rows = {(row["model"], row["cap"]): row for row in result["rows"]}
    headers = ["instructions up to", "CPUs", *(f"`{name}`" for name in result["models"])]
    lines = [headers, ["---", "---", *["---:"] * len(result["models"])]]
    for cap in caps:
        generation = by_cap[cap]
        cells = [_cell(rows[name, cap], rows[result["models"][0], cap]) for name in result["models"]]
        lines.append([generation.title, generation.examples, *cells])
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    busy = " The machine was not idle." if result["load_before"] >= _BUSY_LOAD else ""
    versions_line = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return (
        f"{table}\n\n"
        f"Each cell: what most convolutions ran in; the median of {result['rounds']} turns; how many times as fast as "
        f"`{result['models'][0]}` on the same line, the median of the quotients within a round; the largest difference "
        f"of logits to `{result['models'][0]}` in f32 on the whole CPU, as a part of the largest, over "
        f"{result['num_compared']} generated clips, and on how many of them the best class is the same.\n\n"
        f"Measured on {result['date']}: {result['hardware_class']}, kept from its newer instructions; {versions_line}; "
        f"load before the run {result['load_before']:g}.{busy} `{result['models'][0]}` in f32 on the whole CPU: "
        f"{np.median(result['reference_ms']):.0f} ms.\n"
    )


_BUSY_LOAD = 0.5


def _cell(row: Row, first: Row) -> str:
    speed = float(np.median(np.array(first["clip_ms"]) / np.array(row["clip_ms"])))
    return (
        f"{row['ran_in']}, {np.median(row['clip_ms']):.0f} ms, {speed:.2f}x; "
        f"{percent(row['difference'])}, {row['num_same_top1']}"
    )


@click.command(cls=Command)
@click.argument("models", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="MODEL.xml...")
@output_option("The result, a JSON file; the table goes to stdout.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="Turns of each combination.")
@click.option("--page", type=click.Path(path_type=Path), help="Also write the table between the markers of this page.")
@force_option
@quiet_option
def main(models: tuple[Path, ...], output: Path, rounds: int, page: Path | None, force: bool) -> None:
    """Time MODEL.xml... as older CPUs than this one would run them, taking turns.

    A turn is a process that compiles one model, answers two generated clips and times one of them. The first model
    is the one that the others are compared with: give the FP32 one.

    \b
    Example:
      python -m benchmarks.cpus rgb_imagenet.xml rgb_imagenet_int8.xml -o cpus.json
    """
    check_output(output, force=force)
    if len({path.stem for path in models}) != len(models):
        raise click.UsageError("models must have different names")
    machine = Machine.here()
    generations = generations_of(machine.flags)
    note(f"{machine.hardware_class}; generations: {', '.join(item.cap for item in generations) or 'none'}")
    result = measure(models, generations, rounds=rounds)
    write_text(output, json.dumps(result, indent=1) + "\n", force=force)
    click.echo(markdown(result))
    if page is not None:
        write_text(page, filled(page.read_text(encoding="utf-8"), markdown(result), page), force=True)


if __name__ == "__main__":
    main()
