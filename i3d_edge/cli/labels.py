"""`i3d labels`: which actions does a model know?"""

from pathlib import Path

import click

from i3d_edge.cli._base import PATH, Command, print_lines, spec_option
from i3d_edge.core.labels import kinetics_400


@click.command(cls=Command)
@click.argument("model", type=PATH, required=False)
@spec_option
def labels(model: Path | None, spec_path: Path | None) -> None:
    """Print the class names of an IR, one a line, in the order of their indices.

    MODEL is the IR's .xml; without it, the names are those of Kinetics-400.

    \b
    Example:
      i3d labels rgb_scratch.xml | grep -i cricket
    """
    names = kinetics_400().names
    if model is not None:
        from i3d_edge.runtime.inference.ir import read_ir

        names = read_ir(model, spec_path=spec_path)[1].labels.names
    print_lines(*names)
