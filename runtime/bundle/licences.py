"""What a bundle says of licences."""

from __future__ import annotations

from importlib import resources

from i3d_edge.core.spec import UNKNOWN, Origin

APACHE_PATH = "licences/apache-2.0.txt"
APACHE_FOR = "i3d-edge, which packed this; DeepMind's published I3D weights, Copyright 2017 Google Inc."


def apache_text() -> bytes:
    """Return the Apache License 2.0, which everyone who is given the weights must be given too (its section 4)."""
    return resources.files("i3d_edge.runtime.bundle").joinpath("apache_2.0.txt").read_bytes()


def licence_of_weights(origin: Origin) -> str:
    """Say under which licence the weights of an origin are."""
    if origin == UNKNOWN:
        return "unknown: the checkpoint is not one of DeepMind's published ones, so ask whoever trained it"
    return f"Apache-2.0 ({APACHE_PATH}): {origin}, published by DeepMind with kinetics-i3d"
