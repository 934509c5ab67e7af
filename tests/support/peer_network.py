"""A network of MMAction2 or GluonCV with random weights, and what it answers; run by the peers' own Python.

The environment, on Python 3.11 (mmcv-lite and mmaction2 declare more than they need here):

    pip install torch==2.13.0 addict einops importlib_metadata matplotlib numpy opencv-python-headless pyyaml rich
    pip install scipy termcolor yapf
    pip install --no-deps mmaction2==1.2.0 mmengine==0.10.7 mmcv-lite==2.1.0 gluoncv==0.10.5.post0

Neither package can be imported whole: MMAction2's wheel lacks a folder, and GluonCV refuses this PyTorch. So what is
missing, and what is refused, is stood in for; the networks' own files run as they are.

Usage: python peer_network.py NAME FRAMES SIDE FOLDER
       python peer_network.py goldens FILE

The first writes FOLDER/NAME.pth, as the peer saves it, and FOLDER/NAME.npz: the `pixels` of a clip, (1, D, H, W, 3),
uint8, and its `logits`. The second writes what small networks answer, with the weights and the clip of `weights.py`.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import sys
import types
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

MMACTION2 = {
    "r50": "_8xb8",
    "r50-dense": "_8xb8-dense",
    "r50-heavy": "-heavy_8xb8",
    "r50-nl-dot-product": "-nl-dot-product_8xb8",
    "r50-nl-embedded-gaussian": "-nl-embedded-gaussian_8xb8",
    "r50-nl-gaussian": "-nl-gaussian_8xb8",
}
GOLDENS = {
    "i3d": MMACTION2["r50"],
    "i3d-heavy": MMACTION2["r50-heavy"],
    "i3d-nl-dot-product": MMACTION2["r50-nl-dot-product"],
    "i3d-nl-embedded-gaussian": MMACTION2["r50-nl-embedded-gaussian"],
    "i3d-nl-gaussian": MMACTION2["r50-nl-gaussian"],
    "i3d-nl-gluoncv": "i3d_nl5_resnet50_v1_kinetics400",
    "slow-8x8": "i3d_slow_resnet50_f8s8_kinetics400",
}
SOFTENED = {
    "dot-product": ("theta|phi", 0.03),
    "embedded-gaussian": (r"theta|phi|conv_out\.bn", 0.3),
    "i3d_nl": (r"nonlocal_block\.bn", 0.2),
    "gaussian": (r"(conv3|downsample|conv_out)\.bn", 0.5),
}
"""What keeps attention from seeing one place only, where rounding decides which, and volumes from growing from block to
block, as training does."""
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


class _Anything(types.ModuleType):
    """A module that has whatever is asked of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@cache
