"""A network of GluonCV on MXNet with random weights, and what it answers; run by a Python of its own.

The environment, on Python 3.11:

    pip install numpy==1.23.5 requests graphviz
    pip install --no-deps mxnet==1.9.1 gluoncv==0.10.5.post0

Usage: python peer_mxnet.py NAME FRAMES SIDE FOLDER
       python peer_mxnet.py goldens FILE

The first writes FOLDER/NAME.params, as `save_parameters` does, and FOLDER/NAME.npz: the `pixels` of a clip,
(1, D, H, W, 3), uint8, and its `logits`. The second writes what Inceptions of an eighth of the width answer, and the
shapes of their weights, with the weights and the clip of `weights.py`.
"""

from __future__ import annotations

import json
import re
import sys
import types
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import mxnet as mx
import numpy as np

NARROW = 8
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@cache
def _root() -> Path:
    return Path(find_spec("gluoncv").origin).parent


def load_network(name: str, num_classes: int = 400, narrow: int = 1) -> mx.gluon.Block:
    """Return a network; its file and what it imports, for the whole package wants more than is installed.

    Args:
        name: The function's that makes it.
        num_classes: Of the classifier.
        narrow: What all numbers of channels, which are written out there, are divided by.
    """
    root = _root()
    for package in ("gluoncv", "gluoncv.model_zoo", "gluoncv.model_zoo.action_recognition"):
        module = types.ModuleType(package)
        module.__path__ = [str(root.joinpath(*package.split(".")[1:]))]
        sys.modules[package] = module
    module = types.ModuleType(f"{package}.network")
    module.__package__ = package
    kind = name.split("_")[1] if "inception" in name else "resnet"
    file = root / f"model_zoo/action_recognition/i3d_{kind}.py"
    source = re.sub(r"(?<![\w.])\d{2,4}\b", lambda found: str(int(found[0]) // narrow), file.read_text())
    exec(compile(source, file, "exec"), vars(module))
    return getattr(module, name)(nclass=num_classes, pretrained=False, pretrained_base=False)


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


def answer(network: mx.gluon.Block, pixels: np.ndarray) -> np.ndarray:
    """Return the logits of a clip, (1, D, H, W, 3), uint8."""
    clip = (pixels.astype(np.float32) - np.float32(MEAN)) / np.float32(STD)
    return network(mx.nd.array(clip.transpose(0, 4, 1, 2, 3))).asnumpy()


def write_goldens(path: Path) -> None:
    import weights

    goldens = {}
    for name, side in weights.INCEPTION_SIDES_PX.items():
        network = load_network(f"{name}_kinetics400", weights.NUM_CLASSES, NARROW)
        parameters = network._collect_params_with_prefix()
        shapes = {name: parameter.shape for name, parameter in parameters.items() if name.endswith("weight")}
        network.initialize(force_reinit=True)
        tensors = weights.inception_tensors(shapes)
        assert tensors.keys() == parameters.keys()
        for place, values in tensors.items():
            parameters[place].set_data(mx.nd.array(values))
        logits = answer(network, weights.pixels(side_px=side))[0].tolist()
        goldens[name.replace("_", "-")] = {"logits": logits, "shapes": shapes}
    path.write_text(json.dumps(goldens) + "\n")


def main(name: str, frames: int, side: int, folder: Path) -> None:
    network = load_network(name)
    network.initialize(force_reinit=True)
    randomise(network)
    pixels = np.random.default_rng(8).integers(0, 256, (1, frames, side, side, 3), dtype=np.uint8)
    logits = answer(network, pixels)
    network.save_parameters(str(folder / f"{name}.params"))
    np.savez(folder / f"{name}.npz", pixels=pixels, logits=logits)


if __name__ == "__main__":
    if sys.argv[1] == "goldens":
        write_goldens(Path(sys.argv[2]))
    else:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
