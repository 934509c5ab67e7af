"""The files of a checkpoint: found from any of their names or their folder, and checked to be all there."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.errors import CheckpointDamagedError, CheckpointFormError, CheckpointMissingError
from i3d_edge.core.file_kind import foreign_kind
from i3d_edge.core.files import visible_names
from i3d_edge.core.reading import read_text
from i3d_edge.core.text import some
from i3d_edge.freeze.tensor_index import TensorEntry, refuse_foreign

SAVED_MODEL_NAME = "saved_model.pb"

HUB_VARIABLES = Path("variables", "variables")
_PART = re.compile(r"(.+)\.(?:index|meta|data-\d{5}-of-\d{5})")
_LATEST = re.compile(r'^model_checkpoint_path: "(.*)"', re.MULTILINE)
_LATEST_FILE = "checkpoint"
"""TensorFlow's text file that names the last checkpoint of a folder."""


@dataclass(frozen=True, slots=True)
class CheckpointFiles:
    """Where a checkpoint lies; attributes as of `Checkpoint`."""

    prefix: Path
    is_hub_module: bool = False
    passed_over: tuple[str, ...] = ()


def find_checkpoint(path: Path) -> CheckpointFiles:
    """Find a checkpoint by its prefix, one of its files, a folder, or the folder of a SavedModel.

    Raises CheckpointMissingError if there is none, or several and none is the last; CheckpointFormError for another
    program's file.
    """
    if os.path.isfile(path / SAVED_MODEL_NAME) or os.path.isfile(path / f"{HUB_VARIABLES}.index"):
        path, is_hub_module = path / HUB_VARIABLES, True
    elif os.path.isdir(path) or (path.name == _LATEST_FILE and os.path.isfile(path)):
        return _in_folder(path if os.path.isdir(path) else path.parent)
    else:
        is_hub_module = False
    path = prefix_of(path)
    if not os.path.isfile(f"{path}.index"):
        _refuse_stage(path)
        refuse_foreign(path)
        near = checkpoint_names(path.parent)
        raise CheckpointMissingError(
            f"checkpoint {str(path)!r} has no .index file",
            hint=f"checkpoints in that folder: {', '.join(near)}"
            if near
            else "`i3d fetch` downloads the published ones",
        )
    return CheckpointFiles(path, is_hub_module)


def prefix_of(path: Path) -> Path:
    """Return the prefix of a checkpoint, given that or one of its files."""
    part = _PART.fullmatch(path.name)
    return path.with_name(part[1]) if part and not os.path.isfile(f"{path}.index") else path


def _in_folder(folder: Path) -> CheckpointFiles:
    names = checkpoint_names(folder)
    if len(names) == 1:
        return CheckpointFiles(folder / names[0])
    latest = _latest(folder)
    if latest in names:
        return CheckpointFiles(folder / latest, passed_over=tuple(name for name in names if name != latest))
    below = [str(item) for item in checkpoint_folders(folder)]
    if names:
        stale = f", and its file {_LATEST_FILE!r} names {latest!r}, which is not there" if latest else ""
        raise CheckpointMissingError(
            f"folder {str(folder)!r} holds {len(names)} checkpoints: {some(names, 6)}{stale}",
            hint=f"give one of them, for instance {folder / names[-1]}",
        )
    foreign = [(name, kind) for name in visible_names(folder) if (kind := foreign_kind(folder / name))]
    if foreign and not below:
        name, kind = foreign[0]
        raise CheckpointFormError(
            f"folder {str(folder)!r} holds no checkpoint: {name!r} is {kind.title}", hint=kind.remedy
        )
    raise CheckpointMissingError(
        f"folder {str(folder)!r} holds no checkpoint, which would have a file that ends in .index",
        hint=f"there are some below it: {some(below)}" if below else "`i3d fetch` downloads the published ones",
    )


def checkpoint_names(folder: Path) -> list[str]:
    """Return the names of the checkpoints in a folder, without hidden ones; numbers of steps are in order."""
    names = [item.name.removesuffix(".index") for item in folder.glob("*.index") if not item.name.startswith(".")]
    return sorted(names, key=lambda name: [(int(part), "") if part.isdecimal() else (0, part) for part in _runs(name)])


def checkpoint_folders(folder: Path) -> list[Path]:
    """Return the folders right below a folder that hold checkpoints."""
    return sorted({item.parent for item in folder.glob("[!.]*/[!.]*.index")})


def _runs(name: str) -> list[str]:
    return re.findall(r"\d+|\D+", name)


def _latest(folder: Path) -> str | None:
    """Return the name of the checkpoint that TensorFlow wrote last; its folder may have moved since."""
    try:
        found = _LATEST.search(read_text(folder / _LATEST_FILE, errors="replace"))
    except OSError:
        return None
    return re.split(r"[/\\]", found[1])[-1] if found else None


def _refuse_stage(path: Path) -> None:
    """Refuse a model that is past this stage, and say what comes next."""
    nexts = {
        ".pb": ("a frozen graph", f"i3d convert {path} -o {path.with_suffix('.xml')}"),
        ".xml": ("an IR", f"i3d classify VIDEO --model {path}"),
    }
    if path.suffix in nexts and os.path.isfile(path):
        title, command = nexts[path.suffix]
        raise CheckpointFormError(f"{str(path)!r} is {title} already, not a checkpoint", hint=command)


def check_data_files(prefix: Path, tensors: Mapping[str, TensorEntry]) -> int:
    """Return how many data files there are; raises a CheckpointError if one is absent or too short for the index."""
    number = 1 + max((entry.shard for entry in tensors.values()), default=0)
    for shard, path in enumerate(shard_paths(prefix, number)):
        if not os.path.isfile(path):
            raise CheckpointMissingError(
                f"checkpoint {str(prefix)!r} lacks data file {shard} of {number}",
                hint="the .index alone holds no weights: its data file belongs beside it",
            )
        ends = (entry.offset + entry.num_bytes for entry in tensors.values() if entry.shard == shard)
        expected = max(ends, default=0)
        if (got := path.stat().st_size) < expected:
            refuse_foreign(path)
            raise CheckpointDamagedError(
                f"checkpoint file {str(path)!r} is truncated: it has {got} of {expected} bytes",
                hint="fetch or copy it again",
            )
    return number


def shard_paths(prefix: Path, number: int) -> Iterator[Path]:
    """Yield the paths of a checkpoint's data files; an index may state any number of them."""
    for shard in range(number):
        yield Path(f"{prefix}.data-{shard:05d}-of-{number:05d}")