def _root(package: str) -> Path:
    """Return where a package lies, which must not have been replaced yet."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _package(name: str, folder: Path) -> None:
    module = types.ModuleType(name)
    module.__path__ = [str(folder)]
    sys.modules[name] = module


def mmaction2_network(suffix: str, width: int = 64, num_classes: int = 400) -> torch.nn.Module:
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    root = _root("mmaction")
    for name in ("models", "models.backbones", "models.heads", "models.utils"):
        _package(f"mmaction.{name}", root.joinpath(*name.split(".")))
    backbone = importlib.import_module("mmaction.models.backbones.resnet3d")
    config = root / f".mim/configs/recognition/i3d/i3d_imagenet-pretrained-r50{suffix}-32x2x1-100e_kinetics400-rgb.py"
    init_default_scope("mmaction")
    model = dict(Config.fromfile(config).model)
    settings = {key: value for key, value in model["backbone"].items() if key not in ("type", "pretrained")}
    settings |= {"pretrained2d": False, "base_channels": width}
    network = torch.nn.Module()
    network.backbone = backbone.ResNet3d(pretrained=None, **settings)
    network.cls_head = torch.nn.Module()
    network.cls_head.fc_cls = torch.nn.Linear(32 * width, num_classes)
    # I3DHead is an average over all axes, a dropout and fc_cls.
    network.forward = lambda clip: network.cls_head.fc_cls(network.backbone(clip).mean((2, 3, 4)))
    return network


def gluoncv_network(name: str, width: int = 64, num_classes: int = 400) -> torch.nn.Module:
    root = _root("gluoncv")
    folders = ("gluoncv", "gluoncv.torch", "gluoncv.torch.model_zoo", "gluoncv.torch.model_zoo.action_recognition")
    for package in folders:
        _package(package, root.joinpath(*package.split(".")[1:]))
    sys.modules["gluoncv.torch.utils"] = _Anything("gluoncv.torch.utils")
    sys.modules["gluoncv.torch.utils.utils"] = utils = types.ModuleType("gluoncv.torch.utils.utils")
    utils.constant_init = utils.normal_init = lambda *_args, **_kwargs: None
    module = types.ModuleType(f"{folders[-1]}.network")
    module.__package__ = folders[-1]
    file = root / "torch/model_zoo/action_recognition" / ("i3d_slow.py" if "slow" in name else "i3d_resnet.py")
    # The width is written out there: 64 channels at first, 2048 at last.
    source = re.sub(r"\b2048\b", str(32 * width), re.sub(r"\b64\b", str(width), file.read_text()))
    exec(compile(source, file, "exec"), vars(module))
    if "slow" not in name:
        module.I3D_ResNetV1.inflate_weights = lambda _self: None  # it downloads ImageNet's
    return getattr(module, name)(_Settings({"NUM_CLASSES": num_classes, "NUM_SEGMENT": 1, "NUM_CROP": 1}))


class _Settings:
    """GluonCV's configuration: the values given, and False for all others."""

    def __init__(self, values: dict[str, int]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        return self if name in ("CONFIG", "DATA", "MODEL", "INFERENCE") else self._values.get(name, False)


def randomise(network: torch.nn.Module, seed: int, softened: tuple[str, float]) -> None:
    """Fill every parameter, and batch norm's statistics, which would hide swapped names if they were all alike.

    Args:
        network: Is changed.
        seed: Of the numbers.
        softened: Pattern for the names of layers, and what their numbers are multiplied by.
    """
    torch.manual_seed(seed)
    for name, module in network.named_modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.1)
            torch.nn.init.normal_(module.running_mean, 0, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
        elif isinstance(module, torch.nn.Conv3d | torch.nn.Linear):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
            if module.bias is not None:
                torch.nn.init.normal_(module.bias, 0, 0.1)
        if softened[0] and re.search(softened[0], name):
            for values in module.parameters(recurse=False):
                values.data *= softened[1]


def answer(network: torch.nn.Module, pixels: np.ndarray) -> np.ndarray:
    """Return the logits of a clip, (1, D, H, W, 3), uint8."""
    clip = (torch.from_numpy(pixels).float() - torch.tensor(MEAN)) / torch.tensor(STD)
    with torch.inference_mode():
        return network.eval()(clip.permute(0, 4, 1, 2, 3)).numpy()


def write_network(name: str, frames: int, side: int, folder: Path) -> None:
    is_mmaction2 = name in MMACTION2
    network = mmaction2_network(MMACTION2[name]) if is_mmaction2 else gluoncv_network(name)
    randomise(network, 7, next((value for key, value in SOFTENED.items() if key in name), ("", 1)))
    state = network.state_dict()
    torch.save(
        {"meta": {"epoch": np.float64(1)}, "state_dict": state} if is_mmaction2 else state, folder / f"{name}.pth"
    )
    pixels = np.random.default_rng(8).integers(0, 256, (1, frames, side, side, 3), dtype=np.uint8)
    np.savez(folder / f"{name}.npz", pixels=pixels, logits=answer(network, pixels))


def write_goldens(path: Path) -> None:
    import weights

    goldens = {}
    for kind, name in GOLDENS.items():
        network = (mmaction2_network if name in MMACTION2.values() else gluoncv_network)(
            name, weights.WIDTH, weights.NUM_CLASSES
        )
        tensors = {name: torch.from_numpy(values) for name, values in weights.tensors_of(kind).items()}
        network.load_state_dict(tensors)
        goldens[kind] = answer(network, weights.pixels())[0].tolist()
    path.write_text(json.dumps(goldens, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "goldens":
        write_goldens(Path(sys.argv[2]))
    else:
        write_network(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
