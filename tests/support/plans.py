"""View plans with DeepMind's rate and sizes, for tests of what else a plan says."""

from __future__ import annotations

from fractions import Fraction

from i3d_edge.runtime import ViewPlan


def i3d_plan(**fields: object) -> ViewPlan:
    """Return a plan at 25 samples a second, short side 256 and crops of 224, but for what is given."""
    return ViewPlan(**{"rate_fps": Fraction(25), "fit_px": 256, "crop_px": (224, 224), **fields})
