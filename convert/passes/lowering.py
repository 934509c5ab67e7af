"""Lowering to two dimensions: the whole network in operators of four axes at most, for devices without 3-D ones.

Frames lie along the batch axis: what was (1, C, D, H, W) is (D, C, H, W). A convolution that sees several frames reads
them side by side as channels, and a pool is a pool of each frame and then a maximum, or mean, over neighbours in time:

    convolution kT x kH x kW of C channels     windows in time -> concatenated, kT * C channels -> convolution kH x kW
    max pool    kT x kH x kW                   max pool kH x kW -> windows in time -> maximum
    average     kT x H x kW                    windows in time -> one above the other -> average kT * H x kW
                kT x kH x kW, padding counted  average kH x kW -> windows in time -> mean

Only the input keeps its five axes, with one Reshape that reads it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from i3d_edge.convert.passes.feed import Feed, normalise, read_feed
from i3d_edge.convert.passes.window import Window
from i3d_edge.runtime.steps.operators import constant_of

TAPS = "/taps"
"""How the name of a concatenation of frames ends; those of DeepMind's units do not."""

_VOLUME = 5


class _NoFormError(Exception):
    """An operator has no form of four axes; the message says which, and why."""


def lower_to_2d(model: ov.Model) -> str | None:
    """Rewrite a network into operators of four axes at most, in place, but for its inputs and a Reshape of each.

    Declines, and leaves the model as it was, where an operator is met that has no such form.
    """
    if any(_rank(result.inputs()) >= _VOLUME for result in model.get_results()):
        return "an output has five axes"
    ends = [node for node in model.get_ordered_ops() if _rank(node.inputs()) >= _VOLUME > _rank(node.outputs())]
    if not ends:
        return "nothing of five axes that ends in fewer"
    lowering = _Lowering()
    try:
        changes = [(node, lowering.end(node)) for node in ends]
    except _NoFormError as error:
        return str(error)
    for node, value in changes:
        value.get_node().set_friendly_name(node.get_friendly_name())
        node.output(0).replace(value)
    model.validate_nodes_and_infer_types()
    return None


