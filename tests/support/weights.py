"""Small I3D-ResNets with random weights, as MMAction2 and GluonCV name them; and the files that hold them.

Everything is written with NumPy and the standard library alone, as the layouts are documented, so that the same numbers
can be given to the peers' own networks.
"""

from __future__ import annotations

import io
import pickle
import re
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

NUM_CLASSES, WIDTH, FRAMES, SIDE_PX = 7, 4, 16, 32
INCEPTION_SIDES_PX = {"i3d_inceptionv1": 32, "i3d_inceptionv3": 75}
_NORMS = {"gamma": "weight", "beta": "bias", "mean": "running_mean", "var": "running_var"}
Tensors = dict[str, np.ndarray]


@dataclass(frozen=True)
class Kind:
    """A configuration: which blocks see time, which have a non-local block, with or without theta and phi."""

    inflated: tuple[str, ...] = ("111", "1010", "101010", "010")
    non_local: tuple[str, ...] = ("000", "0000", "000000", "000")
    is_embedded: bool = True
    has_bias_at_the_end: bool = False
    stem_taps: int = 5
    softened: float = 0.3  # theta and phi: else attention sees one place only, or dot products grow without bound


_NL5 = ("000", "0101", "010101", "000")
KINDS = {
    "i3d": Kind(),
    "i3d-heavy": Kind(inflated=("111", "1111", "111111", "111")),
    "i3d-nl-dot-product": Kind(non_local=_NL5, softened=0.05),
    "i3d-nl-embedded-gaussian": Kind(non_local=_NL5),
    "i3d-nl-gaussian": Kind(non_local=_NL5, is_embedded=False),
    "i3d-nl-gluoncv": Kind(non_local=_NL5, has_bias_at_the_end=True),
    "slow-8x8": Kind(inflated=("000", "0000", "111111", "111"), stem_taps=1),
}


def random_layers(kind: Kind, seed: int = 5) -> dict[tuple[str, str], np.ndarray]:
    """Return a network's parameters by layer, for instance "layer2.1.conv1", and what they are there."""
    rng = np.random.default_rng(seed)
    found: dict[tuple[str, str], np.ndarray] = {}
    for layer, shape, has_norm in _layers(kind):
        softened = kind.softened if layer.endswith(("theta", "phi")) else 1
        found[layer, "weight"] = rng.normal(0, softened / np.sqrt(np.prod(shape[1:])), shape)
        if has_norm:
            for leaf, (low, high) in {
                "gamma": (0.5, 1.5),
                "beta": (-0.2, 0.2),
                "mean": (-0.2, 0.2),
                "var": (0.5, 1.5),
            }.items():
                found[layer, leaf] = rng.uniform(low, high, shape[0])
        if not has_norm or (kind.has_bias_at_the_end and layer.endswith("non_local.out")):
            found[layer, "bias"] = rng.normal(0, 0.1, shape[0])
    return {place: values.astype(np.float32) for place, values in found.items()}


