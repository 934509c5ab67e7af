"""Options of the commands that read a data set."""

from dataclasses import fields
from functools import wraps
from typing import Any

import click

from i3d_edge.cli._base import PATH, Function, frames_fps_option, options

_FORMATS = (
    *("path-label", "path-index", "kinetics", "class-folders", "frame-folders", "omz", "something-something"),
    *("ucf101", "reviews"),
)

_OPTIONS = (
    click.option("--format", "format_name", type=click.Choice(_FORMATS), help="Data set format.  [default: detected]"),
    click.option("--videos", "root", type=PATH, help="Folder of the videos.  [default: the list's folder]"),
    click.option(
        "--classes",
        "classes_path",
        type=PATH,
        help="Text file of the list's class names, if its indices are not the model's.",
    ),
    click.option("--split", help="Part of the data set, for instance validate."),
    frames_fps_option,
)


def list_options(function: Function) -> Function:
    """Add the options that say how a data set is read; the command gets them as `reading`, a `ListOptions`."""

    @wraps(function)
    def wrapper(*args: Any, **given: Any) -> Any:
        from i3d_edge.accuracy.data.dataset import ListOptions

        own = {field.name: given.pop(field.name) for field in fields(ListOptions)}
        return function(*args, reading=ListOptions(**own), **given)

    decorated: Function = options(*_OPTIONS)(wrapper)
    return decorated
