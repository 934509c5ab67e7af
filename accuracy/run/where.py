"""The machine and the software that a run happened on, by class and not by name."""

from __future__ import annotations

import os
import sys

from i3d_edge.accuracy.result.schema import Where
from i3d_edge.core.environment import PACKAGES, versions
from i3d_edge.core.processor import read_processor


def describe_machine() -> Where:
    """Return the processor, the system and the versions of what computes."""
    return Where(
        cpu=read_processor().name,
        num_cpus=os.cpu_count() or 1,
        os=sys.platform,
        versions=versions((*PACKAGES, "tensorflow")),
    )