def _layers(kind: Kind) -> Iterator[tuple[str, tuple[int, ...], bool]]:
    yield "conv1", (WIDTH, 3, kind.stem_taps, 7, 7), True
    channels = WIDTH
    for stage, (inflated, non_local) in enumerate(zip(kind.inflated, kind.non_local, strict=True)):
        inner = WIDTH * 2**stage
        for block, (taps, has_non_local) in enumerate(zip(inflated, non_local, strict=True)):
            name = f"layer{stage + 1}.{block}."
            yield f"{name}conv1", (inner, channels, 3 if taps == "1" else 1, 1, 1), True
            yield f"{name}conv2", (inner, inner, 1, 3, 3), True
            yield f"{name}conv3", (4 * inner, inner, 1, 1, 1), True
            if block == 0:
                yield f"{name}downsample", (4 * inner, channels, 1, 1, 1), True
            channels = 4 * inner
            if has_non_local == "1":
                for part in ("g", "theta", "phi") if kind.is_embedded else ("g",):
                    yield f"{name}non_local.{part}", (channels // 2, channels, 1, 1, 1), False
                yield f"{name}non_local.out", (channels, channels // 2, 1, 1, 1), True
    yield "fc", (NUM_CLASSES, channels), False


def mmaction2_names(layer: str, leaf: str) -> list[str]:
    part = f"{'bn' if leaf in _NORMS else 'conv'}.{_NORMS.get(leaf, leaf)}"
    if layer == "fc":
        return [f"cls_head.fc_cls.{leaf}"]
    layer = layer.replace("non_local.out", "non_local.conv_out").replace("non_local.", "non_local_block.")
    return [f"backbone.{layer}{'.0' if layer.endswith(('block.g', 'block.phi')) else ''}.{part}"]


def gluoncv_names(layer: str, leaf: str) -> list[str]:
    """GluonCV's on PyTorch: some tensors have two."""
    is_norm, leaf = leaf in _NORMS, _NORMS.get(leaf, leaf)
    if layer == "fc":
        return [f"fc.{leaf}", f"head.1.{leaf}"]
    if layer == "conv1":
        return [f"first_stage.{int(is_norm)}.{leaf}"]
    stage, block, part = layer.removeprefix("layer").split(".", 2)
    parts = [part.replace("conv", "bn") if is_norm else part]
    if part == "downsample":
        parts = [f"downsample.{int(is_norm)}"]
    elif part.startswith("non_local."):
        inner = part.removeprefix("non_local.")
        parts = [f"nonlocal_block.{inner}"]
        if inner == "out":
            parts = ["nonlocal_block.bn" if is_norm else "nonlocal_block.W", f"nonlocal_block.W_bn.{int(is_norm)}"]
    return [f"res_layers.{int(stage) - 1}.{block}.{item}.{leaf}" for item in parts]


def mxnet_names(layer: str, leaf: str) -> list[str]:
    """GluonCV's on MXNet: a block's layers come a second time, by their places in it."""
    ends = {"gamma": "gamma", "beta": "beta", "mean": "running_mean", "var": "running_var"}
    names = [f"{name.rpartition('.')[0]}.{ends.get(leaf, leaf)}" for name in gluoncv_names(layer, leaf)]
    if ".conv" in layer:
        place = 3 * (int(layer[-1]) - 1) + (leaf in _NORMS)
        names.append(f"{names[0].rsplit('.', 2)[0]}.bottleneck.{place}.{ends.get(leaf, leaf)}")
    return names + [name.replace("nonlocal_block", "bottleneck.8") for name in names if "nonlocal_block" in name]


def slow_names(layer: str, leaf: str) -> list[str]:
    """GluonCV's of its slow networks, and torchvision's."""
    name = gluoncv_names(layer, leaf)[0].replace("first_stage.0", "conv1").replace("first_stage.1", "bn1")
    return [re.sub(r"^res_layers\.\d", layer.split(".")[0], name)]


def tensors_of(kind: str, names: Callable[[str, str], list[str]] | None = None) -> Tensors:
    """Return a network's parameters as a peer names them; with the counters that PyTorch keeps."""
    if names is None:
        names = gluoncv_names if "gluoncv" in kind else slow_names if "slow" in kind else mmaction2_names
    found: Tensors = {}
    for place, values in random_layers(KINDS[kind]).items():
        for name in names(*place):
            found[name] = values
            if name.endswith("running_mean") and names is not mxnet_names:
                found[name.replace("running_mean", "num_batches_tracked")] = np.array(3, np.int64)
    return found


def inception_tensors(shapes: Mapping[str, tuple[int, ...]]) -> Tensors:
    """Return GluonCV's parameters of an Inception, given the shapes of its weights by name."""
    rng = np.random.default_rng(9)
    found: Tensors = {}
    for name, shape in shapes.items():
        layer = name.removesuffix(".weight")
        if layer in ("head.1", "output"):  # one layer under two names
            rng = np.random.default_rng(10)
            found[f"{layer}.bias"] = rng.normal(0, 0.2, shape[0])
        else:
            for leaf in ("gamma", "running_var"):
                found[f"{layer[:-1]}1.{leaf}"] = rng.uniform(0.5, 1.5, shape[0])
            for leaf in ("beta", "running_mean"):
                found[f"{layer[:-1]}1.{leaf}"] = rng.normal(0, 0.2, shape[0])
        found[name] = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
    return {name: values.astype(np.float32) for name, values in found.items()}


def pixels(seed: int = 6, side_px: int = SIDE_PX) -> np.ndarray:
    """Return a clip, (1, D, H, W, 3), uint8."""
    return np.random.default_rng(seed).integers(0, 256, (1, FRAMES, side_px, side_px, 3), dtype=np.uint8)


class Global:
    """A class or function by its name, of a package that need not be there."""

    def __init__(self, module: str, name: str, *args: object) -> None:
        self.module, self.name, self.args = module, name, args

    def __call__(self) -> None:
        raise AssertionError


class Call:
    """What comes of a call."""

    def __init__(self, function: Global, *args: object) -> None:
        self.function, self.args = function, args

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.args


@dataclass(frozen=True, eq=False)
class _Storage:
    kind: str
    key: str
    data: bytes
    length: int


class _Pickler(pickle._Pickler):
    is_legacy = False

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, Global):
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        else:
            super().save(obj, save_persistent_id)

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, _Storage):
            return (
                "storage",
                Global("torch", obj.kind),
                obj.key,
                "cpu",
                obj.length,
                *([None] if self.is_legacy else []),
            )
        return None


