"""Writing a window network anew as a step model: from its inputs on, until a window must be seen whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import openvino as ov
from openvino import opset13 as ops

from i3d_edge.core.errors import IRError
from i3d_edge.core.spec import StepMode
from i3d_edge.runtime.steps.memory import Memory
from i3d_edge.runtime.steps.operators import LAYERS, Operator, Part, is_constant, is_uniform, read_operator, split_pool
from i3d_edge.runtime.steps.span import Span, first_read, head_length, through
from i3d_edge.runtime.steps.strip import Strip


class UnstreamableError(IRError):
    """A network cannot be run in steps of so many frames.

    Attributes:
        divisor: What the hop would have to be a multiple of; None where another hop would not help.
    """

    def __init__(self, message: str, divisor: int | None = None) -> None:
        super().__init__(message)
        self.divisor = divisor


@dataclass(frozen=True, slots=True)
class Emitted:
    """A step model, and what it needs."""

    model: ov.Model  # the newest frames in, what the window network gives out
    memory_bytes: int  # what it remembers of a stream
    warm_up: int  # steps until the first answer that counts, that step included


def emit_steps(model: ov.Model, time_axes: Mapping[str, int], *, hop: int, mode: StepMode) -> Emitted:
    """Return a model of steps of `hop` frames; the given one, of static shapes, is left as it was.

    "exact" gives what the window network gives; "continuous" sees the true past where that sees padding. Raises
    UnstreamableError if it cannot be done; "exact", if nothing can be remembered from window to window.
    """
    emitter = _Emitter(model.clone(), hop, mode)
    emitter.enter(time_axes)
    for node in emitter.model.get_ordered_ops():
        emitter.visit(node)
    return emitter.finish()


class _Emitter:
    """Goes along a network: each layer's output becomes a `Strip`; what cannot be run in steps reads windows."""

    def __init__(self, model: ov.Model, hop: int, mode: StepMode) -> None:
        self.model, self.hop, self.mode = model, hop, mode
        self.memory = Memory()
        self.parameters: list[ov.Node] = []
        self._strips: dict[str, Strip] = {}
        self._num_layers = self._length = self._past = 0
        self._divisor: int | None = None

    def enter(self, time_axes: Mapping[str, int]) -> None:
        """Give the model inputs of as many frames as a hop has."""
        for parameter in self.model.get_parameters():
            [name] = set(parameter.output(0).names) & set(time_axes)
            axis, shape = time_axes[name], list(parameter.output(0).get_shape())
            length, shape[axis] = shape[axis], self.hop
            self._length = length
            frames = ops.parameter(shape, parameter.get_element_type(), name=parameter.get_friendly_name())
            frames.output(0).set_names({name})
            self.parameters.append(frames)
            span = Span(length, self.hop, 0, length)
            self._strips[parameter.get_name()] = Strip.of_input(name, span, axis, frames.output(0), self.memory)

    def visit(self, node: ov.Node) -> None:
        """Write a node anew if it can be run in steps, or let it read windows."""
        ports = [port for port, value in enumerate(node.input_values()) if self._strip(value)]
        if not ports:
            return
        strips = [self._strips[node.input_value(port).get_node().get_name()] for port in ports]
        operator = read_operator(node, strips[0].axis, ports) if _are_alike(node, ports, strips) else None
        span = self._span(operator, strips) if operator else None
        if operator and span:
            self._strips[node.get_name()] = self._step(operator, span, ports, strips)
        elif halves := split_pool(node):  # the half in space can be run in steps; a frame of what it gives is smaller
            for half in halves:
                self.visit(half)
        elif self.mode == "continuous" and node.get_type_name() in LAYERS:
            raise UnstreamableError(f"{node.get_friendly_name()!r} cannot be run in steps")
        else:
            for port, strip in zip(ports, strips, strict=True):
                node.input(port).replace_source_output(strip.window())
                self._past = max(self._past, strip.span.past)

    def finish(self) -> Emitted:
        """Return the model."""
        if not self._num_layers:
            raise UnstreamableError("windows have no layer's output in common", self._divisor)
        model = ov.Model(self.model.get_results(), self.memory.sinks, self.parameters, self.model.get_friendly_name())
        # Steps end where windows do, so a first step may hold fewer frames than a hop.
        warm_up = sum(-(-length // self.hop) for length in (self._length, self._past))
        return Emitted(model, self.memory.num_bytes, warm_up)

    def _strip(self, value: ov.Output) -> Strip | None:
        return self._strips.get(value.get_node().get_name()) if value.get_index() == 0 else None

    def _span(self, operator: Operator, strips: Sequence[Strip]) -> Span | None:
        """Return the span of what an operator gives in steps, or None where it had better read windows."""
        sees_past = self.mode == "continuous"
        span = through([strip.span for strip in strips], operator.reach, sees_past=sees_past)
        if span and not is_uniform(operator, span.left, span.right):
            span = None
        if span is None:
            before = strips[0].span
            divisor = before.frames * operator.reach.stride if before.hop % operator.reach.stride else None
            self._divisor = self._divisor or divisor
            if sees_past:
                raise UnstreamableError(f"{operator.name!r} cannot be run in steps", divisor)
            return None
        is_worth = sees_past or operator.is_light or span.num_computed < span.length
        return span if is_worth else None

    def _step(self, operator: Operator, span: Span, ports: Sequence[int], strips: Sequence[Strip]) -> Strip:
        """Return what an operator gives in steps."""
        reach = operator.reach
        self._num_layers += not operator.is_light
        last = head_length(span.left, reach) if span.left else 0
        # One reading serves both the end of the newest window and the left patch of a later one.
        needed = [
            min(first_read(span.start, reach), span.ahead * strip.span.hop + strip.span.left)
            if last > strip.span.left
            else first_read(span.start, reach)
            for strip in strips
        ]

        def run(values: Sequence[ov.Output], part: Part) -> ov.Output:
            sources: list[ov.Output | None] = [None] * operator.node.get_input_size()
            for port, value in zip(ports, values, strict=True):
                sources[port] = value
            return operator.on(sources, part)

        def end(first: int) -> ov.Output:
            read = first_read(first, reach)
            places = [max(place, span.left) for place in range(first, span.length)]
            values = [strip.since(read, min(read, since)) for strip, since in zip(strips, needed, strict=True)]
            return run(values, Part(places, at_end=True))

        patch = None
        if span.left:
            heads = [strip.head(span.ahead, last, since) for strip, since in zip(strips, needed, strict=True)]
            patch = run(heads, Part(range(span.left), at_start=True))
        return Strip(
            operator.name,
            span,
            operator.out_axis,
            end,
            patch,
            operator.codes([strip.codes for strip in strips]),
            self.memory,
            is_input=operator.is_light and span.left == 0 and all(strip.is_input for strip in strips),
        )


def _are_alike(node: ov.Node, ports: Sequence[int], strips: Sequence[Strip]) -> bool:
    """Return whether a node's inputs lie alike in time, and those without time are constants."""
    kinds = {(strip.axis, strip.span.length, strip.span.hop) for strip in strips}
    others = [value for port, value in enumerate(node.input_values()) if port not in ports]
    return len(kinds) == 1 and all(map(is_constant, others))
