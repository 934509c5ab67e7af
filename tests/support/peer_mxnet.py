"""A network of GluonCV on MXNet with random weights, and what it answers; run by a Python of its own.

The environment, on Python 3.11:

    pip install numpy==1.23.5 requests graphviz
    pip install --no-deps mxnet==1.9.1 gluoncv==0.10.5.post0

Usage: python peer_mxnet.py NAME FRAMES SIDE FOLDER

Writes FOLDER/NAME.params, as `save_parameters` does, and FOLDER/NAME.npz: the `pixels` of a clip, (1, D, H, W, 3),
uint8, and its `logits`.
"""

from __future__ import annotations

import importlib
import sys
import types
from importlib.util import find_spec
from pathlib import Path

import mxnet as mx
import numpy as np

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def load_network(name: str) -> mx.gluon.Block:
    """Return a network; its file and what it imports, for the whole package wants more than is installed."""
    root = Path(find_spec("gluoncv").origin).parent
    for package in ("gluoncv", "gluoncv.model_zoo", "gluoncv.model_zoo.action_recognition"):
        module = types.ModuleType(package)
        module.__path__ = [str(root.joinpath(*package.split(".")[1:]))]
        sys.modules[package] = module
    module = importlib.import_module("gluoncv.model_zoo.action_recognition.i3d_resnet")
    return getattr(module, name)(nclass=400, pretrained=False, pretrained_base=False)


def randomise(network: mx.gluon.Block) -> None:
    rng = np.random.default_rng(7)
    for name, parameter in network.collect_params().items():
        shape, leaf = parameter.shape, name.rpartition("_")[2]
        values = rng.uniform(0.5, 1.5, shape) if leaf in ("gamma", "var") else rng.normal(0, 0.1, shape)
        if leaf == "weight":
            values = rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape)
        if "nonlocal" in name and leaf in ("gamma", "beta"):
            values = values * 0.2  # as in `peer_network.SOFTENED`
        parameter.set_data(mx.nd.array(values))


def main(name: str, frames: int, side: int, folder: Path) -> None:
    network = load_network(name)
    network.initialize(force_reinit=True)
    randomise(network)
    pixels = np.random.default_rng(8).integers(0, 256, (1, frames, side, side, 3), dtype=np.uint8)
    clip = (pixels.astype(np.float32) - np.float32(MEAN)) / np.float32(STD)
    logits = network(mx.nd.array(clip.transpose(0, 4, 1, 2, 3))).asnumpy()
    network.save_parameters(str(folder / f"{name}.params"))
    np.savez(folder / f"{name}.npz", pixels=pixels, logits=logits)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
