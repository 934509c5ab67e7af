"""`i3d learn`: a model of classes of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from i3d_edge.cli._base import (
    PATH,
    Command,
    device_option,
    force_option,
    model_option,
    note,
    output_option,
    precision_option,
    print_facts,
    quiet_option,
)
from i3d_edge.cli._dataset import list_options

if TYPE_CHECKING:
    from i3d_edge.accuracy.data.dataset import ListOptions


@click.command(cls=Command)
@click.argument("videos", type=PATH, metavar="FOLDER|LIST")
@model_option
@output_option("The new IR's .xml; beside it go its .bin, and how it was learned as .md and .json.")
@list_options
@device_option
@precision_option
@force_option
@quiet_option
def learn(videos: Path, model_path: Path, output: Path, reading: ListOptions, force: bool, **engine: Any) -> None:
    """Teach a model classes of your own, from a few videos of each.

    FOLDER holds a folder of videos for each class, named after it. A LIST is a CSV with the columns path, label and,
    if you like, source: the recording that a video was cut from. Only the network's last layer is learned. The
    accuracy printed is on recordings that were not learned from.

    \b
    Example:
      i3d learn my-classes --model rgb_scratch.xml -o mine.xml
    """
    from i3d_edge.accuracy.learn.card import card_facts
    from i3d_edge.accuracy.learn.learning import learn_ir

    card = learn_ir(videos, model_path, output, reading=reading, force=force, **engine)
    for path, reason in card["skipped"].items():
        note(f"skipped {path}: {reason}")
    print_facts([*card_facts(card), ("next", f"i3d classify VIDEO --model {output.with_suffix('.xml')}")])
