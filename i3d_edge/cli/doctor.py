"""`i3d doctor`: can this machine run models, and on which devices?"""

import dataclasses
import json
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import click

from i3d_edge.cli._base import Command, json_option, note
from i3d_edge.core.errors import I3DError
from i3d_edge.core.finding import Finding

_WORDS = {"ok": "ok", "note": "note", "warning": "WARNING", "broken": "BROKEN"}
_WIDTH = 118


@click.command(cls=Command)
@json_option
def doctor(as_json: bool) -> None:
    """Check this machine: packages, OpenVINO, processor and devices.

    Each device runs a small network whose answers are known. For a GPU or an NPU that is not available, it says why.
    The exit code is 1 if something does not work.

    \b
    Example:
      i3d doctor --json
    """
    parts = {"packages": _packages(), **_examine()}
    rows = [{"section": part, **dataclasses.asdict(found)} for part, findings in parts.items() for found in findings]
    broken = [row for row in rows if row["level"] == "broken"]
    if as_json:
        click.echo(json.dumps({"works": not broken, "findings": rows}, indent=2, ensure_ascii=False))
    else:
        click.echo(_table(rows))
    if broken:
        note(f"{len(broken)} of {len(rows)} checks failed: {'; '.join(row['text'] for row in broken)}")
        click.get_current_context().exit(I3DError.exit_code)
    note("everything needed works")


def _packages() -> list[Finding]:
    from i3d_edge.core import environment

    installed = environment.versions([*environment.PACKAGES, *environment.OPENCV_WHEELS, "tensorflow", "nncf"])
    problems = environment.find_problems(installed)
    shown = ", ".join(f"{name} {version}" for name, version in installed.items())
    return [Finding("note" if problems else "ok", shown), *problems]


def _examine() -> Mapping[str, Iterable[Finding]]:
    try:
        from i3d_edge.runtime.measure.doctor import examine
    except ImportError as error:
        text = f"OpenVINO or another package cannot be loaded: {error}"
        return {"openvino": [Finding("broken", text, "install i3d-edge in a new environment")]}
    return examine()


def _table(rows: list[dict[str, Any]]) -> str:
    """Lay findings out in three columns: section, level, and text with remedy."""
    width = max(len(row["section"]) for row in rows) + 2
    lines, previous = [], None
    for row in rows:
        head = f"{'' if row['section'] == previous else row['section']:<{width}}{_WORDS[row['level']]:<9}"
        previous = row["section"]
        indent = " " * len(head)
        lines.append(_wrap(head + row["text"], indent))
        if row["remedy"]:
            lines.append(_wrap(f"{indent}-> {row['remedy']}", f"{indent}   "))
    return "\n".join(lines)


def _wrap(text: str, indent: str) -> str:
    return textwrap.fill(
        text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
