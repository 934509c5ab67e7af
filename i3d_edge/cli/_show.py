"""`i3d classify`'s outputs for people: --annotate, --html and --csv."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from i3d_edge.cli._base import force_option, note
from i3d_edge.errors import VideoError

if TYPE_CHECKING:
    from runtime import Classification, VideoClassifier

Function = TypeVar("Function", bound=Callable[..., Any])

_FILM, _PAGE = (".mp4", ".mkv"), (".html",)


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
            "--html",
            type=path,
            metavar="OUT.html",
            help="Write a page about the video; of several, into a folder.",
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
    """Where the outputs for people go, and those that could not be written.

    Attributes:
        films: Per video where its annotated copy goes; empty where none is wanted.
        pages: Per video where its page goes; empty where none is wanted.
        table: Where the table goes, or None.
        k: How many classes to show.
        force: Replace what exists.
        num_failed: Videos that were classified and could not be shown.
    """

    films: Sequence[Path]
    pages: Sequence[Path]
    table: Path | None
    k: int
    force: bool
    num_failed: int = 0
    _answers: list[tuple[Path, Classification | VideoError]] = field(default_factory=list)

    @classmethod
    def plan(
        cls, videos: Sequence[Path], annotate: Path | None, html: Path | None, csv: Path | None, *, k: int, force: bool
    ) -> Shows:
        """Decide where everything goes, and refuse what cannot be, before work is spent on it.

        Raises:
            click.UsageError: If an output is not for so many videos, or would be written twice.
            OutputError: If an output exists, or cannot be written.
        """
        from i3d_edge.files import check_output

        films = [] if annotate is None else targets("--annotate", annotate, videos, _FILM)
        pages = [] if html is None else targets("--html", html, videos, _PAGE)
        if csv == Path("-"):
            raise click.UsageError("--csv must name a file; --jsonl prints rows on stdout")
        outputs = [*films, *pages, *([csv] if csv else [])]
        inputs = {path.resolve() for path in videos}
        for output in outputs:
            if output.resolve() in inputs:
                raise click.UsageError(f"output {str(output)!r} is one of the videos: choose another name")
            check_output(output, force=force)
        return cls(films, pages, csv, k, force)

    def show(self, number: int, path: Path, answer: Classification | VideoError, classifier: VideoClassifier) -> None:
        """Write what is wanted of one video: its number among all, its path, and its answer."""
        self._answers.append((path, answer))
        if isinstance(answer, VideoError):
            return
        try:
            if self.films:
                self._annotate(path, answer, self.films[number], classifier)
            if self.pages:
                self._write_page(path, answer, self.pages[number], classifier)
        except VideoError as error:
            self.num_failed += 1
            note(f"{path}: classified, but cannot be shown\n{type(error).__name__}: {error}")

    def finish(self, classifier: VideoClassifier) -> None:
        """Write the table."""
        if self.table is None:
            return
        from runtime.show import write_table

        spec = classifier.spec
        write_table(self._answers, spec.labels, self.table, k=self.k, is_stand_in=spec.is_stand_in, force=self.force)
        note(f"wrote {self.table}")

    def _annotate(self, path: Path, answer: Classification, output: Path, classifier: VideoClassifier) -> None:
        from runtime.show import annotate_video

        spec = classifier.spec
        written = annotate_video(
            path, answer, spec.labels, output, k=self.k, is_stand_in=spec.is_stand_in, force=self.force
        )
        for warning in written.warnings:
            if warning not in answer.warnings:
                note(f"{output}: {warning}")
        note(f"wrote {output}: {written.width} x {written.height}, encoded by {written.encoder}")

    def _write_page(self, path: Path, answer: Classification, output: Path, classifier: VideoClassifier) -> None:
        from runtime.show import write_page

        write_page(
            path,
            answer,
            classifier.spec,
            output,
            device=classifier.device,
            precision=classifier.precision,
            force=self.force,
        )
        note(f"wrote {output}")


def targets(option: str, target: Path, videos: Sequence[Path], suffixes: tuple[str, ...]) -> list[Path]:
    """Return where each video's output goes.

    A name with one of the suffixes is a file, for one video; a name without a suffix, and a folder that there is, take
    a file per video, called like the video.

    Raises:
        click.UsageError: If the name is neither, is a file for several videos, or two videos are called alike.
    """
    endings = " or ".join(suffixes)
    if target.is_dir() or not target.suffix:
        outputs = [target / f"{video.stem}{suffixes[0]}" for video in videos]
        taken: dict[Path, Path] = {}
        for video, output in zip(videos, outputs, strict=True):
            if output in taken:
                raise click.UsageError(
                    f"{option} would write {str(output)!r} for two videos, {str(taken[output])!r} and {str(video)!r}: "
                    "classify them in two runs, into two folders"
                )
            taken[output] = video
        return outputs
    if target.suffix.lower() not in suffixes:
        raise click.UsageError(f"{option} must name a file that ends in {endings}, or a folder; got {str(target)!r}")
    if len(videos) > 1:
        raise click.UsageError(
            f"{option} {str(target)!r} is one file, and there are {len(videos)} videos: name a folder, "
            f"{str(target.with_suffix(''))!r} for instance"
        )
    return [target]
