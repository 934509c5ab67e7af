"""Weights for the stand-in: random filters, calibrated batch norm, and a classifier in closed form.

Three steps, none of them training by gradient:

1. The first convolution is a bank of random moving gratings in random colours; every other one is random
   noise of He's scale.
2. Batch norm statistics are measured on generated videos, all layers in one forward pass, so activations
   stay in the range that a trained network would have.
3. The features of generated videos are mapped to their classes by ridge regression.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freeze import inception_i3d
from freeze._tensorflow import tf
from freeze.checkpoint import Checkpoint, card_path, open_checkpoint
from freeze.stand_in.motion import LABELS, render_motion
from i3d_edge.errors import CheckpointError, OutputError
from i3d_edge.files import make_folder
from i3d_edge.labels import LabelSet
from i3d_edge.progress import track
from i3d_edge.spec import STAND_IN

NUM_CLASSES = 400
NUM_FRAMES = 79
CROP_PX = 224
SCOPE = "RGB/inception_i3d/"
PREFIX = "model.ckpt"
LABEL_SET = LabelSet("stand-in-motion", (*LABELS, *(f"unused {index}" for index in range(len(LABELS), NUM_CLASSES))))
"""The sixteen motions; the other outputs exist because DeepMind's format has 400, and are never predicted."""

_WEIGHTS_SEED, _CALIBRATION_SEED, _FIT_SEED = 7, 9, 1
_NUM_CALIBRATION = len(LABELS)
_CALIBRATION_FRAMES = 24  # statistics need variety more than length, and every frame costs memory
_FIT_PER_CLASS = 12
_BATCH = 4
_RIDGE = 1e-2
_LOGIT_SCALE = 12.0
_UNUSED_LOGIT = -20.0

Float32Array = npt.NDArray[np.float32]
Variables = dict[str, Float32Array]


def make_stand_in(folder: Path, *, force: bool = False) -> Checkpoint:
    """Make the stand-in checkpoint, or open the one that is there.

    Args:
        folder: Where `model.ckpt.*` and the card that calls it a stand-in go.
        force: Make it again.

    Raises:
        OutputError: If another checkpoint is there (without `force`), or the folder cannot be written.
    """
    prefix = folder / PREFIX
    if not force and Path(f"{prefix}.index").exists():
        try:
            checkpoint = open_checkpoint(prefix)
        except CheckpointError:
            checkpoint = None
        if checkpoint is not None and checkpoint.origin == STAND_IN:
            return checkpoint
        raise OutputError(
            f"output {str(prefix)!r} must be free or a stand-in; another checkpoint is there",
            hint="choose another folder, or pass --force to replace it",
        )
    make_folder(folder)
    variables = random_variables(np.random.default_rng(_WEIGHTS_SEED))
    _calibrate(variables)
    _fit_classifier(variables)
    write_checkpoint(prefix, variables)
    return open_checkpoint(prefix)


def random_variables(rng: np.random.Generator) -> Variables:
    """Return all 230 variables of an RGB network with 400 classes, untrained, batch norm at identity."""
    variables: Variables = {}
    for name, shape in inception_i3d.variable_shapes(3, NUM_CLASSES).items():
        if name.startswith("Conv3d_1a_7x7/conv_3d/w"):
            variables[name] = _moving_gratings(rng, shape)
        elif name.endswith("conv_3d/w"):
            variables[name] = rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape).astype(np.float32)
        else:
            variables[name] = np.full(shape, name.endswith("moving_variance"), np.float32)
    return variables


