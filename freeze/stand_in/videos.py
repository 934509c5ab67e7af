"""The generated motions as video files, with a list of what each shows."""

from __future__ import annotations

import csv
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from freeze.stand_in.motion import LABELS, render_motion
from i3d_edge.errors import OutputError
from i3d_edge.files import make_folder, write_text
from i3d_edge.progress import track

RATE_FPS = 25
HEIGHT_PX, WIDTH_PX = 256, 340
NUM_FRAMES = 91
LIST_NAME = "list.csv"

# The weights are fitted on seeds that begin with another number, so these videos are held out.
_SEED = 2


def write_videos(folder: Path, per_class: int, *, force: bool = False) -> Path:
    """Write held-out videos of every class, and a list of them with `path` and `label` columns.

    Args:
        folder: Where they go. A list that is there already, of as many videos, is kept.
        per_class: Videos of each class.
        force: Write them again.

    Returns:
        The list's path.

    Raises:
        OutputError: If another list is there (without `force`), or the folder cannot be written.
    """
    list_path = folder / LIST_NAME
    make_folder(folder)
    rows = [(f"{label.replace(' ', '_')}_{number:03d}.mp4", label) for number in range(per_class) for label in LABELS]
    if not force and list_path.exists():
        if _is_complete(list_path, rows):
            return list_path
        if not _is_ours(list_path):
            raise OutputError(
                f"output {str(list_path)!r} must be free or a list of generated videos; another list is there",
                hint="choose another folder, or pass --force to replace it",
            )
    list_path.unlink(missing_ok=True)
    for position, (name, label) in enumerate(track(rows, total=len(rows), title="rendering", unit="video")):
        seed = (_SEED, position)
        frames = render_motion(LABELS.index(label), seed, num_frames=NUM_FRAMES, height=HEIGHT_PX, width=WIDTH_PX)
        write_video(folder / name, frames)
    write_text(list_path, "".join(f"{path},{label}\n" for path, label in [("path", "label"), *rows]))
    return list_path


def write_video(path: Path, frames: npt.NDArray[np.uint8]) -> None:
    """Encode frames, shape (F, H, W, 3), uint8, RGB, as H.264 at 25 fps."""
    partial = path.with_name(f".{path.name}")
    with av.open(str(partial), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE_FPS, options={"crf": "18", "preset": "veryfast"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, RATE_FPS)
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    os.replace(partial, path)


def _is_complete(list_path: Path, rows: list[tuple[str, str]]) -> bool:
    return _listed(list_path) == rows and all((list_path.parent / name).is_file() for name, _ in rows)


def _is_ours(list_path: Path) -> bool:
    """Tell whether a list names generated videos only, though perhaps another number of them."""
    return all(row[-1] in LABELS and row[0].startswith(row[-1].replace(" ", "_")) for row in _listed(list_path))


def _listed(list_path: Path) -> list[tuple[str, ...]]:
    with list_path.open(newline="", encoding="utf-8", errors="replace") as stream:
        return [tuple(row) for row in csv.reader(stream) if row][1:]
