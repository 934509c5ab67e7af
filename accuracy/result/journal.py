"""What a run has done so far, on disk: a run that was killed continues after the last whole video.

A run's folder holds `run.json`, its configuration; `predictions.jsonl`, to which a video's rows are appended together;
and `videos.jsonl`, to which then one row is appended that says how far `predictions.jsonl` counts. A row that is cut
short, predictions beyond the last whole row, and both from a row on that was edited or whose predictions were, are
dropped when the run continues.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO, NotRequired, Self, TypedDict

from i3d_edge.accuracy.result.schema import PREDICTIONS_NAME, RESULT_NAME, Machine, PredictionRow
from i3d_edge.core.errors import OutputError
from i3d_edge.core.files import alone_in, make_folder, write_text, writing
from i3d_edge.core.reading import open_input, read_bytes, require_file
from i3d_edge.core.schema import Amount, Count, Format

RUN_NAME = "run.json"
VIDEOS_NAME = "videos.jsonl"

_OTHER_FOLDER = "choose another folder, or pass --force to begin anew"


class DoneVideo(TypedDict):
    """A row of `videos.jsonl`."""

    video: str  # path, as in the list
    label: Count | None
    reason: str | None  # why it was dropped, or None
    sha256: str | None
    warnings: list[str]
    num_views: Count  # per model
    decode_s: Amount
    wait_s: Amount
    prepare_s: Amount
    infer_s: dict[str, Amount]
    elapsed_s: Amount  # since the run began, without the time between a kill and its resumption
    ran_on: NotRequired[Machine]  # absent from the first rows of this version
    end: Count  # length of predictions.jsonl in bytes, up to which it counts
    check: str  # SHA-256 of the row without this field, and of the video's predictions


_CONFIG = Format(kind=dict[str, Any], noun="configuration", error=OutputError, hint=_OTHER_FOLDER)
_DONE_VIDEO = Format(kind=DoneVideo, noun="row", error=OutputError)


@dataclass
class Journal:
    """The files of a run that is going on.

    Attributes:
        folder: Where they are.
        done: Videos that need not be decoded again.
    """

    folder: Path
    done: list[DoneVideo]
    _predictions: BinaryIO = field(repr=False)
    _videos: BinaryIO = field(repr=False)
    _lock: ExitStack = field(repr=False)

    @classmethod
    def open(cls, folder: Path, config: Mapping[str, Any], names: Sequence[str], *, force: bool) -> Self:
        """Begin a run, or continue one of the same configuration; `force` begins anew, whatever is there.

        Raises OutputError if the folder holds anything else (without `force`), is in use, or cannot be written.
        """
        make_folder(folder)
        with ExitStack() as stack:
            stack.enter_context(alone_in(folder))
            if force:
                discard(folder)
            begun = read_config(folder)
            if begun is None:
                _require_empty(folder)
                write_text(folder / RUN_NAME, json.dumps(config, indent=2, ensure_ascii=False) + "\n", force=True)
            elif differing := sorted(key for key in {*begun, *config} if begun.get(key) != config.get(key)):
                raise OutputError(
                    f"run folder {str(folder)!r} holds another run, which differs in {', '.join(differing)}",
                    hint=_OTHER_FOLDER,
                )
            _require_files(folder)
            pairs = zip(names, read_done(folder), strict=False)
            done = [(row, line) for _, (row, line, _) in takewhile(lambda pair: pair[0] == pair[1][0]["video"], pairs)]
            with writing(folder / RESULT_NAME):
                predictions, videos = (folder / PREDICTIONS_NAME).open("ab"), (folder / VIDEOS_NAME).open("ab")
                journal = cls(folder, [row for row, _ in done], predictions, videos, stack.pop_all())
                journal._videos.truncate(sum(len(line) for _, line in done))
                journal.drop_unfinished()
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock, writing(self.folder / PREDICTIONS_NAME), closing(self._videos), closing(self._predictions):
            pass

    def drop_unfinished(self) -> None:
        """Cut off predictions of a video whose row was not written; raises OutputError if the folder is another one."""
        self._require_place()
        self._predictions.truncate(self.done[-1]["end"] if self.done else 0)
        self._predictions.seek(0, os.SEEK_END)

    def _require_place(self) -> None:
        try:
            is_same = os.path.samestat((self.folder / VIDEOS_NAME).stat(), os.fstat(self._videos.fileno()))
        except OSError:
            is_same = False
        if not is_same:
            raise OutputError(
                f"run folder {str(self.folder)!r} was moved, replaced or emptied during the run",
                hint="bring it back, and run the same command again to go on",
            )

    def add(self, rows: Sequence[PredictionRow], video: DoneVideo) -> None:
        """Append a video's predictions, then the row that makes them count.

        Raises OutputError if the disk does not take them, or the folder is another one.
        """
        self._require_place()
        with writing(self.folder / PREDICTIONS_NAME):
            predictions = b"".join(_line(row) for row in rows)
            self._predictions.write(predictions)
            self._predictions.flush()
            video = {**video, "end": self._predictions.tell()}
            video["check"] = _check(video, predictions)
            self._videos.write(_line(video))
            self._videos.flush()
        self.done.append(video)


def discard(folder: Path) -> None:
    """Remove what a run wrote."""
    for name in (RESULT_NAME, RUN_NAME, VIDEOS_NAME, PREDICTIONS_NAME):
        (folder / name).unlink(missing_ok=True)


def _require_empty(folder: Path) -> None:
    """Refuse a folder with files of a run's names that no run is known to have begun."""
    for name in (RESULT_NAME, VIDEOS_NAME, PREDICTIONS_NAME):
        if (folder / name).exists():
            raise OutputError(
                f"run folder {str(folder)!r} holds {name} of an unknown run: there is no {RUN_NAME}", hint=_OTHER_FOLDER
            )


