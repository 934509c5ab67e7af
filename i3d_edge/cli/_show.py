"""The outputs of `i3d classify` for people: --annotate and --html."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from i3d_edge.cli._base import PATH, force_option, note, options, print_error
from i3d_edge.core.errors import I3DError, VideoError
from i3d_edge.core.files import check_output

if TYPE_CHECKING:
    from i3d_edge.core.errors import ClipShapeError
    from i3d_edge.core.spec import ModelSpec
    from i3d_edge.runtime import Classification, Source, VideoClassifier

_FILM, _PAGE = (".mp4", ".mkv"), (".html",)
_STANDARD_INPUT = "-"


show_options = options(
    click.option(
        "--annotate",
        type=PATH,
        metavar="OUT.mp4",
        help="Write the video without sound, with the current classes and a timeline drawn on it, as .mp4 or "
        ".mkv; for several videos, a folder.",
    ),
    click.option("--html", type=PATH, metavar="OUT.html", help="Write a page about the video; for several, a folder."),
    force_option,
)


@dataclass
class Shows:
    """The outputs that the user asked for, and how many videos were classified but could not be shown."""

    film: Path | None
    page: Path | None
    model_path: Path
    k: int
    force: bool
    num_failed: int = 0
    _films: Sequence[Path] = ()
    _pages: Sequence[Path] = ()

    @classmethod
    def wanted(cls, annotate: Path | None, html: Path | None, *, model_path: Path, k: int, force: bool) -> Shows:
        """Check the options before the model is loaded.

        Raises:
            click.UsageError: If a path has the wrong suffix.
            OutputError: If a file exists or cannot be written.
        """
        for option, target, suffixes in (("--annotate", annotate, _FILM), ("--html", html, _PAGE)):
            is_file = target is not None and not is_folder(option, target, suffixes)
            if target is not None and is_file and target.parent.is_dir():  # else it is made once a video is there
                check_output(target, force=force)
        return cls(annotate, html, model_path, k, force)

    def place(self, sources: Sequence[Source]) -> None:
        """Choose the output of each video, before any is decoded.

        Raises:
            click.UsageError: If several videos have one output, or an output is one of the videos.
            OutputError: If an output exists or cannot be written.
        """
        names = [source.name for source in sources]
        self._films = targets("--annotate", self.film, names, _FILM)
        self._pages = targets("--html", self.page, names, _PAGE)
        inputs = {Path(name).resolve() for name in names}
        for output in (*self._films, *self._pages):
            if output.resolve() in inputs:
                raise click.UsageError(f"output {str(output)!r} is one of the videos: choose another name")
            if not output.parent.is_dir():
                note(f"making folder {output.parent}")
            check_output(output, force=self.force)

    def show(
        self,
        number: int,
        source: Source,
        answer: Classification | VideoError | ClipShapeError,
        classifier: VideoClassifier,
    ) -> None:
        """Write the outputs of one video; `number` is its position among all of them, from 0."""
        if isinstance(answer, I3DError):
            return
        from i3d_edge.runtime.frames.video import one_of_many

        try:
            with one_of_many(source.name):
                if self._films:
                    self._annotate(source, answer, self._films[number], classifier.spec)
                if self._pages:
                    self._write_page(source, answer, self._pages[number], classifier)
        except VideoError as error:
            self.num_failed += 1
            note(f"{source.name}: classified, but not shown")
            print_error(error)

    def _annotate(self, source: Source, answer: Classification, output: Path, spec: ModelSpec) -> None:
        from i3d_edge.runtime.show.annotate import annotate_video

        written = annotate_video(source, answer, spec.labels, output, k=self.k, force=self.force)
        for warning in written.warnings:
            if warning not in answer.warnings:
                note(f"{output}: {warning}")
        note(f"wrote {output}: {written.width} x {written.height}")

    def _write_page(self, source: Source, answer: Classification, output: Path, classifier: VideoClassifier) -> None:
        from i3d_edge.runtime.show.page import write_page

        engine = classifier.engine
        write_page(
            source,
            answer,
            classifier.spec,
            output,
            device=engine.device,
            precision=engine.precision,
            model=self.model_path,
            force=self.force,
        )
        note(f"wrote {output}")


def is_folder(option: str, target: Path, suffixes: tuple[str, ...]) -> bool:
    """Return whether a path is a folder, there or without a suffix; raises UsageError for another suffix."""
    if target.is_dir() or not target.suffix:
        return True
    if target.suffix.lower() not in suffixes:
        endings = " or ".join(suffixes)
        raise click.UsageError(f"{option} needs a file that ends in {endings}, or a folder; got {str(target)!r}")
    return False


def targets(option: str, target: Path | None, names: Sequence[str], suffixes: tuple[str, ...]) -> list[Path]:
    """Return each video's output: the file, or those of the same names in the folder; UsageError if two are one."""
    if target is None:
        return []
    if not is_folder(option, target, suffixes):
        if len(names) > 1:
            raise click.UsageError(
                f"{option} {str(target)!r} is one file, and there are {len(names)} videos: name a folder instead, "
                f"for example {str(target.with_suffix(''))!r}"
            )
        return [target]
    taken: dict[Path, str] = {}
    for name in names:
        stem = "standard-input" if name == _STANDARD_INPUT else Path(name).stem
        output = target / f"{stem}{suffixes[0]}"
        if output in taken:
            raise click.UsageError(
                f"{option} would write {str(output)!r} for both {taken[output]!r} and {name!r}: "
                "classify them separately, into two folders"
            )
        taken[output] = name
    return list(taken)
