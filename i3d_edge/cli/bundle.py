"""`i3d bundle`: models handed over with proof of what they answer."""

from __future__ import annotations

import dataclasses
import json
import math
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import (
    CONTEXT_SETTINGS,
    Command,
    force_option,
    format_size,
    note,
    output_option,
    precision_option,
    print_facts,
    quiet_option,
)
from i3d_edge.core.errors import GateFailedError
from i3d_edge.core.files import check_output

if TYPE_CHECKING:
    from i3d_edge.runtime.bundle import Check, Verification
    from i3d_edge.runtime.bundle.manifest import Manifest

_DIGEST_LENGTH = 64


def _hexadecimal(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    digest = value.lower().removeprefix("sha256:")
    if len(digest) != _DIGEST_LENGTH or not set(digest) <= set(string.hexdigits):
        raise click.BadParameter(f"{value} must be {_DIGEST_LENGTH} hexadecimal digits, as `i3d bundle pack` prints.")
    return digest


digest_option = click.option(
    "--digest",
    callback=_hexadecimal,
    metavar="SHA256",
    help="The digest that `i3d bundle pack` printed, had by another way than the bundle.",
)
_bundle_argument = click.argument("path", type=click.Path(path_type=Path), metavar="BUNDLE")


@click.group(context_settings=CONTEXT_SETTINGS)
def bundle() -> None:
    """Hand models over with proof of what they answer."""


@bundle.command("pack", cls=Command)
@click.argument("models", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="MODEL.xml...")
@output_option("The bundle.")
@click.option(
    "--profile",
    "profiles",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A deployment profile of one of the models; can be repeated.",
)
@force_option
@quiet_option
def pack(models: tuple[Path, ...], output: Path, profiles: tuple[Path, ...], force: bool) -> None:
    """Pack models, labels, licences, and the answers to expect, into one file.

    Each model answers generated clips here, in f32 on the CPU. Send the digest that is printed by another way
    than the bundle: checksums inside a file do not protect it from someone who rewrites both.

    \b
    Example:
      i3d bundle pack rgb_imagenet.xml rgb_imagenet_int8.xml -o box.i3d
    """
    from i3d_edge.runtime.bundle import pack_bundle

    check_output(output, force=force)
    packed = pack_bundle(models, output, profiles=profiles, force=force)
    print_facts(
        [
            ("written", f"{packed.path}: {format_size(packed.num_bytes)}, {len(packed.manifest.entries)} entries"),
            *_model_facts(packed.manifest),
            ("digest", packed.digest),
            ("next", f"i3d bundle verify {packed.path} --digest {packed.digest}"),
        ]
    )


@bundle.command("verify", cls=Command)
@_bundle_argument
@digest_option
@click.option("--device", help="For all models; each one's profile's if not given, or else the CPU.")
@precision_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@quiet_option
def verify(path: Path, digest: str | None, device: str | None, inference_precision: str | None, as_json: bool) -> None:
    """Say whether a bundle is whole, and whether this box gives the expected answers; offline.

    Exit code 1: the bundle is damaged, was changed or could do harm, or the device is absent. 3: its files are
    right, and answers differ by more than their bound.

    \b
    Example:
      i3d bundle verify box.i3d
    """
    from i3d_edge.runtime.bundle import verify_bundle

    report = verify_bundle(path, device=device, inference_precision=inference_precision, expected_digest=digest)
    if as_json:
        click.echo(json.dumps(_document(report), indent=2))
    else:
        click.echo(f"{report.num_entries} entries, {format_size(report.num_bytes)}: every checksum right")
        click.echo(f"digest {report.digest}{', as given' if digest else ''}\n")
        click.echo(_table(report))
        note(f"\n{report.seconds:.1f} s")
        if digest is None:
            note("without --digest, this shows a whole bundle, and not who packed it")
    failed = [check for check in report.checks if not check.passed]
    if failed:
        worst = max(failed, key=lambda check: check.difference / check.bound)
        raise GateFailedError(
            f"bundle {str(path)!r} must give the expected answers on this box; model {worst.model!r} in "
            f"{worst.precision} on {worst.device} differs by {worst.difference:.3g} of the largest logit, and "
            f"{worst.bound:g} is the bound",
            hint=_hint(report, worst),
        )


@bundle.command("unpack", cls=Command)
@_bundle_argument
@click.argument("folder", type=click.Path(path_type=Path))
@digest_option
def unpack(path: Path, folder: Path, digest: str | None) -> None:
    """Unpack a bundle into a new FOLDER, every checksum checked.

    \b
    Example:
      i3d bundle unpack box.i3d models
    """
    from i3d_edge.runtime.bundle import unpack_bundle

    unpacked = unpack_bundle(path, folder, expected_digest=digest)
    first = unpacked.manifest.models[0]
    print_facts(
        [
            ("written", f"{folder}: {len(unpacked.manifest.entries)} entries, every checksum right"),
            *_model_facts(unpacked.manifest),
            ("digest", unpacked.digest),
            ("next", f"i3d classify VIDEO --model {folder / first.path}"),
        ]
    )


@bundle.command("list", cls=Command)
@_bundle_argument
@click.option("--json", "as_json", is_flag=True, help="The manifest, as JSON.")
def list_(path: Path, as_json: bool) -> None:
    """Say what a bundle holds, without reading its models.

    \b
    Example:
      i3d bundle list box.i3d
    """
    from tabulate import tabulate

    from i3d_edge.runtime.bundle import open_bundle

    with open_bundle(path) as opened:
        manifest = opened.manifest
        if as_json:
            click.echo(manifest.to_bytes().decode("ascii"), nl=False)
            return
        print_facts(
            [
                *_model_facts(manifest),
                *(("weights", f"{model.name}: {model.licence}") for model in manifest.models),
                ("packed by", ", ".join(f"{name} {version}" for name, version in manifest.versions.items())),
                ("digest", opened.digest),
            ]
        )
        rows = [(name, entry.size, entry.sha256) for name, entry in manifest.entries.items()]
        click.echo("\n" + tabulate(rows, headers=("entry", "bytes", "SHA-256")))


def _model_facts(manifest: Manifest) -> list[tuple[str, str]]:
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
    from tabulate import tabulate

    headers = ("model", "device", "ran in", "differs by", "bound", "same top-1", "compile s", "ms per clip", "")
    rows = [
        (
            check.model,
            check.device,
            check.precision,
            f"{check.difference:.2g}",
            f"{check.bound:g}",
            f"{check.num_same_top1} of {check.num_answers}",
            f"{check.compile_s:.1f}",
            f"{check.clip_ms:.0f}",
            "right" if check.passed else "WRONG",
        )
        for check in report.checks
    ]
    return tabulate(rows, headers=headers, disable_numparse=True)


def _hint(report: Verification, worst: Check) -> str:
    own = next(check for check in report.checks if check.model == worst.model)
    if own.passed:
        return f"its f32 answers are right, so the files are: do not use {worst.precision} on {worst.device} here"
    return (
        "even in f32 its answers are others: the IR or its answers were changed, or this OpenVINO computes it wrongly"
    )
