"""The outputs of `i3d classify` for people: --annotate, --html, and what explains an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from i3d_edge.cli._base import PATH, force_option, note, options, print_error
from i3d_edge.core.errors import I3DError, VideoError
from i3d_edge.core.files import check_output

if TYPE_CHECKING:
    from i3d_edge.core.errors import ClipShapeError
    from i3d_edge.core.spec import ModelSpec
    from i3d_edge.runtime import Classification, Source, VideoClassifier, ViewOptions
    from i3d_edge.runtime.activation import Explanation
    from i3d_edge.runtime.inference.head import Extra
    from i3d_edge.runtime.show.gallery import Item

_SUFFIXES = {"--annotate": (".mp4", ".mkv"), "--html": (".html",), "--maps": (".npy",)}
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
    click.option("--explain", is_flag=True, help="Draw on these where the network saw the best class."),
    click.option("--explain-class", metavar="LABEL", help="Explain this class instead of the best one."),
    click.option(
        "--maps",
        type=PATH,
        metavar="OUT.npy",
        help="Write the explanation as an array, with a .json beside it; for several videos, a folder.",
    ),
    click.option("--by-likeness", is_flag=True, help="Also write index.html: all videos, alike ones side by side."),
    force_option,
)


@dataclass
class Shows:
    """What the user asked for, and how many videos were classified but could not be shown."""

    outputs: Mapping[str, Path]  # by option: a file, or a folder for several videos
    explains: bool
    label: str | None  # to explain; the best one if None
    by_likeness: bool
    views: ViewOptions
    model_path: Path
    k: int
    force: bool
    num_failed: int = 0
    _files: dict[str, Sequence[Path]] = field(default_factory=dict)
    _items: list[Item] = field(default_factory=list)

    @classmethod
    def wanted(cls, *, explain: bool, explain_class: str | None, by_likeness: bool, **others: Any) -> Shows:
        """Check the options before the model is loaded; may raise UsageError or OutputError."""
        outputs = {option: path for option in _SUFFIXES if (path := others.pop(option.strip("-"))) is not None}
        explains = explain or explain_class is not None or "--maps" in outputs
        if explains and not outputs:
            raise click.UsageError("--explain needs --annotate, --html or --maps")
        files = {option for option, path in outputs.items() if not is_folder(option, path, _SUFFIXES[option])}
        if by_likeness and ("--html" not in outputs or "--html" in files):
            raise click.UsageError("--by-likeness needs --html with a folder")
        for option in files:
            if outputs[option].parent.is_dir():  # else it is made once a video is there
                check_output(outputs[option], force=others["force"])
        return cls(outputs, explains, explain_class, by_likeness, **others)

    @property
    def extras(self) -> tuple[Extra, ...]:
        """What the classifier must give beside its answers."""
        wanted: dict[Extra, bool] = {"feature_map": self.explains, "embedding": self.by_likeness}
        return tuple(extra for extra, is_wanted in wanted.items() if is_wanted)

    def place(self, sources: Sequence[Source], spec: ModelSpec) -> None:
        """Choose the output of each video before any is decoded; may raise UsageError, OutputError or LabelError."""
        if self.label is not None:
            spec.labels.index(self.label)
        names = [source.name for source in sources]
        for option, target in self.outputs.items():
            self._files[option] = targets(option, target, names, _SUFFIXES[option])
        outputs = list(chain.from_iterable(self._files.values()))
        if self.by_likeness:
            outputs.append(self._index)
        inputs = {Path(name).resolve() for name in names}
        for output, count in Counter(outputs).items():
            if count > 1 or output.resolve() in inputs:
                other = "another output" if count > 1 else "one of the videos"
                raise click.UsageError(f"output {str(output)!r} is {other}: choose another name")
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
        from i3d_edge.runtime.activation import explain
        from i3d_edge.runtime.frames.video import one_of_many

        files = {option: paths[number] for option, paths in self._files.items()}
        try:
            seen = explain(answer, classifier, self.views, self.label) if self.explains else None
            with one_of_many(source.name):
                if "--annotate" in files:
                    self._annotate(source, answer, files["--annotate"], classifier.spec, seen)
                if "--html" in files:
                    self._write_page(source, answer, files["--html"], classifier, seen=seen)
                if self.by_likeness:
                    self._items.append(_item(source, answer, files["--html"].name))
            if seen and "--maps" in files:
                seen.write(files["--maps"], force=self.force)
                note(f"wrote {files['--maps']}")
        except VideoError as error:
            self.num_failed += 1
            note(f"{source.name}: classified, but not shown")
            print_error(error)

    def finish(self) -> None:
        """Write the page of all videos, if there are several."""
        if len(self._items) > 1:
            from i3d_edge.runtime.show.gallery import write_gallery

            write_gallery(self._items, self._index, force=self.force)
            note(f"wrote {self._index}")

    @property
    def _index(self) -> Path:
        return self.outputs["--html"] / "index.html"

    def _annotate(
        self, source: Source, answer: Classification, output: Path, spec: ModelSpec, seen: Explanation | None
    ) -> None:
        from i3d_edge.runtime.show.annotate import annotate_video

        written = annotate_video(source, answer, spec.labels, output, k=self.k, seen=seen, force=self.force)
        for warning in written.warnings:
            if warning not in answer.warnings:
                note(f"{output}: {warning}")
        note(f"wrote {output}: {written.width} x {written.height}")

    def _write_page(
        self, source: Source, answer: Classification, output: Path, classifier: VideoClassifier, **shown: Any
    ) -> None:
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
            **shown,
            force=self.force,
        )
        note(f"wrote {output}")


def _item(source: Source, answer: Classification, page: str) -> Item:
    from i3d_edge.runtime.likeness import embedding
    from i3d_edge.runtime.show.gallery import Item
    from i3d_edge.runtime.show.thumbnails import film_strip

    [picture] = film_strip(source, 1, side_px=160).pictures
    return Item(source.name, answer.predictions[0].label, embedding(answer), picture, href=quote(page))


def is_folder(option: str, target: Path, suffixes: tuple[str, ...]) -> bool:
    """Return whether a path is a folder, there or without a suffix; raises UsageError for another suffix."""
    if target.is_dir() or not target.suffix:
        return True
    if target.suffix.lower() not in suffixes:
        endings = " or ".join(suffixes)
        raise click.UsageError(f"{option} needs a file that ends in {endings}, or a folder; got {str(target)!r}")
    return False


def targets(option: str, target: Path, names: Sequence[str], suffixes: tuple[str, ...]) -> list[Path]:
    """Return each video's output: the file, or those of the same names in the folder; UsageError if two are one."""
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
