"""The five checkpoints that DeepMind published, and what identifies each.

Source: google-deepmind/kinetics-i3d at the commit below, folder `data/checkpoints`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

COMMIT = "0667e889a5904b4dc122e0ded4c332f49f8df42c"
BASE_URL = f"https://raw.githubusercontent.com/google-deepmind/kinetics-i3d/{COMMIT}/data/checkpoints"


@dataclass(frozen=True, slots=True)
class PublishedCheckpoint:
    """A checkpoint in DeepMind's repository.

    Attributes:
        name: Its folder there.
        data_sha1: Git blob SHA-1 of `model.ckpt.data-00000-of-00001`.
        index_sha1: Git blob SHA-1 of `model.ckpt.index`.
        fingerprint: What `freeze.checkpoint.fingerprint_of` gives for its 230 variables.
    """

    name: str
    data_sha1: str
    index_sha1: str
    fingerprint: str


CHECKPOINTS: Mapping[str, PublishedCheckpoint] = {
    item.name: item
    for item in (
        PublishedCheckpoint(
            name="rgb_imagenet",
            data_sha1="2958652e0c9c48a65010c0ebda5c9cfd4edc7c18",
            index_sha1="5ab1058b8f4f89a896c01f67c0a4c96a31548af7",
            fingerprint="3ac5d9469ed616a9017bcfdebef406ad62566bbb5a8636d3fa004f6ae3f044a5",
        ),
        PublishedCheckpoint(
            name="rgb_scratch",
            data_sha1="fa7df95674dbf3579e7fccd954e51e706b4734c1",
            index_sha1="84dd4518e982d9ca6ce1ff02e95fca2e8cbb1f73",
            fingerprint="2d75e5b4a827a29acf31e08c7023ec3807e6438e9a7ca79adafd4f0a0979860d",
        ),
        PublishedCheckpoint(
            name="flow_imagenet",
            data_sha1="bf56831f663abc3de0d35f193030b73a3df7fb61",
            index_sha1="8217f9450d851d24782aaf1af01c5c3b35b81a35",
            fingerprint="2563eb6afdd62bc279f6b3545d0b39c19dc568772fa29d69d8be4a4cfa6185dc",
        ),
        PublishedCheckpoint(
            name="flow_scratch",
            data_sha1="1d6a0b68f32544af11111342857e47e30d13afa9",
            index_sha1="193bc425100f3978c793da66bd9eb54baea8dc6a",
            fingerprint="12d30adf6f5be7c518bbda5d143f41352a941ec4457f8cbe98a47eee9b82c49f",
        ),
        PublishedCheckpoint(
            name="rgb_scratch_kin600",
            data_sha1="6392a74c3180e706cabada39d8f40a50a48642e5",
            index_sha1="d378d8f01215fe92a29cd170f040c284070e9cd5",
            fingerprint="b1a7234c4f13e1082c7cb5fe0e02f1757bad54e34edbf6802702d2bd8cf0382c",
        ),
    )
}


def origin_of(fingerprint: str) -> str | None:
    """Return the name of the published checkpoint with this fingerprint, or None."""
    return next((item.name for item in CHECKPOINTS.values() if item.fingerprint == fingerprint), None)
