"""What every command shares: how it fails, what it prints where, and its common options."""

import os
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce, wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from i3d_edge.cli._interrupt import INTERRUPTED as INTERRUPTED
from i3d_edge.cli._interrupt import interruptible
from i3d_edge.core import progress
from i3d_edge.core.device import normalise_device
from i3d_edge.core.errors import ArgumentError, I3DError
from i3d_edge.core.masking import masked_text
from i3d_edge.core.rate import parse_rate
from i3d_edge.core.terminal import spell_output
from i3d_edge.core.text import message, one_line

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True}

PATH = click.Path(path_type=Path)
COUNT = click.IntRange(min=1)

Function = TypeVar("Function", bound=Callable[..., Any])

_ONE_LIST = 10
"""A command with more options than this shows some under headings of their own."""

_HEADINGS = {
    "Source options": (
        "frames_fps max_input_mib rtsp_transport open_timeout_s read_timeout_s reconnect hardware_decoder "
        "is_real_time is_looped max_duration_s "
        "format_name root classes_path split"
    ),
    "Device options": (
        "spec_path device inference_precision mode num_streams num_threads profile_path cache flow num_decoders "
        "cluster num_workers worker_threads"
    ),
    "Output options": (
        "as_json as_jsonl annotate html events_path predictions_path num_predictions "
        "webhook report_every_s junit markdown force quiet"
    ),
}
_HEADING_OF = {name: heading for heading, names in _HEADINGS.items() for name in names.split()}


class _Program:
    """What a process may run; all that it prints is spelled out."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command."""
        spell_output()
        return super().main(*args, **options)  # type: ignore[misc]


class Group(_Program, click.Group):
    """Several commands."""


class Command(_Program, click.Command):
    """A command that turns an expected failure into a message on stderr and an exit code."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"context_settings": CONTEXT_SETTINGS, **options})

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the arguments; refuse empty ones, and a file whose name begins with a dash: click would make options."""
        if "" in args:  # as a path, this is the current folder
            raise click.UsageError("an argument is empty: name a file, or set the variable that it comes from")
        words = args[: args.index("--")] if "--" in args else args
        options = {name for param in self.params for name in (*param.opts, *param.secondary_opts)}
        for word in words:
            if word.startswith("-") and word != "-" and word not in options and os.path.lexists(word):
                raise click.UsageError(f"a file must not look like an option: write ./{word}, or -- before the files")
        return super().make_context(info_name, args, parent, **extra)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those that many commands share under headings of their own if there are many."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        records = [(option.name, record) for option in options if (record := option.get_help_record(ctx))]
        groups: dict[str, list[tuple[str, str]]] = {"Options": []}
        for name, record in records:
            heading = _HEADING_OF.get(name or "", "Options") if len(records) > _ONE_LIST else "Options"
            groups.setdefault(heading, []).append(record)
        for heading in ("Options", *_HEADINGS):
            if heading in groups:
                with formatter.section(heading):
                    formatter.write_dl(groups[heading])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; click repeats those that it refuses."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise click.UsageError(masked_text(error.format_message()), error.ctx or ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with interruptible():
                return super().invoke(ctx)
        except ArgumentError as error:
            raise click.UsageError(str(error), ctx) from error
        except I3DError as error:
            print_error(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)


