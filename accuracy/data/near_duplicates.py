"""The same footage encoded twice, which hashes do not find and a network does."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from i3d_edge.accuracy.data.manifest import VideoManifest
from i3d_edge.core.progress import track
from i3d_edge.runtime import Classification, VideoClassifier, ViewOptions
from i3d_edge.runtime.frames.remote import located
from i3d_edge.runtime.likeness import embedding, near_duplicates


def find_near_duplicates(manifest: VideoManifest, ir: Path) -> list[tuple[str, str, float]]:
    """Return pairs of a manifest's videos that look the same to a model, and the cosine between their embeddings.

    Raises:
        IRError: If the model is incomplete or has no embedding.
    """
    content = manifest.content
    names = [video["path"] for video in content["videos"]]
    views = ViewOptions(frames_fps=Fraction(content["frames_fps"]) if content["frames_fps"] else None)
    with VideoClassifier(ir, mode="throughput", extras=("embedding",)) as classifier:
        answers = classifier.classify_all((located(manifest.root(), name) for name in names), views)
        tracked = zip(names, track(answers, total=len(names), title="comparing", unit="video"), strict=True)
        found = [(name, embedding(answer)) for name, answer in tracked if isinstance(answer, Classification)]
    pairs = near_duplicates(np.stack([own for _, own in found])) if found else []
    return [(found[first][0], found[second][0], cosine) for first, second, cosine in pairs]
