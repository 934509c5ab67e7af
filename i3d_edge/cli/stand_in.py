"""`i3d stand-in`: weights and videos to try everything with."""

from __future__ import annotations

from pathlib import Path

import click

from i3d_edge.cli._base import CONTEXT_SETTINGS, Command, print_facts, quiet_option


@click.group("stand-in", context_settings=CONTEXT_SETTINGS)
def stand_in() -> None:
    """Make weights and videos to try everything with, without a download."""


@stand_in.command("checkpoint", cls=Command)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Make it again.")
@quiet_option
def stand_in_checkpoint(folder: Path, force: bool) -> None:
    """Make a checkpoint in DeepMind's format that tells generated motions apart.

    It takes a few minutes, once: what is there already is kept. It is not a trained I3D, and is called a
    stand-in wherever a number of it is printed.

    \b
    Example:
      i3d stand-in checkpoint demo/checkpoint
    """
    from freeze import stand_in as room

    opened = room.make_stand_in(folder, force=force)
    print_facts([("checkpoint", str(opened.prefix)), ("classes", ", ".join(room.LABELS))])


@stand_in.command("videos", cls=Command)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--per-class", type=click.IntRange(min=1), default=14, show_default=True, help="Videos of each class.")
@click.option("--force", is_flag=True, help="Make them again.")
@quiet_option
def stand_in_videos(folder: Path, per_class: int, force: bool) -> None:
    """Render videos that the stand-in was not fitted on, with a list of what they show.

    \b
    Example:
      i3d stand-in videos demo/videos
    """
    from freeze import stand_in as room

    list_path = room.write_videos(folder, per_class, force=force)
    print_facts([("list", str(list_path)), ("videos", str(per_class * len(room.LABELS)))])
