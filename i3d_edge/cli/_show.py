"""`i3d classify`'s outputs for people: --annotate, --html and --csv."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from i3d_edge.cli._base import force_option, note
from i3d_edge.core.errors import I3DError, VideoError
from i3d_edge.core.files import check_output

if TYPE_CHECKING:
    from i3d_edge.core.errors import ClipShapeError
    from i3d_edge.core.spec import ModelSpec
    from i3d_edge.runtime import Classification, Source, VideoClassifier

Function = TypeVar("Function", bound=Callable[..., Any])

_FILM, _PAGE = (".mp4", ".mkv"), (".html",)
_STANDARD_INPUT = "-"


def show_options(function: Function) -> Function:
    """Add --annotate, --html, --csv and --force."""
    path = click.Path(path_type=Path)
    options = (
        click.option(
            "--annotate",
            type=path,
            metavar="OUT.mp4",
            help="Write the video with the current classes and a timeline drawn on it, as .mp4 or .mkv; "
            "of several videos, into a folder.",
        ),
        click.option(
            "--html", type=path, metavar="OUT.html", help="Write a page about the video; of several, into a folder."
        ),
        click.option(
            "--csv", type=path, metavar="OUT.csv", help="Write a table of all videos, one row per video and view."
        ),
        force_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@dataclass
class Shows:
    """What is written for people, and where.

    Attributes:
        film: What --annotate names, or None.
        page: What --html names, or None.
        table: What --csv names, or None.
        k: How many classes to show.
        force: Replace what exists.
        num_failed: Videos that were classified and could not be shown.
    """

    film: Path | None
    page: Path | None
    table: Path | None
    k: int
    force: bool
    num_failed: int = 0
    _films: Sequence[Path] = ()
    _pages: Sequence[Path] = ()
    _answers: list[tuple[str, Classification | I3DError]] = field(default_factory=list)

    @classmethod
    def wanted(cls, annotate: Path | None, html: Path | None, csv: Path | None, *, k: int, force: bool) -> Shows:
        """Refuse what can be refused before the model is loaded.

        Raises:
            click.UsageError: If a name has another ending than its option wants.
            OutputError: If a file exists, or cannot be written.
        """
        if csv == Path("-"):
            raise click.UsageError("--csv must name a file; --jsonl prints rows on stdout")
        for option, target, suffixes in (("--annotate", annotate, _FILM), ("--html", html, _PAGE)):
            if target is not None and not is_folder(option, target, suffixes):
                check_output(target, force=force)
        if csv is not None:
            check_output(csv, force=force)
        return cls(annotate, html, csv, k, force)

    def place(self, sources: Sequence[Source]) -> None:
        """Decide where everything goes, before any work is spent on it.

        Raises:
            click.UsageError: If an output is not for so many videos, or two would have the same, or one is a video.
            OutputError: If an output exists, or cannot be written.
        """
        names = [source.name for source in sources]
        self._films = targets("--annotate", self.film, names, _FILM)
        self._pages = targets("--html", self.page, names, _PAGE)
        inputs = {Path(name).resolve() for name in names}
        for output in (*self._films, *self._pages, *([self.table] if self.table else [])):
            if output.resolve() in inputs:
                raise click.UsageError(f"output {str(output)!r} is one of the videos: choose another name")
            check_output(output, force=self.force)

    def show(
        self,
        number: int,
        source: Source,
        answer: Classification | VideoError | ClipShapeError,
        classifier: VideoClassifier,
    ) -> None:
        """Write what is wanted of one video: its number among all, itself, and its answer."""
        if self.table is not None:
            self._answers.append((source.name, answer))
        if isinstance(answer, I3DError):
            return
        try:
            if self._films:
                self._annotate(source, answer, self._films[number], classifier.spec)
            if self._pages:
                self._write_page(source, answer, self._pages[number], classifier)
        except VideoError as error:
            self.num_failed += 1
            note(f"{source.name}: classified, but cannot be shown\n{type(error).__name__}: {error}")

    def finish(self, spec: ModelSpec) -> None:
        """Write the table."""
        if self.table is None:
            return
        from i3d_edge.runtime.show import write_table

        write_table(self._answers, spec.labels, self.table, k=self.k, force=self.force)
        note(f"wrote {self.table}")

    def _annotate(self, source: Source, answer: Classification, output: Path, spec: ModelSpec) -> None:
        from i3d_edge.runtime.show import annotate_video

        written = annotate_video(source, answer, spec.labels, output, k=self.k, force=self.force)
        for warning in written.warnings:
            if warning not in answer.warnings:
                note(f"{output}: {warning}")
        note(f"wrote {output}: {written.width} x {written.height}, encoded by {written.encoder}")

    def _write_page(self, source: Source, answer: Classification, output: Path, classifier: VideoClassifier) -> None:
        from i3d_edge.runtime.show import write_page

        spec, device, precision = classifier.spec, classifier.engine.device, classifier.engine.precision
        write_page(source, answer, spec, output, device=device, precision=precision, force=self.force)
        note(f"wrote {output}")


def is_folder(option: str, target: Path, suffixes: tuple[str, ...]) -> bool:
    """Tell a folder, which is there or has no suffix, from a file, which has one of these.

    Raises:
        click.UsageError: If it is neither.
    """
    if target.is_dir() or not target.suffix:
        return True
    if target.suffix.lower() not in suffixes:
        endings = " or ".join(suffixes)
        raise click.UsageError(f"{option} must name a file that ends in {endings}, or a folder; got {str(target)!r}")
    return False


def targets(option: str, target: Path | None, names: Sequence[str], suffixes: tuple[str, ...]) -> list[Path]:
    """Return where each video's output goes: a file for one video, or a folder of files that are called like theirs.

    Raises:
        click.UsageError: If it is a file for several videos, or two are called alike.
    """
    if target is None:
        return []
    if not is_folder(option, target, suffixes):
        if len(names) > 1:
            raise click.UsageError(
                f"{option} {str(target)!r} is one file, and there are {len(names)} videos: name a folder, "
                f"{str(target.with_suffix(''))!r} for instance"
            )
        return [target]
    taken: dict[Path, str] = {}
    for name in names:
        stem = "standard-input" if name == _STANDARD_INPUT else Path(name).stem
        output = target / f"{stem}{suffixes[0]}"
        if output in taken:
            raise click.UsageError(
                f"{option} would write {str(output)!r} for two videos, {taken[output]!r} and {name!r}: "
                "classify them in two runs, into two folders"
            )
        taken[output] = name
    return list(taken)
