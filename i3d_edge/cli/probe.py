"""`i3d probe`: on which device of this box, and how, should this IR run?"""

from __future__ import annotations

import dataclasses
import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import Command, force_option, note, quiet_option, spec_option
from i3d_edge.cli._profile import as_options
from i3d_edge.core.files import check_output

if TYPE_CHECKING:
    from i3d_edge.runtime.inference.engine import Mode
    from i3d_edge.runtime.measure.profile import DeviceFindings, Measurement, Profile

_WIDTH = 118


@click.command(cls=Command)
@click.argument("ir_path", type=click.Path(path_type=Path), metavar="MODEL.xml")
@click.option(
    "--device",
    "devices",
    multiple=True,
    help="OpenVINO device, e.g. CPU, GPU, HETERO:GPU,CPU; can be repeated. All that are there if not given.",
)
@click.option(
    "--mode",
    type=click.Choice(["latency", "throughput"]),
    default="latency",
    show_default=True,
    help="What the recommended setting shall be best at.",
)
@click.option(
    "--clips",
    "num_clips",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Clips to compare on: generated ones, or so many of each --video.",
)
@click.option(
    "--video",
    "videos",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Compare on clips of this video, not on generated ones; can be repeated.",
)
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="Timings of each setting.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write a deployment profile, JSON.")
@spec_option
@force_option
@click.option("--json", "as_json", is_flag=True, help="The profile on stdout, one JSON document.")
@quiet_option
def probe(
    ir_path: Path,
    devices: tuple[str, ...],
    mode: Mode,
    num_clips: int,
    videos: tuple[Path, ...],
    rounds: int,
    output: Path | None,
    spec_path: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Try MODEL.xml on each device: does it compile, how fast is it, and does it answer as f32 on the CPU does?

    Of a GPU and an NPU that are absent it says what their documents let expect, marked as not measured. The profile
    holds all figures and the best setting; `i3d classify --profile` runs with that.

    \b
    Example:
      i3d probe rgb_imagenet.xml -o profile.json
    """
    from i3d_edge.runtime import read_ir
    from i3d_edge.runtime.measure import probe as room
    from i3d_edge.runtime.measure.profile import SCHEMA_VERSION, write_profile

    if output is not None:
        check_output(output, force=force)
    _, spec = read_ir(ir_path, spec_path=spec_path)
    clips = room.video_clips(videos, spec, num_clips) if videos else room.generated_clips(spec, num_clips)
    profile = room.probe(
        ir_path,
        clips,
        is_generated=not videos,
        devices=devices,
        rounds=rounds,
        aim=mode,
        spec_path=spec_path,
    )
    if as_json:
        document = {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(profile)}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo(_report(profile, mode))
    if output is not None:
        write_profile(profile, output, force=force)
        note(f"profile written: i3d classify VIDEO --model {ir_path} --profile {output}")


def _report(profile: Profile, mode: Mode) -> str:
    source = "generated clips" if profile.clip_source == "generated" else "clips of videos"
    blocks = [
        f"{profile.model.name}: {profile.model.title}\ncompared with f32 on the CPU on {profile.num_clips} {source}: "
        "largest difference of a probability, clips with the same best class",
        *(_device(found, profile.num_clips) for found in profile.devices),
    ]
    if not profile.settings():
        blocks.append("nothing was measured, so nothing is recommended")
    elif profile.recommended is None:
        blocks.append(f"no setting answers as f32 on the CPU does, within {profile.prob_bound:g} in probability")
    else:
        blocks.append(f"best for {mode}: {as_options(dataclasses.asdict(profile.recommended))}")
    return "\n\n".join(blocks)


def _device(found: DeviceFindings, num_clips: int) -> str:
    if found.status == "absent":
        lines = [f"{found.device}: absent ({found.reason})"]
        if found.expectations:
            lines += ["  NOT MEASURED; from documents and sources:", *map(_point, found.expectations)]
        return "\n".join(lines)
    lines = [f"{found.device}: {found.full_name}" if found.full_name else found.device]
    if found.unsupported:
        kinds = ", ".join(f"{count} {name}" for name, count in found.unsupported.items())
        lines.append(f"  operators that it does not take: {kinds}")
    elif found.status == "measured":
        lines.append("  it takes every operator")
    if found.reason:
        lines.append(f"  refused: {found.reason}")
    return "\n".join([*lines, *_table(found.measurements, num_clips)])


def _point(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  - ", subsequent_indent="    ", break_long_words=False)


def _table(runs: tuple[Measurement, ...], num_clips: int) -> list[str]:
    from tabulate import tabulate

    if not runs:
        return []
    headers = ("asked for", "ran in", "mode", "load s", "MiB", "median ms", "clips/s", "differs by", "same best")
    rows = [
        (
            run.setting.inference_precision or "default",
            run.executed_precision,
            run.setting.mode + (f", {run.setting.num_streams} streams" if run.setting.num_streams else ""),
            f"{run.load_s:.2f}",
            "?" if run.load_memory_mib is None else f"{run.load_memory_mib:+.0f}",
            "" if run.latency_p50_ms is None else f"{run.latency_p50_ms:.1f}",
            f"{run.clips_per_s:.2f}",
            f"{run.max_prob_difference:.1g}",
            f"{run.num_same_top1} of {num_clips}",
        )
        for run in runs
    ]
    return [f"  {line}" for line in tabulate(rows, headers=headers, disable_numparse=True).splitlines()]