def _require_files(folder: Path) -> None:
    """Refuse what is no file where rows are to be appended: a pipe would wait for a reader."""
    for name in (PREDICTIONS_NAME, VIDEOS_NAME):
        try:
            require_file(folder / name)
        except FileNotFoundError:
            continue
        except OSError as error:
            text = f"cannot read {name} in run folder {str(folder)!r}: {error.strerror}"
            raise OutputError(text, hint=_OTHER_FOLDER) from error


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _check(row: Mapping[str, Any], predictions: bytes) -> str:
    """Return the SHA-256 of a row, but for its own `check`, and of the predictions that it makes count."""
    plain = {key: value for key, value in row.items() if key != "check"}
    return hashlib.sha256(_line(plain) + predictions).hexdigest()


def read_config(folder: Path) -> Mapping[str, Any] | None:
    """Return the configuration of a run; None if none was begun there; raises OutputError if it cannot be read."""
    path = folder / RUN_NAME
    return _CONFIG.read(path) if os.path.lexists(path) else None


def read_done(folder: Path) -> Iterator[tuple[DoneVideo, bytes, bytes]]:
    """Yield the videos that are done, in the order of the run, each with its line and the lines of its predictions.

    What was cut off or edited does not count, nor what comes after it.
    """
    end = 0
    try:
        lines = read_bytes(folder / VIDEOS_NAME).splitlines(keepends=True)
        predictions = open_input(folder / PREDICTIONS_NAME)
        size = os.fstat(predictions.fileno()).st_size
    except FileNotFoundError:
        return
    with predictions:
        for line in lines:
            try:
                row = _DONE_VIDEO.decode(line)
            except OutputError:
                break
            rows = predictions.read(row["end"] - end) if end <= row["end"] <= size else b""
            end = row["end"]
            if not line.endswith(b"\n") or row["check"] != _check(row, rows):
                break
            yield row, line, rows
