"""`i3d freeze`, `i3d fetch` and `i3d stand-in`: from weights to a frozen graph."""

from __future__ import annotations

from pathlib import Path

import click

from i3d_edge.cli._base import CONTEXT_SETTINGS, Command, force_option, output_option, print_facts, quiet_option

_MEBIBYTE = 1 << 20


@click.command(cls=Command)
@click.argument("checkpoint", type=click.Path(path_type=Path))
@output_option("The frozen graph's .pb.")
@click.option("--num-frames", type=click.IntRange(min=9), default=79, show_default=True, help="Frames in a clip.")
@force_option
def freeze(checkpoint: Path, output: Path, num_frames: int, force: bool) -> None:
    """Turn a TensorFlow checkpoint into a frozen graph.

    CHECKPOINT is the prefix, as in .../model.ckpt, or the folder that holds it. Number of classes and
    stream (RGB or flow) are read from it.

    \b
    Example:
      i3d freeze rgb_imagenet/model.ckpt -o rgb_imagenet.pb
    """
    import freeze as room
    from i3d_edge.files import check_output

    check_output(output, force=force)
    opened = room.open_checkpoint(checkpoint)
    summary = room.freeze_checkpoint(opened, output, num_frames=num_frames, force=force)
    print_facts(
        {
            "read": f"{opened.prefix}: {len(opened.entries)} variables, {summary.num_parameters:,} parameters"
            + (f", {len(opened.ignored)} others ignored" if opened.ignored else ""),
            "model": summary.spec.title(),
            "fingerprint": opened.fingerprint,
            "written": f"{summary.path}: {summary.num_nodes} nodes, {summary.num_bytes / _MEBIBYTE:.1f} MiB",
            "input": f"Placeholder float32 {summary.spec.clip_shape}, NDHWC, in [-1, 1]",
            "output": f"Softmax (1, {summary.spec.num_classes}), which reads logits",
            "sha256": summary.sha256,
        }
    )


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
        {
            "checkpoint": str(opened.prefix),
            "identified": f"{opened.origin}, {opened.stream}, {len(opened.labels)} classes",
            "verified": f"git blob SHA-1 of both files, CRC32C of {len(opened.entries)} variables",
        }
    )


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
    print_facts({"checkpoint": str(opened.prefix), "classes": ", ".join(room.LABELS)})


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
    print_facts({"list": str(list_path), "videos": str(per_class * len(room.LABELS))})
