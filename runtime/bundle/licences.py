"""Licences in a bundle."""

from importlib import resources

from i3d_edge.core.family import UNKNOWN
from i3d_edge.core.spec import ModelSpec

APACHE_PATH = "licences/apache-2.0.txt"
APACHE_FOR = "i3d-edge, which packed this; DeepMind's published I3D weights, Copyright 2017 Google Inc."


def apache_text() -> bytes:
    """Return the Apache License 2.0, which everyone who is given the weights must be given too (its section 4)."""
    return resources.files("i3d_edge.runtime.bundle").joinpath("apache_2.0.txt").read_bytes()


def licence_of_weights(spec: ModelSpec) -> str:
    """Return a sentence about the licence of a model's weights."""
    publisher = spec.kind.publisher
    if spec.origin == UNKNOWN or publisher is None:
        return f"not known (weights {spec.origin}): ask whoever trained them"
    return f"Apache-2.0 ({APACHE_PATH}): {spec.origin}, published by {publisher}"