class _Lowering:
    """Writes, beside the operators of a model, their equivalents on frames; each once."""

    def __init__(self) -> None:
        self._frames: dict[str, ov.Output] = {}
        self._rules: Mapping[str, Callable[[ov.Node], ov.Output]] = {
            **dict.fromkeys(("Add", "Multiply", "Subtract"), self._combine),
            "AvgPool": self._average,
            "Concat": self._concatenate,
            "Convolution": self._convolve,
            "MaxPool": self._maximum,
            "Relu": self._relu,
            "Reshape": self._return,
        }

    def end(self, node: ov.Node) -> ov.Output:
        """Return the equivalent of an operator that reads (1, C, D, H, W) and gives fewer axes."""
        if node.get_type_name() not in ("Reshape", "Squeeze"):
            raise _no_form(node)
        volume = ops.transpose(self._read(node), [1, 0, 2, 3])
        return ops.reshape(volume, list(node.output(0).shape), False).output(0)

    def _read(self, reader: ov.Node, port: int = 0) -> ov.Output:
        """Return what an operator reads, (1, C, D, H, W), as frames, (D, C, H, W)."""
        value = reader.input_value(port)
        node = value.get_node()
        if node.get_name() not in self._frames:
            feed = read_feed(reader) if port == 0 else None
            if feed is not None and _is_input(feed):
                self._frames[node.get_name()] = normalise(
                    _enter(feed), feed, np.ones(()), name=reader.get_friendly_name()
                )
            elif rule := self._rules.get(node.get_type_name()):
                frames = rule(node)
                frames.get_node().set_friendly_name(node.get_friendly_name())
                self._frames[node.get_name()] = frames
            else:
                raise _no_form(node)
        return self._frames[node.get_name()]

    def _convolve(self, node: ov.Node) -> ov.Output:
        name, attributes = node.get_friendly_name(), node.get_attributes()
        weights = constant_of(node.input_value(1))
        if weights is None or set(attributes["dilations"]) != {1}:
            raise _no_form(node, "without constant weights, or dilated")
        window = _window(node, weights.shape[2])
        feed = read_feed(node)
        if _is_input(feed):
            # Pixels are put side by side while they are bytes; what pads them is then scaled to zero.
            views = window.views(_enter(feed), "constant", name=name)
            inside = np.repeat(window.inside(), weights.shape[1], axis=1)[:, :, np.newaxis, np.newaxis]
            frames = normalise(_side_by_side(views, name), feed, inside, name=name)
        else:
            frames = _side_by_side(window.views(self._read(node), "constant", name=name), name)
        # (O, C, kT, kH, kW) as weights for frames side by side, (O, kT * C, kH, kW).
        stacked = weights.swapaxes(1, 2).reshape(len(weights), -1, *weights.shape[3:])
        return ops.convolution(
            frames,
            ops.constant(np.ascontiguousarray(stacked), name=f"{name}/weights"),
            strides=attributes["strides"][1:],
            pads_begin=attributes["pads_begin"][1:],
            pads_end=attributes["pads_end"][1:],
            dilations=[1, 1],
        ).output(0)

    def _maximum(self, node: ov.Node) -> ov.Output:
        name, attributes = node.get_friendly_name(), node.get_attributes()
        if attributes["rounding_type"] != "floor" or set(attributes["dilations"]) != {1}:
            raise _no_form(node, "dilated, or rounding up")
        frames = self._read(node)
        window = _window(node, attributes["kernel"][0])
        kernel, strides, begin, end = _in_space(attributes)
        if (kernel, strides) != ([1, 1], [1, 1]):
            frames = ops.max_pool(
                frames, strides, [1, 1], begin, end, kernel, "floor", "explicit", name=f"{name}/frame"
            ).output(0)
        views = window.views(frames, "edge", name=name)
        return reduce(lambda a, b: ops.maximum(a, b).output(0), views)

    def _average(self, node: ov.Node) -> ov.Output:
        name, attributes = node.get_friendly_name(), node.get_attributes()
        frames = self._read(node)
        kernel, strides, begin, end = _in_space(attributes)
        taps, rounding = attributes["kernel"][0], attributes["rounding_type"]
        window, is_padded = _window(node, taps), any((*attributes["pads_begin"], *attributes["pads_end"]))
        if is_padded or kernel[0] != frames.get_shape()[2]:
            if rounding != "floor" or (is_padded and attributes["exclude-pad"]):
                raise _no_form(node, "rounding up, or of fewer where it is padded")
            frames = ops.avg_pool(frames, strides, begin, end, kernel, False, name=f"{name}/frame").output(0)
            total = reduce(lambda a, b: ops.add(a, b).output(0), window.views(frames, "constant", name=name))
            return ops.multiply(total, np.float32(1 / taps)).output(0)
        # One above the other, the frames of a window are one picture, and their mean is one pool: a sum of the frames'
        # means would be rounded by itself once quantized.
        pictures = ops.concat(window.views(frames, "constant", name=name), 2, name=name + TAPS)
        size = [taps * kernel[0], kernel[1]]
        return ops.avg_pool(pictures, [1, strides[1]], [0, 0], [0, 0], size, True, rounding).output(0)

    def _concatenate(self, node: ov.Node) -> ov.Output:
        if node.get_attributes()["axis"] not in (1, 1 - _VOLUME):
            raise _no_form(node, "along another axis than the channels'")
        return ops.concat([self._read(node, port) for port in range(node.get_input_size())], 1).output(0)

    def _relu(self, node: ov.Node) -> ov.Output:
        return ops.relu(self._read(node)).output(0)

    def _combine(self, node: ov.Node) -> ov.Output:
        """Rewrite arithmetic of two results, or of one and a constant."""
        other = node.input_value(1).get_node()
        if other.get_type_name() == "Constant":
            data = np.asarray(other.get_data())
            data = data.reshape((1,) * (_VOLUME - data.ndim) + data.shape)[0]
            second = ops.constant(np.ascontiguousarray(data.swapaxes(0, 1))).output(0)
        else:
            second = self._read(node, 1)
        operation = {"Add": ops.add, "Multiply": ops.multiply, "Subtract": ops.subtract}[node.get_type_name()]
        return operation(self._read(node), second).output(0)

    def _return(self, node: ov.Node) -> ov.Output:
        """Rewrite what makes a volume again of something with fewer axes."""
        if _rank(node.inputs()) >= _VOLUME:
            raise _no_form(node)
        volume = ops.reshape(node.input_value(0), list(node.output(0).shape)[1:], False)
        return ops.transpose(volume, [1, 0, 2, 3]).output(0)


def _side_by_side(views: list[ov.Output], name: str) -> ov.Output:
    return views[0] if len(views) == 1 else ops.concat(views, 1, name=name + TAPS).output(0)


def _is_input(feed: Feed) -> bool:
    return bool(feed.source.get_node().get_type_name() == "Parameter")


def _enter(feed: Feed) -> ov.Output:
    """Return what a feed starts from as frames, (D, C, H, W), not yet normalised."""
    batch, channels, *volume = feed.order
    shape = list(feed.source.get_shape())
    if shape[batch] != 1:
        raise _NoFormError(f"it takes {shape[batch]} clips at once, and frames take the place of the batch")
    value = ops.reshape(feed.source, [*shape[:batch], *shape[batch + 1 :]], False).output(0)
    left = [axis for axis in range(_VOLUME) if axis != batch]
    order = [left.index(axis) for axis in (volume[0], channels, *volume[1:])]
    return value if order == sorted(order) else ops.transpose(value, order).output(0)


def _window(node: ov.Node, taps: int) -> Window:
    attributes = node.get_attributes()
    return Window(
        length=node.input(0).get_shape()[2],
        taps=taps,
        stride=attributes["strides"][0],
        before=attributes["pads_begin"][0],
        after=attributes["pads_end"][0],
    )


def _in_space(attributes: Mapping[str, Any]) -> tuple[list[int], ...]:
    """Return a pool's kernel, strides and padding before and after, along height and width."""
    return tuple(list(attributes[name][1:]) for name in ("kernel", "strides", "pads_begin", "pads_end"))


def _no_form(node: ov.Node, why: str = "") -> _NoFormError:
    return _NoFormError(
        f"{node.get_type_name()} {node.get_friendly_name()!r}{', ' + why + ',' if why else ''} has no form of four axes"
    )


def _rank(ports: Sequence[ov.Input] | Sequence[ov.Output]) -> int:
    return max((len(port.get_partial_shape()) for port in ports), default=0)
