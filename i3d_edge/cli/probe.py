"""`i3d probe`: on which device of this machine, and how, should this IR run?"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import COUNT, PATH, Command, force_option, json_option, note, quiet_option, spec_option
from i3d_edge.cli._profile import as_options
from i3d_edge.core.files import check_output
from i3d_edge.core.text import one_line, plural, table

if TYPE_CHECKING:
    from i3d_edge.runtime.inference.engine import Mode
    from i3d_edge.runtime.measure.profile import CameraFindings, DeviceFindings, Measurement, Profile


@click.command(cls=Command)
@click.argument("ir_path", type=PATH, metavar="MODEL.xml")
@click.option("--device", "devices", multiple=True, help="OpenVINO device; repeatable.  [default: all devices]")
@click.option(
    "--mode", type=click.Choice(["latency", "throughput"]), default="latency", help="What to recommend a setting for."
)
@click.option(
    "--clips", "num_clips", type=COUNT, default=3, help="Clips to compare answers on; of each --video, if any."
)
@click.option("--video", "videos", type=PATH, multiple=True, help="Compare on clips of this video; repeatable.")
@click.option("--rounds", type=COUNT, default=5, help="Timings of each setting.")
@click.option(
    "--cameras", type=PATH, metavar="VIDEO", help="Say how many cameras that show VIDEO this machine carries."
)
@click.option("--hop", type=COUNT, help="Frames between answers to a camera.  [default: a step model's own, else 25]")
@click.option("-o", "--output", type=PATH, help="Write a deployment profile, JSON.")
@spec_option
@force_option
@json_option
@quiet_option
def probe(
    ir_path: Path,
    mode: Mode,
    cameras: Path | None,
    hop: int | None,
    output: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Try MODEL.xml on each device: does it run, how fast, and are its answers right?

    Answers are right if they are those of f32 on the CPU. The profile holds all figures and the best setting;
    `i3d classify --profile` uses that setting.

    --cameras then plays a video in real time, with that setting, until the machine falls behind. Cameras are carried
    if no window is dropped and 95 % of the answers are there within a hop and a frame. MODEL.xml may then be a step
    model, too, of which nothing else is tried.

    \b
    Example:
      i3d probe rgb_scratch.xml -o profile.json
      i3d probe rgb_scratch_step8.xml --cameras cricket.avi
    """
    from i3d_edge.core.schema import to_json
    from i3d_edge.runtime.measure import probe as room
    from i3d_edge.runtime.measure.profile import SCHEMA_VERSION, write_profile

    if hop is not None and cameras is None:
        raise click.UsageError("--hop is for --cameras only")
    if output is not None:
        check_output(output, force=force)
    profile = room.probe(ir_path, aim=mode, cameras=cameras, hop=hop, **options)
    click.echo(to_json(profile, version=SCHEMA_VERSION) if as_json else _report(profile, mode), nl=not as_json)
    if output is not None:
        write_profile(profile, output, force=force)
        use = "classify VIDEO" if profile.devices else "stream SOURCE"
        note(f"profile written: i3d {use} --model {ir_path} --profile {output}")


def _report(profile: Profile, mode: Mode) -> str:
    blocks = [one_line(f"{profile.model.name}: {profile.model.title}")]
    if profile.devices:
        clips = plural(profile.num_clips, "generated clip" if profile.clip_source == "generated" else "real clip")
        blocks[0] += f"\ncompared with f32 on the CPU, on {clips}"
        blocks += [_device(found, profile.num_clips) for found in profile.devices]
        blocks.append(_advice(profile, mode))
    if profile.cameras:
        blocks.append(_cameras(profile.cameras))
    return "\n\n".join(blocks)


def _advice(profile: Profile, mode: Mode) -> str:
    if not profile.settings():
        return "nothing was measured, so nothing is recommended"
    if profile.recommended is None:
        bound = f"{profile.prob_bound:g}"
        return f"nothing is recommended: every setting differs by more than {bound} in probability from f32 on the CPU"
    return f"best for {mode}: {as_options(dataclasses.asdict(profile.recommended))}"


def _cameras(found: CameraFindings) -> str:
    headers = ("cameras", "kept up", "answers/s", "dropped", "p50 ms", "p95 ms", "pace")
    rows = [
        (
            run.num_cameras,
            "yes" if run.is_carried else "no",
            f"{run.answers_per_s:.2f}",
            run.num_dropped,
            "-" if run.latency_p50_ms is None else f"{run.latency_p50_ms:.0f}",
            "-" if run.latency_p95_ms is None else f"{run.latency_p95_ms:.0f}",
            f"{run.pace:.0%}",
        )
        for run in found.runs
    ]
    setting = as_options(dataclasses.asdict(found.setting))
    lines = [
        one_line(f"{found.video} as cameras, {found.measured_s:g} s each: {setting}"),
        *(f"  {line}" for line in table(rows, headers, colalign=("right", "left", *["right"] * 5)).splitlines()),
        f"carries {plural(found.num_carried, 'camera')} at hop {found.hop}; p95 may be {found.latency_bound_ms:.0f} ms",
    ]
    return "\n".join(lines)


def _device(found: DeviceFindings, num_clips: int) -> str:
    if found.status == "absent":
        return one_line(f"{found.device}: not available ({found.reason})")
    lines = [f"{found.device}: {found.full_name}" if found.full_name else found.device]
    if found.unsupported:
        kinds = ", ".join(f"{count} {name}" for name, count in found.unsupported.items())
        lines.append(f"  does not support these operators: {kinds}")
    elif found.status == "measured":
        lines.append("  supports every operator")
    if found.reason:
        lines.append(f"  failed: {found.reason}")
    return "\n".join([*map(one_line, lines), *_table(found.measurements, num_clips)])


def _table(runs: tuple[Measurement, ...], num_clips: int) -> list[str]:
    if not runs:
        return []
    headers = ("asked for", "ran in", "mode", "load s", "MiB", "median ms", "clips/s", "differs by", "same top-1")
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
    return [f"  {line}" for line in table(rows, headers).splitlines()]
