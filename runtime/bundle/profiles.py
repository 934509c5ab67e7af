"""Deployment profiles in a bundle: what is read of them here, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass

from i3d_edge.errors import BundleError


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What a profile says of one IR.

    Attributes:
        ir_sha256: Of the .xml that it was made with.
        device: To run it on.
        inference_precision: To ask for; None leaves it to the device.
    """

    ir_sha256: str
    device: str
    inference_precision: str | None


def read_recommendation(data: bytes, name: str) -> Recommendation:
    """Read the setting that a profile of `i3d probe` recommends.

    Raises:
        BundleError: If it is no profile, or recommends nothing.
    """
    try:
        document = json.loads(data)
        setting = document["recommended"]
        precision = setting["inference_precision"]
        found = Recommendation(document["model"]["sha256"], setting["device"], precision)
        if not isinstance(found.ir_sha256, str) or not isinstance(found.device, str):
            raise TypeError("a number for a name")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BundleError(
            f"profile {name!r} must be one that recommends a device for an IR; got {error!r}",
            hint="`i3d probe IR` writes one",
        ) from error
    return found
