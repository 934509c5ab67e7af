"""`i3d fetch`: a published checkpoint, downloaded and verified."""

from __future__ import annotations

from pathlib import Path

import click

from i3d_edge.cli._base import Command, print_facts, quiet_option


@click.command(cls=Command)
@click.argument("name")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("checkpoints"),
    show_default=True,
    help="Folder; the files go to a folder of the checkpoint's name in it.",
)
@click.option("--base-url", envvar="I3D_CHECKPOINT_URL", help="Mirror to download from.", show_envvar=True)
@quiet_option
def fetch(name: str, folder: Path, base_url: str | None) -> None:
    """Download one of DeepMind's checkpoints and verify it.

    NAME is rgb_imagenet, rgb_scratch, flow_imagenet, flow_scratch or rgb_scratch_kin600. A download that
    broke off goes on where it stopped.

    \b
    Example:
      i3d fetch rgb_imagenet
    """
    import freeze as room
    from freeze import published

    opened = room.fetch_checkpoint(name, folder, base_url=base_url or published.BASE_URL)
    print_facts(
        [
            ("checkpoint", str(opened.prefix)),
            ("identified", f"{opened.origin}, {opened.stream}, {len(opened.labels)} classes"),
            ("verified", f"git blob SHA-1 of both files, CRC32C of {len(opened.entries)} variables"),
        ]
    )
