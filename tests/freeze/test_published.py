"""Which published checkpoint a checkpoint is like."""

from pathlib import Path

import pytest

from i3d_edge.freeze import open_checkpoint, published
from i3d_edge.freeze.checkpoint import fingerprint_of


def test_likeness(subtests: pytest.Subtests) -> None:
    for name in list(published.CHECKPOINTS):
        with subtests.test(name=name):
            table = published.crc32c_table()[name]
            assert len(table) == 230
            assert published.nearest(table) == published.Likeness(name, ())
            changed = {**table, "Mixed_5c/Branch_1/Conv3d_0b_3x3/conv_3d/w": 0}
            assert published.nearest(changed) == published.Likeness(
                name, ("Mixed_5c/Branch_1/Conv3d_0b_3x3/conv_3d/w",)
            )
            assert published.nearest(dict.fromkeys(table, 0)) is None


def test_an_untrained_checkpoint_is_like_none(checkpoint_prefix: Path) -> None:
    opened = open_checkpoint(checkpoint_prefix)
    assert opened.likeness is None
    assert opened.fingerprint == fingerprint_of({name: entry.crc32c for name, entry in opened.entries.items()})
