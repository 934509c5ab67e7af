"""Runs over slices of one list, joined to what one run over the list would have written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from i3d_edge.accuracy.data.shard import Shard, parse_shard
from i3d_edge.accuracy.result.journal import DoneVideo, Journal, read_config, read_done
from i3d_edge.accuracy.result.recorded_run import read_result
from i3d_edge.accuracy.result.schema import PREDICTION_ROW, RESULT_NAME, Result
from i3d_edge.accuracy.run.config import sha256_of_lines
from i3d_edge.accuracy.run.summary import RunFacts, write_result
from i3d_edge.core.errors import ArgumentError, ResultError
from i3d_edge.core.labels import LabelSet

_MAY_DIFFER = ("slice", "processor", "software", "list of videos")
"""Parts of a configuration that are said of each video instead, or checked otherwise: files may lie elsewhere."""

Video = tuple[DoneVideo, bytes]


@dataclass(frozen=True, slots=True)
class _Slice:
    folder: Path
    shard: Shard
    config: Mapping[str, Any]
    result: Result


def merge_slices(folders: Sequence[Path], output: Path, *, force: bool = False) -> Result:
    """Join runs, in the order of their list; see `i3d_edge.api.accuracy.merge_runs`."""
    if output.resolve() in [folder.resolve() for folder in folders]:
        raise ArgumentError(f"folder {str(output)!r} is one of those to be merged", hint="choose another one")
    slices = sorted((_read(folder) for folder in folders), key=lambda part: part.shard.number)
    _require_one_run(slices)
    first = slices[0]
    labels = LabelSet(first.result["labels"]["name"], tuple(first.result["labels"]["names"]))
    config = {key: value for key, value in first.config.items() if key != "slice"}
    with Journal.open(output, config, [], force=force) as journal:
        (output / RESULT_NAME).unlink(missing_ok=True)
        for video, rows in _interleaved(slices):
            journal.add([PREDICTION_ROW.decode(row) for row in rows.splitlines()], video)
        listed = ([row["video"], None if row["label"] is None else labels.names[row["label"]]] for row in journal.done)
        if sha256_of_lines(listed) != first.result["data"]["sha256"]:
            raise ResultError(f"the slices do not make up the list of run {str(first.folder)!r}")
    data = first.result["data"].copy()
    data.pop("shard", None)
    facts = RunFacts(
        what=first.result["what"],
        how=first.result["how"],
        where=first.result["where"],
        data=data,
        num_listed=len(journal.done),
        labels=labels,
    )
    return write_result(output, facts, journal.done, len(journal.done))


def _read(folder: Path) -> _Slice:
    result, config = read_result(folder), read_config(folder)
    if config is None:
        raise ResultError(f"run {str(folder)!r} has no run.json", hint="bring all files of the run")
    if not result["is_complete"]:
        raise ResultError(
            f"run {str(folder)!r} was interrupted", hint="the same `i3d accuracy run` command continues it"
        )
    return _Slice(folder, parse_shard(result["data"].get("shard", "1/1")), config, result)


def _require_one_run(slices: Sequence[_Slice]) -> None:
    """Refuse slices that are missing, or of different runs."""
    first, of = slices[0], slices[0].shard.of
    for part in slices[1:]:
        differing = [
            key for key in {**first.config, **part.config} if _said(first, part, key) != _said(part, first, key)
        ]
        if part.result["data"]["sha256"] != first.result["data"]["sha256"]:
            differing.append("list of videos")
        if part.shard.of != of:
            differing.append(f"number of slices, {part.shard} and {first.shard}")
        if differing:
            raise ResultError(
                f"runs {str(first.folder)!r} and {str(part.folder)!r} differ in {', '.join(differing)}",
                hint="merge runs of one command that differ in --shard only",
            )
    there = {part.shard.number for part in slices}
    if missing := [str(Shard(number, of)) for number in range(1, of + 1) if number not in there]:
        raise ResultError(
            f"{len(missing)} of {of} slices are missing: {', '.join(missing)}", hint=f"run it with --shard {missing[0]}"
        )


def _said(part: _Slice, other: _Slice, key: str) -> object:
    """Return what must be the same: of models on CPUs of different kinds not what the CPU made of them."""
    if key in _MAY_DIFFER:
        return None
    if key == "models" and part.config["processor"] != other.config["processor"]:
        return {name: {**info, "executed_precision": ""} for name, info in part.config["models"].items()}
    return part.config.get(key)


def _interleaved(slices: Sequence[_Slice]) -> Iterator[Video]:
    """Yield the videos of the list in its order, each once."""
    twins: dict[int, list[_Slice]] = defaultdict(list)
    for part in slices:
        twins[part.shard.number].append(part)
    streams = [(own[0], zip(*map(_videos, own), strict=True)) for own in twins.values()]
    elapsed_s: dict[Path, float] = {}
    for turn in range(max(part.result["counts"]["listed"] for part, _ in streams)):
        for part, stream in streams:
            if turn < part.result["counts"]["listed"]:
                video, rows = _chosen(next(stream))
                elapsed_s[part.folder] = video["elapsed_s"]
                yield {**video, "elapsed_s": round(sum(elapsed_s.values()), 3)}, rows


def _chosen(twins: Sequence[Video]) -> Video:
    """Return one of several results of a video: of one that was dropped and one that was scored, the latter."""
    scored = [twin for twin in twins if twin[0]["reason"] is None]
    if len({twin[0]["sha256"] for twin in scored}) > 1:
        raise ResultError(f"video {twins[0][0]['video']!r} is not the same file in all runs of its slice")
    return (scored or twins)[0]


def _videos(part: _Slice) -> Iterator[Video]:
    num_videos = 0
    for video, _, rows in read_done(part.folder):
        num_videos += 1
        yield video, rows
    if num_videos != part.result["counts"]["listed"]:
        raise ResultError(
            f"run {str(part.folder)!r} is damaged: its rows count up to video {num_videos} of "
            f"{part.result['counts']['listed']}",
            hint="take both files from where they were made, or run the slice again",
        )
