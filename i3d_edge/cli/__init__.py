"""The command line, `i3d`. One file per command; what is heavy is imported when a command runs."""

import click

from i3d_edge.cli._base import CONTEXT_SETTINGS, Group
from i3d_edge.cli.accuracy import accuracy
from i3d_edge.cli.bench import bench
from i3d_edge.cli.bundle import bundle
from i3d_edge.cli.classify import classify
from i3d_edge.cli.convert import convert
from i3d_edge.cli.doctor import doctor
from i3d_edge.cli.events import events
from i3d_edge.cli.features import features
from i3d_edge.cli.fetch import fetch
from i3d_edge.cli.freeze import freeze
from i3d_edge.cli.info import info
from i3d_edge.cli.labels import labels
from i3d_edge.cli.learn import learn
from i3d_edge.cli.parity import parity
from i3d_edge.cli.probe import probe
from i3d_edge.cli.quantize import quantize
from i3d_edge.cli.step import step
from i3d_edge.cli.stream import stream
from i3d_edge.cli.watch import watch

_GROUPS: dict[str, tuple[click.Command, ...]] = {
    "Make a model": (fetch, freeze, convert, quantize, step, learn, parity, info),
    "Use it": (classify, features, stream, watch, events, labels),
    "Measure it": (accuracy, bench),
    "Deploy it": (doctor, probe, bundle),
}


class _Grouped(Group):
    """Lists its commands in the order of the pipeline, under headings, each with its whole first sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands as they were added."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands of each group."""
        for heading, commands in _GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([(item.name or "", item.get_short_help_str(limit=200)) for item in commands])


@click.group(cls=_Grouped, context_settings=CONTEXT_SETTINGS)
@click.version_option(package_name="i3d-edge")
def main() -> None:
    """Video action recognition with DeepMind's I3D on Intel hardware."""


for commands in _GROUPS.values():
    for command in commands:
        main.add_command(command)