def write_checkpoint(prefix: Path, variables: Variables) -> None:
    """Write variables in DeepMind's format, with a card that calls them a stand-in; whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=f".{prefix.name}.", dir=prefix.parent) as scratch:
        temporary = Path(scratch) / prefix.name
        names = sorted(variables)
        with tf.Graph().as_default(), tf.compat.v1.Session():
            tf.raw_ops.SaveV2(
                prefix=str(temporary),
                tensor_names=[SCOPE + name for name in names],
                shape_and_slices=[""] * len(names),
                tensors=[tf.constant(variables[name]) for name in names],
            ).run()
        card = {
            "origin": STAND_IN,
            "fingerprint": open_checkpoint(temporary).fingerprint,
            "labels": {"name": LABEL_SET.name, "names": list(LABEL_SET.names)},
        }
        card_path(temporary).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
        for suffix in (".data-00000-of-00001", ".card.json", ".index"):
            os.replace(f"{temporary}{suffix}", f"{prefix}{suffix}")


def _moving_gratings(rng: np.random.Generator, shape: tuple[int, ...]) -> Float32Array:
    """Return filters, shape (7, 7, 7, 3, n), each a grating that moves one way under a round window.

    Every eighth is the bare window, which sees brightness; three in eight look at one random colour
    direction, the rest nearly at grey.
    """
    size, num_filters = shape[0], shape[-1]
    time, row, column = np.meshgrid(*[np.arange(size) - size // 2] * 3, indexing="ij")
    window = np.exp(-(time**2 + row**2 + column**2) / 8.0)
    filters = np.zeros(shape, np.float32)
    for index in range(num_filters):
        direction, phase = rng.uniform(0, 2 * np.pi, 2)
        frequency = rng.uniform(0.06, 0.2)
        temporal_frequency = rng.choice([0.0, 0.05, 0.1, 0.15])
        across = column * np.cos(direction) + row * np.sin(direction)
        grating = window * np.cos(2 * np.pi * (frequency * across - temporal_frequency * time) + phase)
        grating -= window * grating.sum() / window.sum()
        if index % 8 == 0:
            grating = window
        colour = rng.normal(size=3)
        if index % 8 >= 3:
            colour = 1 + 0.2 * colour
        scale = np.linalg.norm(grating) * np.linalg.norm(colour)
        filters[..., index] = grating[..., np.newaxis] * colour / scale
    return filters


def _calibrate(variables: Variables) -> None:
    """Set every batch norm to the mean and variance that its input has on generated videos."""
    moments: dict[str, Any] = {}

    def normalise(x: Any, unit: str) -> Any:
        mean, variance = tf.nn.moments(x, (0, 1, 2, 3), keepdims=True)
        moments[unit] = (mean, variance)
        return (x - mean) * tf.math.rsqrt(variance + inception_i3d.BATCH_NORM_EPSILON)

    with tf.Graph().as_default():
        shape = (_NUM_CALIBRATION, _CALIBRATION_FRAMES, CROP_PX, CROP_PX, 3)
        clips = tf.compat.v1.placeholder(tf.float32, shape)
        inception_i3d.build_features(clips, variables, normalise)
        with tf.compat.v1.Session() as session:
            batch = np.stack([clip for _, clip in _clips(_CALIBRATION_SEED, _NUM_CALIBRATION, _CALIBRATION_FRAMES)])
            measured = session.run(moments, {clips: batch})
    for unit, (mean, variance) in measured.items():
        variables[f"{unit}/batch_norm/moving_mean"] = mean
        variables[f"{unit}/batch_norm/moving_variance"] = variance


def _fit_classifier(variables: Variables) -> None:
    """Set the last convolution by ridge regression from averaged features to classes."""
    num_clips = _FIT_PER_CLASS * len(LABELS)
    features, targets = [], []
    with tf.Graph().as_default():
        clips = tf.compat.v1.placeholder(tf.float32, (_BATCH, NUM_FRAMES, CROP_PX, CROP_PX, 3))
        output = tf.reduce_mean(inception_i3d.build_features(clips, variables), axis=(1, 2, 3))
        with tf.compat.v1.Session() as session:
            batch = []
            rendered = _clips(_FIT_SEED, num_clips, NUM_FRAMES)
            for label, clip in track(rendered, total=num_clips, title="fitting the stand-in", unit="clip"):
                batch.append(clip)
                targets.append(label)
                if len(batch) == _BATCH:
                    features.append(session.run(output, {clips: np.stack(batch)}))
                    batch = []
    weights, bias = ridge_classifier(np.concatenate(features), np.array(targets), len(LABELS))
    unit = f"{inception_i3d.LOGITS_UNIT}/conv_3d"
    variables[f"{unit}/w"] = np.zeros((1, 1, 1, inception_i3d.NUM_FEATURES, NUM_CLASSES), np.float32)
    variables[f"{unit}/w"][..., : len(LABELS)] = weights
    variables[f"{unit}/b"] = np.full(NUM_CLASSES, _UNUSED_LOGIT, np.float32)
    variables[f"{unit}/b"][: len(LABELS)] = bias


def ridge_classifier(
    features: Float32Array, targets: npt.NDArray[np.int64], num_classes: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Fit logits that are linear in features, by ridge regression on standardised features.

    Args:
        features: Shape (n, F).
        targets: Shape (n,), class indices.
        num_classes: C.

    Returns:
        Weights (F, C) and bias (C,): logits = features @ weights + bias.
    """
    mean, deviation = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64) + 1e-6
    standardised = (features - mean) / deviation
    wanted = np.eye(num_classes)[targets] - 1 / num_classes
    # The dual form: as many unknowns as videos, which are fewer than features.
    gram = standardised @ standardised.T + _RIDGE * len(features) * np.eye(len(features))
    weights = _LOGIT_SCALE * (standardised.T @ np.linalg.solve(gram, wanted)) / deviation[:, np.newaxis]
    return weights, -mean @ weights


def _clips(seed: int, number: int, num_frames: int) -> Iterator[tuple[int, Float32Array]]:
    """Yield labels and clips, shape (num_frames, 224, 224, 3), float32, in [-1, 1], the classes taking turns."""
    for position in range(number):
        label = position % len(LABELS)
        pixels = render_motion(label, (seed, position), num_frames=num_frames, height=CROP_PX, width=CROP_PX)
        yield label, (pixels.astype(np.float32) - 127.5) / 127.5