_KINDS = {
    "f4": "FloatStorage",
    "f8": "DoubleStorage",
    "f2": "HalfStorage",
    "i8": "LongStorage",
    "u2": "BFloat16Storage",
}


def _with_storages(tensors: Mapping[str, Any]) -> tuple[OrderedDict[str, Any], list[_Storage]]:
    state: OrderedDict[str, Any] = OrderedDict()
    storages: dict[int, _Storage] = {}
    for name, values in tensors.items():
        if not isinstance(values, np.ndarray):
            state[name] = values
            continue
        base = values if values.base is None else values.base  # a view lies in the storage of what it is a view of
        kind = _KINDS[base.dtype.str[1:]]
        storage = storages.setdefault(id(base), _Storage(kind, str(len(storages)), base.tobytes(), base.size))
        steps = tuple(step // values.itemsize for step in values.strides)
        offset = (values.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // values.itemsize
        rebuild = Global("torch._utils", "_rebuild_tensor_v2")
        state[name] = Call(rebuild, storage, offset, values.shape, steps, False, OrderedDict())
    return state, list(storages.values())


def _pickled(document: Any, *, is_legacy: bool = False) -> bytes:
    stream = io.BytesIO()
    pickler = _Pickler(stream, 2)
    pickler.is_legacy = is_legacy
    pickler.dump(document)
    return stream.getvalue()


def torch_zip(tensors: Mapping[str, Any], *, meta: Mapping[str, Any] | None = None, compressed: bool = False) -> bytes:
    """Return a file as PyTorch writes it since 1.6."""
    state, storages = _with_storages(tensors)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", _pickled(state if meta is None else {"meta": meta, "state_dict": state}))
        archive.writestr("archive/byteorder", b"little")
        for storage in storages:
            archive.writestr(f"archive/data/{storage.key}", storage.data)
    return stream.getvalue()


def torch_legacy(tensors: Mapping[str, Any]) -> bytes:
    """Return a file as PyTorch wrote it before 1.6."""
    state, storages = _with_storages(tensors)
    parts = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, state, [item.key for item in storages]]
    data = b"".join(_pickled(part, is_legacy=True) for part in parts)
    return data + b"".join(struct.pack("<q", item.length) + item.data for item in storages)


def mxnet_params(tensors: Mapping[str, np.ndarray], version: int = 2) -> bytes:
    """Return a .params file: of version 2, MXNet's since 1.0; or of 1, 3, or 0, the oldest."""
    types = {"f4": 0, "f8": 1, "f2": 2, "u1": 3, "i4": 4, "i1": 5, "i8": 6}
    data = struct.pack("<QQQ", 0x112, 0, len(tensors))
    for values in tensors.values():
        head = struct.pack("<I", 0xF993FAC7 + version) if version else b""
        head += struct.pack("<i", 0) if version > 1 else b""
        shape = struct.pack(f"<I{values.ndim}{'q' if version else 'I'}", values.ndim, *values.shape)
        data += head + shape + struct.pack("<iii", 1, 0, types[values.dtype.str[1:]]) + values.tobytes()
    data += struct.pack("<Q", len(tensors))
    return data + b"".join(struct.pack("<Q", len(name)) + name.encode() for name in tensors)


def write_checkpoint(path: Path, kind: str) -> Path:
    """Write a small network's weights as its peer does."""
    tensors = tensors_of(kind, mxnet_names if path.suffix == ".params" else None)
    path.write_bytes(mxnet_params(tensors) if path.suffix == ".params" else torch_zip(tensors, meta={"epoch": 100}))
    return path
