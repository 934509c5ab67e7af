"""Families: what is true of one kind of network and of no other."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from i3d_edge.core.errors import SpecError

UNKNOWN = "unknown"
"""The origin of weights that nobody has named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of network."""

    name: str
    title: str
    min_frames: int = 1
    num_convolutions: int | None = None  # of one network, each but the last with a ReLU; None where that is not known
    # regular expression for a convolution's name; its group is the name of the unit. None: as it is
    unit_pattern: str | None = None
    # who published weights of known origin, under the Apache License 2.0; None: licence not known
    publisher: str | None = None

    def unit(self, name: str) -> str:
        """Return the name of the unit that a convolution belongs to.

        Example:
            I3D: "RGB/inception_i3d/Mixed_4d/Branch_2/Conv3d_0b_3x3/conv_3d/convolution"
            -> "Mixed_4d/Branch_2/Conv3d_0b_3x3".
        """
        found = re.fullmatch(self.unit_pattern, name) if self.unit_pattern else None
        return found[1] if found else name


INCEPTION_I3D = Family(
    name="inception-i3d",
    title="I3D",
    min_frames=9,  # three halvings in time must leave two steps for the last pool to average
    num_convolutions=58,
    unit_pattern=r".*inception_i3d/(.+?)(?:/conv_3d/convolution)?",
    publisher="DeepMind with kinetics-i3d",
)

# Three halvings in time leave one step.
I3D_RESNET = Family(name="i3d-resnet", title="I3D-ResNet", min_frames=5)
GLUONCV_INCEPTION = Family(name="gluoncv-inception", title="GluonCV I3D-Inception", min_frames=5)

OTHER = Family(name="other", title="video classifier")

FAMILIES: Mapping[str, Family] = {
    family.name: family for family in (INCEPTION_I3D, I3D_RESNET, GLUONCV_INCEPTION, OTHER)
}


def find_family(name: str) -> Family:
    """Return a family by its name; raises SpecError if there is none of that name."""
    if name not in FAMILIES:
        raise SpecError(f"Unknown family {name!r}. Known: {', '.join(FAMILIES)}.")
    return FAMILIES[name]
