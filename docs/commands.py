"""Write docs/reference/commands.md from the commands' own help, so that the two cannot differ."""

from collections.abc import Iterator
from pathlib import Path

import click

from i3d_edge.cli import main

PAGE = Path(__file__).parent / "reference" / "commands.md"

_HEADER = """# Commands

Written by `make docs` from what each command prints with `-h`.

Exit codes: 0 done; 1 failed, with the reason on stderr; 2 wrong usage; 3 a check failed (`convert`: the IR differs from
the graph; `bundle verify`: answers differ); 4 too few videos to decide (`accuracy compare`); 130 interrupted.
stdout holds data, stderr everything else.
"""


def page() -> str:
    """Return the whole page."""
    sections = [f"## {name}\n\n```\n{text}```\n" for name, text in helps(main, "i3d")]
    return "\n".join([_HEADER, *sections])


def helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the help text of a command and of those below it."""
    context = command.make_context(name, [], resilient_parsing=True, terminal_width=100)
    yield name, command.get_help(context) + "\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            yield from helps(command.commands[child], f"{name} {child}")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
