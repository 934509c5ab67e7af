"""`i3d bundle`: models packed with the answers to expect of them."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import (
    CONTEXT_SETTINGS,
    PATH,
    Command,
    Group,
    force_option,
    format_size,
    json_option,
    note,
    output_option,
    precision_option,
    print_facts,
    quiet_option,
)
from i3d_edge.core.errors import GateFailedError
from i3d_edge.core.files import check_output
from i3d_edge.core.text import table

if TYPE_CHECKING:
    from i3d_edge.runtime.bundle import Verification, VerifyCheck
    from i3d_edge.runtime.bundle.manifest import BundleManifest


def _hexadecimal(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    found = re.fullmatch(r"(?:sha256:)?([0-9a-f]{64})", value.lower())
    if not found:
        raise click.BadParameter(f"{value} is not a digest: `i3d bundle pack` prints one, 64 hexadecimal digits.")
    return found[1]


digest_option = click.option(
    "--digest",
    callback=_hexadecimal,
    metavar="SHA256",
    help="The digest that `i3d bundle pack` printed, sent separately from the bundle.",
)
_bundle_argument = click.argument("path", type=PATH, metavar="BUNDLE")


@click.group(cls=Group, context_settings=CONTEXT_SETTINGS)
def bundle() -> None:
    """Pack models with their expected answers; verify them elsewhere."""


@bundle.command("pack", cls=Command)
@click.argument("models", type=PATH, nargs=-1, required=True, metavar="MODEL.xml...")
@output_option("The bundle.")
@click.option(
    "--profile", "profiles", type=PATH, multiple=True, help="A model's profile, from `i3d probe`. Repeatable."
)
@force_option
@quiet_option
def pack(models: tuple[Path, ...], output: Path, profiles: tuple[Path, ...], force: bool) -> None:
    """Pack models, labels, licences and expected answers into one file.

    Each model answers generated clips, in f32 on this CPU. Send the printed digest separately from the bundle:
    whoever changes a file can change the checksums in it too.

    \b
    Example:
      i3d bundle pack rgb_scratch.xml rgb_scratch_int8.xml -o models.i3d
    """
    from i3d_edge.runtime.bundle import pack_bundle

    check_output(output, force=force)
    manifest = pack_bundle(models, output, profiles=profiles, force=force)
    size = format_size(output.stat().st_size)
    print_facts(
        [
            ("written", f"{output}: {size}, {len(manifest.entries)} entries"),
            *_model_facts(manifest),
            ("digest", manifest.digest),
            ("next", f"i3d bundle verify {output} --digest {manifest.digest}"),
        ]
    )


@bundle.command("verify", cls=Command)
@_bundle_argument
@digest_option
@click.option("--device", help="For all models. Default: the one in each model's profile, or else the CPU.")
@precision_option
@json_option
@quiet_option
def verify(path: Path, digest: str | None, device: str | None, inference_precision: str | None, as_json: bool) -> None:
    """Check a bundle, and that its models answer as expected here.

    Nothing is downloaded. Exit code 1: the bundle is damaged, was changed or is unsafe, or the device is missing.
    Exit code 3: the files are right, but answers differ by more than their bound.

    \b
    Example:
      i3d bundle verify models.i3d
    """
    from i3d_edge.runtime.bundle import verify_bundle

    report = verify_bundle(path, device=device, inference_precision=inference_precision, expected_digest=digest)
    if as_json:
        click.echo(json.dumps(_document(report), indent=2))
    else:
        click.echo(f"{report.num_entries} entries, {format_size(report.num_bytes)}: all checksums match")
        click.echo(f"digest {report.digest}{', as given' if digest else ''}\n")
        click.echo(_table(report))
        click.echo(f"\n{report.seconds:.1f} s", err=True)
        if digest is None:
            note("the bundle is undamaged; only --digest shows that it is the one that was sent")
    failed = [check for check in report.checks if not check.passed]
    if failed:
        worst = max(failed, key=lambda check: check.difference / check.bound)
        raise GateFailedError(
            f"bundle {str(path)!r} gives other answers on this machine: model {worst.model!r} in {worst.precision} on "
            f"{worst.device} differs by {worst.difference:.3g} of the largest logit; the bound is {worst.bound:g}",
            hint=_hint(report, worst),
        )


@bundle.command("unpack", cls=Command)
@_bundle_argument
@click.argument("folder", type=PATH)
@digest_option
def unpack(path: Path, folder: Path, digest: str | None) -> None:
    """Check a bundle's checksums and unpack it into a new FOLDER.

    \b
    Example:
      i3d bundle unpack models.i3d models
    """
    from i3d_edge.runtime.bundle import unpack_bundle

    unpacked = unpack_bundle(path, folder, expected_digest=digest)
    first = unpacked.manifest.models[0]
    print_facts(
        [
            ("written", f"{folder}: {len(unpacked.manifest.entries)} entries, all checksums match"),
            *_model_facts(unpacked.manifest),
            ("digest", unpacked.digest),
            ("next", f"i3d classify VIDEO --model {folder / first.path}"),
        ]
    )


def _model_facts(manifest: BundleManifest) -> list[tuple[str, str]]:
    return [("model", f"{model.name}: {model.title}") for model in manifest.models]


def _document(report: Verification) -> dict[str, Any]:
    checks = [
        {
            **dataclasses.asdict(check),
            "difference": check.difference if math.isfinite(check.difference) else None,
            "passed": check.passed,
        }
        for check in report.checks
    ]
    return {**dataclasses.asdict(report), "checks": checks, "passed": report.passed}


def _table(report: Verification) -> str:
    headers = ("model", "device", "ran in", "differs by", "bound", "same top-1", "answers")
    rows = [
        (
            check.model,
            check.device,
            check.precision,
            f"{check.difference:.2g}",
            f"{check.bound:g}",
            f"{check.num_same_top1} of {check.num_answers}",
            "right" if check.passed else "WRONG",
        )
        for check in report.checks
    ]
    return table(rows, headers)


def _hint(report: Verification, worst: VerifyCheck) -> str:
    own = next(check for check in report.checks if check.model == worst.model)
    if own.passed:
        return f"the f32 answers are right, so the files are too: do not use {worst.precision} on {worst.device} here"
    return "even the f32 answers differ: the model or its answers were changed, or this OpenVINO computes it wrong"
