"""Options of the commands that read a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from i3d_edge.cli._base import frames_fps_option, note
from i3d_edge.core.labels import LabelSet

if TYPE_CHECKING:
    from i3d_edge.accuracy import DataSet

Function = TypeVar("Function", bound=Callable[..., Any])

_FORMATS = ("path-label", "path-index", "kinetics", "class-folders", "frame-folders", "omz", "ucf101", "hmdb51")


@dataclass(frozen=True, slots=True)
class DataSetOptions:
    """How a list or folder is to be read; None leaves it to the reader."""

    format_name: str | None
    root: Path | None
    classes_path: Path | None
    split: str | None
    frames_fps: Fraction | None

    def require_list_options_unused(self, manifest_path: Path) -> None:
        """Refuse options that say how a list is read: a manifest says all that itself.

        Raises:
            click.UsageError: If one is given.
        """
        options = {
            "--format": self.format_name,
            "--classes": self.classes_path,
            "--split": self.split,
            "--frames-fps": self.frames_fps,
        }
        for name, value in options.items():
            if value is not None:
                raise click.UsageError(
                    f"{name} is for lists and folders; {str(manifest_path)!r} is a manifest: leave it out"
                )

    def read(self, path: Path, labels: LabelSet) -> DataSet:
        """Read a data set, and pass on what should be known of it."""
        from i3d_edge import accuracy

        data = accuracy.read_dataset(
            path,
            labels,
            format_name=self.format_name,
            root=self.root,
            classes=None if self.classes_path is None else accuracy.read_classes(self.classes_path),
            split=self.split,
            frames_fps=self.frames_fps,
        )
        accuracy.require_frame_rate(data)
        for text in data.notes:
            note(f"note: {text}")
        return data


def dataset_options(function: Function) -> Function:
    """Add the options that say how a data set is read; the command gets them as `reading`."""

    @wraps(function)
    def wrapper(
        *args: Any,
        format_name: str | None,
        root: Path | None,
        classes_path: Path | None,
        split: str | None,
        frames_fps: Fraction | None,
        **options: Any,
    ) -> Any:
        reading = DataSetOptions(format_name, root, classes_path, split, frames_fps)
        return function(*args, reading=reading, **options)

    decorated: Any = wrapper
    for option in reversed(
        (
            click.option(
                "--format", "format_name", type=click.Choice(_FORMATS), help="What the data set is, if not as it looks."
            ),
            click.option(
                "--videos", "root", type=click.Path(path_type=Path), help="Where paths start, if not at the list."
            ),
            click.option(
                "--classes",
                "classes_path",
                type=click.Path(path_type=Path),
                help="What the list's class indices mean, if not the model's: names in order, or an index and a name "
                "a line.",
            ),
            click.option(
                "--split",
                help="Which part: of a CSV with the column split, of Open Model Zoo's JSON (validation) or of HMDB51 "
                "(1).",
            ),
            frames_fps_option,
        )
    ):
        decorated = option(decorated)
    result: Function = decorated
    return result
