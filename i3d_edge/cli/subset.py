"""`i3d accuracy subset`: which videos are measured on, pinned."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from i3d_edge.cli._base import COUNT, PATH, Command, force_option, note, output_option, print_facts, quiet_option
from i3d_edge.cli._dataset import list_options
from i3d_edge.core import labels as label_sets
from i3d_edge.core.errors import LabelError, ListError
from i3d_edge.core.i3d_spec import CLIP_S
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.text import plural, some

if TYPE_CHECKING:
    from i3d_edge.accuracy.data.dataset import ListOptions
    from i3d_edge.accuracy.data.manifest import VideoManifest

_SHOWN = 10


@click.command("subset", cls=Command)
@click.argument("source", type=PATH, metavar="SOURCE")
@output_option("Manifest to write, a JSON file.")
@click.option("--num-videos", type=COUNT, default=400, help="Number of videos.")
@click.option(
    "--choose",
    "how",
    type=click.Choice(["stratified", "random", "omz"]),
    default="stratified",
    help="Equally many of each class, any, or the first ones, as Open Model Zoo does.",
)
@click.option("--seed", type=int, default=0, help="Seed of the choice; unused by omz.")
@click.option("--model", "model_path", type=PATH, help="IR whose classes the labels are.")
@click.option(
    "--labels",
    "labels_text",
    metavar="NAME|FILE",
    help=f"Classes, instead of --model: {', '.join(label_sets.SHIPPED)} or a text file.  [default: kinetics-400]",
)
@list_options
@click.option("--near-duplicates", is_flag=True, help="Name chosen videos that look the same to --model.")
@click.option("--drop-short", "drops_short", is_flag=True, help=f"Skip videos shorter than a clip ({CLIP_S:g} s).")
@force_option
@quiet_option
def subset(
    source: Path,
    output: Path,
    num_videos: int,
    model_path: Path | None,
    labels_text: str | None,
    reading: ListOptions,
    near_duplicates: bool,
    **options: Any,
) -> None:
    """Choose videos of a data set and pin them in a manifest.

    SOURCE is a list or a folder. Each video is hashed and decoded. Missing, corrupt and duplicate
    videos are excluded, with the reason, and others take their place. The same inputs give the same manifest.

    \b
    Example:
      i3d accuracy subset validate.csv --videos val -o val400.json
    """
    from i3d_edge.accuracy.data.dataset import read_dataset
    from i3d_edge.accuracy.data.subset import make_subset

    if near_duplicates and model_path is None:
        raise click.UsageError("--near-duplicates needs --model")
    labels = _labels(model_path, labels_text)
    try:
        data = read_dataset(source, labels, reading)
    except LabelError as error:
        if model_path is not None or labels_text is not None:
            raise
        nearest = f"{error.hint}; " if error.hint else ""
        hint = f"{nearest}{labels.name} was assumed: --model IR or --labels says otherwise"
        raise LabelError(error.message, hint=hint) from error
    for text in data.notes:
        note(f"note: {text}")
    manifest = make_subset(data, labels, output, num_videos=num_videos, **options)
    _report(manifest, f"{source}: {data.format}, {len(data.videos)} videos", labels)
    if near_duplicates and model_path:
        from i3d_edge.accuracy.data.near_duplicates import find_near_duplicates

        for first, second, cosine in find_near_duplicates(manifest, model_path):
            note(f"near-duplicates: {first} and {second} ({cosine:.3f})")
    num_taken = len(manifest.content["videos"])
    if num_taken < num_videos:
        given = click.get_current_context().get_parameter_source("num_videos") is ParameterSource.COMMANDLINE
        if given:
            raise ListError(
                f"only {num_taken} of the {num_videos} videos asked for can be used",
                hint=f"{manifest.path} pins those; --num-videos {num_taken} asks for no more",
            )
        note(f"note: only {plural(num_taken, 'video')} can be used")


def _report(manifest: VideoManifest, read: str, labels: LabelSet) -> None:
    """Print what was read, chosen and excluded, and how many videos the gate takes."""
    from i3d_edge.accuracy.gate.pairs import videos_needed
    from i3d_edge.accuracy.gate.verdict import DEFAULT_MAX_DROP, format_points

    content = manifest.content
    choice = content["choice"]
    excluded = content["excluded"]
    for item in excluded[:_SHOWN]:
        note(f"excluded {item['path']}: {item['reason']}")
    if len(excluded) > _SHOWN:
        note(f"and {len(excluded) - _SHOWN} more, listed in the manifest")
    kinds = Counter(item["reason"].partition(":")[0] for item in excluded)
    videos = content["videos"]
    num_short = sum(video["duration_s"] < CLIP_S for video in videos)
    present = {video["label"] for video in videos}
    absent = [name for name in labels.names if name not in present]
    without = f"; no video of {some(absent)}" if absent else ""
    needed = [videos_needed(share / 2, share / 2, 1, DEFAULT_MAX_DROP) for share in (0.01, 0.04)]
    print_facts(
        [
            ("read", read),
            (
                "chosen",
                f"{len(videos)} of {choice['num_asked']} asked for, {choice['how']}"
                + ("" if choice["seed"] is None else f", seed {choice['seed']}"),
            ),
            ("classes", f"{len(labels) - len(absent)} of {len(labels)} ({labels.name}){without}"),
            ("excluded", ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"),
            ("short", f"{num_short} are shorter than one clip: clips repeat them" if num_short else "none"),
            (
                "gate",
                f"its limit of {format_points(DEFAULT_MAX_DROP)} takes about {needed[0]} videos where 1 % flip without "
                f"loss, {needed[1]} where 4 % do",
            ),
            ("written", str(manifest.path)),
            ("digest", manifest.digest),
        ]
    )


def _labels(model_path: Path | None, text: str | None) -> LabelSet:
    if model_path is not None and text is not None:
        raise click.UsageError("--model cannot be used with --labels")
    if model_path is not None:
        from i3d_edge.runtime import read_ir

        return read_ir(model_path)[1].labels
    name = text or label_sets.KINETICS_400
    return label_sets.find_labels(name)
