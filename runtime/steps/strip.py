"""A layer's output as a step model has it: the positions it computes anew, and the others from memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import openvino as ov

from i3d_edge.runtime.steps.memory import Codes, Memory, cut, join
from i3d_edge.runtime.steps.span import Span


@dataclass(slots=True)
class Strip:
    """Positions of a layer's output, see `span`."""

    name: str
    span: Span
    axis: int
    # computes the positions from a given one to the window's end; the given one is `span.start`, or an earlier one if
    # `is_input`
    end: Callable[[int], ov.Output]
    patch: ov.Output | None  # the left patch of the window `span.ahead` hops later, or None where there is none
    codes: Codes | None  # what the values are multiples of, if they are quantized
    memory: Memory
    # whether these are the model's inputs, rearranged: remembered as they came in, and rearranged again
    is_input: bool = False
    _ends: dict[int, ov.Output] = field(default_factory=dict)
    _patches: dict[int, ov.Output] = field(default_factory=dict)

    @classmethod
    def of_input(cls, name: str, span: Span, axis: int, frames: ov.Output, memory: Memory) -> Strip:
        """Return a model's input, of which a step is given as many positions as it moves on by."""

        def end(first: int) -> ov.Output:
            return frames if first == span.start else strip._remembered(first)

        strip = cls(name, span, axis, end, None, None, memory, is_input=True)
        return strip

    def since(self, first: int, read: int | None = None) -> ov.Output:
        """Return positions from `first` on; those before `span.start` are remembered. Another reads from `read` on."""
        read = first if read is None else read
        if read > (start := self.span.start):
            read = start
        if read not in self._ends:
            is_new = read == start or self.is_input
            self._ends[read] = self.end(read) if is_new else self._remembered(read)
        return cut(self._ends[read], self.axis, first - read, self.span.length - read)

    def head(self, ahead: int, last: int, read: int) -> ov.Output:
        """Return the positions before `last` of the window that starts `ahead` hops later; `read` as of `since`."""
        parts = [self._delayed(self.span.ahead - ahead)] if self.span.left else []
        if last > self.span.left:
            origin = ahead * self.span.hop
            values = self.since(origin + self.span.left, read)
            parts.append(cut(values, self.axis, 0, last - self.span.left))
        return join(parts, self.axis)

    def window(self) -> ov.Output:
        """Return all positions of the newest window."""
        patch = [self._delayed(self.span.ahead)] if self.span.left else []
        return join([*patch, self.since(self.span.left)], self.axis)

    def _remembered(self, first: int) -> ov.Output:
        new, name, count = self.since(self.span.start), f"{self.name}/since{first}", self.span.start - first
        values = join([self._recall(name, count, new), new], self.axis)
        self.memory.keep(name, cut(values, self.axis, self.span.hop, self.span.hop + count), self.codes)
        return values

    def _delayed(self, hops: int) -> ov.Output:
        """Return the left patch as it was so many hops ago."""
        assert self.patch is not None  # asked for only where `span.left` is not 0
        if hops and hops not in self._patches:
            name, count = f"{self.name}/patch{hops}", hops * self.span.left
            values = join([self._recall(name, count, self.patch), self.patch], self.axis)
            self.memory.keep(name, cut(values, self.axis, self.span.left, self.span.left + count), self.codes)
            self._patches[hops] = cut(values, self.axis, 0, self.span.left)
        return self._patches[hops] if hops else self.patch

    def _recall(self, name: str, count: int, like: ov.Output) -> ov.Output:
        shape = list(like.get_shape())
        shape[self.axis] = count
        return self.memory.recall(name, shape, like, self.codes)
