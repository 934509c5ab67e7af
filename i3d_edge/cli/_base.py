"""What every command shares: how it fails, what it prints where, and its common options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from i3d_edge import progress
from i3d_edge.errors import I3DError
from i3d_edge.spec import ModelSpec

INTERRUPTED = 130

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

Function = TypeVar("Function", bound=Callable[..., Any])


class Command(click.Command):
    """A command that turns an expected failure into a message on stderr and an exit code."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"context_settings": CONTEXT_SETTINGS, **options})

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except I3DError as error:
            click.echo(f"{type(error).__name__}: {error}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)


def _silence(_ctx: click.Context, _param: click.Parameter, is_quiet: bool) -> None:
    progress.set_enabled(not is_quiet)


quiet_option = click.option(
    "-q", "--quiet", "--no-progress", is_flag=True, expose_value=False, callback=_silence, help="No progress on stderr."
)
force_option = click.option("--force", is_flag=True, help="Replace what exists at the output.")
model_option = click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path),
    envvar="I3D_MODEL",
    required=True,
    help="The IR's .xml.",
    show_envvar=True,
)
spec_option = click.option(
    "--spec",
    "spec_path",
    type=click.Path(path_type=Path),
    help="A JSON file that describes an IR which does not describe itself.",
)
device_option = click.option(
    "--device", default="CPU", show_default=True, help="OpenVINO device, e.g. CPU, GPU, AUTO:GPU,CPU."
)
precision_option = click.option(
    "--inference-precision",
    type=click.Choice(["f32", "bf16", "f16"]),
    help="What to compute in; the device's own choice if not given (bf16 on CPUs that have it).",
)


def fold_option(function: Function) -> Function:
    """Add --fold and --no-fold: along which axes the first convolution is folded; the command gets a name or None."""

    def read(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
        return None if value == "none" else value

    options = (
        click.option(
            "--fold",
            type=click.Choice(["dhw", "hw", "h", "none"]),
            callback=read,
            default="dhw",
            show_default=True,
            help="Axes along which the first convolution is folded on a CPU: dhw for AMX, hw for INT8 and h for bf16 "
            "without AMX, none for f32.",
        ),
        # Whichever of the two click reads last decides, so both have to know what "none" means.
        click.option("--no-fold", "fold", flag_value="none", callback=read, help="The same as --fold none."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def output_option(text: str) -> Callable[[Function], Function]:
    """Return the -o/--output option of a command, with its own help text."""
    return click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help=text)


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Print names and values on stdout, in two columns."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        click.echo(f"{name:<{width}}  {value}")


def format_size(num_bytes: int) -> str:
    """Return a size in MiB, for people."""
    return f"{num_bytes / (1 << 20):.1f} MiB"


def note(text: str) -> None:
    """Print a remark on stderr."""
    click.echo(text, err=True)


def warn_of_stand_in(spec: ModelSpec) -> None:
    """Say on stderr that a model has the stand-in's weights, if it has."""
    if spec.is_stand_in:
        note("STAND-IN weights: predictions are of generated motions, not of human actions")