class _Rate(click.ParamType[Fraction]):
    """A number of frames a second, as a whole, a decimal or a fraction."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """Return the rate."""
        rate = parse_rate(str(value))
        if rate is None or rate <= 0:
            self.fail(f"{value!r} is not a rate above 0, for instance 25, 29.97 or 30000/1001", param, ctx)
        return rate


def _silence(_ctx: click.Context, _param: click.Parameter, is_quiet: bool) -> None:
    progress.set_enabled(not is_quiet)


quiet_option = click.option(
    "-q", "--quiet", "--no-progress", is_flag=True, expose_value=False, callback=_silence, help="Show no progress."
)
force_option = click.option("--force", is_flag=True, help="Overwrite existing outputs.")
model_option = click.option(
    "--model", "model_path", type=PATH, envvar="I3D_MODEL", required=True, help="The IR's .xml.", show_envvar=True
)
spec_option = click.option(
    "--spec", "spec_path", type=PATH, help="JSON file that describes a model which does not describe itself."
)
device_option = click.option(
    "--device",
    default="CPU",
    callback=lambda _ctx, _param, name: normalise_device(name),
    help="OpenVINO device, for instance CPU, GPU, NPU or AUTO:GPU,CPU.",
)
precision_option = click.option(
    "--inference-precision",
    type=click.Choice(["f32", "bf16", "f16"]),
    help="Precision to compute in.  [default: the device's choice; bf16 on CPUs that have it]",
)

frames_fps_option = click.option("--frames-fps", type=_Rate(), help="Frame rate of folders of images and raw streams.")
streams_option = click.option(
    "--streams", "num_streams", type=COUNT, help="Clips at once.  [default: the device's choice]"
)
threads_option = click.option("--threads", "num_threads", type=COUNT, help="CPU threads.  [default: all cores]")
cache_option = click.option(
    "--cache", type=PATH, envvar="I3D_CACHE", show_envvar=True, help="Keep compiled models here, for a faster start."
)

flow_option = click.option(
    "--flow",
    type=click.Choice(["tvl1", "dis"]),
    help="Optical flow for flow and joint models: tvl1, as DeepMind, or dis, a hundred times faster but less exact.  "
    "[default: tvl1]",
)


def refuse_swapped(model_path: Path, inputs: Sequence[str]) -> None:
    """Refuse an IR among the inputs of a command that was given something else as the model: raises UsageError."""
    ir = next((name for name in inputs if name.endswith(".xml")), None)
    if ir is not None and model_path.suffix != ".xml":
        raise click.UsageError(f"model and input are swapped: give {model_path} as the input and --model {ir}")


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def options(*added: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a decorator that adds several options, the first one first."""
    return lambda function: reduce(lambda made, option: option(made), reversed(added), function)


def cluster_options(function: Function) -> Function:
    """Add the options that say where many videos are worked on; the command gets them as `cluster`, or None."""

    @wraps(function)
    def wrapper(*args: Any, cluster: str | None, num_workers: int | None, worker_threads: int, **given: Any) -> Any:
        from i3d_edge.core.cluster import Cluster

        where = None if cluster is None else Cluster(cluster, num_workers, worker_threads)
        return function(*args, cluster=where, **given)

    decorated: Function = options(
        click.option("--cluster", metavar="ADDRESS|local", help="Work on a Ray cluster; `local` begins one here."),
        click.option("--workers", "num_workers", type=COUNT, help="Its processes.  [default: its CPUs]"),
        click.option("--worker-threads", type=COUNT, default=1, help="CPUs of each such process."),
    )(wrapper)
    return decorated


def output_option(text: str) -> Callable[[Function], Function]:
    """Return the -o/--output option of a command, with its own help text."""
    return click.option("-o", "--output", type=PATH, required=True, help=text)


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Print names and values on stdout, in two columns."""
    width = max(len(name) for name, _ in facts)
    print_lines(*(f"{name:<{width}}  {value}" for name, value in facts))


def print_lines(*lines: str) -> None:
    """Print lines on stdout, each of which remains one line whatever is in it."""
    for line in lines:
        click.echo(one_line(line))


def format_size(num_bytes: int) -> str:
    """Return a size in MiB, for people."""
    return f"{num_bytes / (1 << 20):.1f} MiB"


def note(text: str) -> None:
    """Print a message on stderr, see `core.text.message`."""
    click.echo(message(text), err=True)


def print_error(error: I3DError) -> None:
    """Print an error on stderr, with its kind and its hint."""
    click.echo(f"{type(error).__name__}: {error}", err=True)


def is_given(name: str) -> bool:
    """Return whether the user gave a parameter of the command that runs, in the environment perhaps."""
    return click.get_current_context().get_parameter_source(name) is not ParameterSource.DEFAULT
