"""The arithmetic of steps: which positions of a layer's output a step must compute, and which it may remember.

A layer's output has positions along time. Zero padding reaches the first and the last of a window; the others are the
same in every window that holds them, so they are computed once. All numbers here are in positions of one layer,
counted from the start of the newest window:

    0 ............ left ................... right .......... length
    | left patch   | interior, shared by windows | right patch |

A step moves the window on by `hop` positions. It computes the interior from `right - hop` to `right`, the right patch,
and the left patch of the window that starts `ahead` hops later: as soon as what that patch reads is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reach:
    """What an operator reads along time: `kernel` positions, `stride` apart from output to output, and padding."""

    kernel: int = 1
    stride: int = 1
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """Positions of a layer's output in a window, see above."""

    length: int
    hop: int
    left: int  # how many positions at the start the padding reaches
    # the first position at the end that the padding reaches; negative where it reaches all of a short window
    right: int
    ahead: int = 0  # hops from the newest window to the one whose left patch a step computes
    frames: int = 1  # from one position to the next
    past: int = 0  # how many frames before the window's first one its positions depend on

    @property
    def start(self) -> int:
        """The first of the positions that a step computes at the end; negative where the hop is longer."""
        return self.right - self.hop

    @property
    def num_computed(self) -> int:
        """Positions that a step computes, where the window network computes `length`."""
        return self.left + self.length - self.start


def through(spans: Sequence[Span], reach: Reach, *, sees_past: bool) -> Span | None:
    """Return the span of an operator's output, or None where windows do not share it position by position.

    If it sees the true past before a window's start instead of padding, nothing is patched on the left.
    """
    length, hop = spans[0].length, spans[0].hop
    if hop % reach.stride:
        return None
    read = max(span.left for span in spans) + reach.before
    left = 0 if sees_past else -(-read // reach.stride)
    if left:  # a patch of padding alone would read nothing
        left = max(left, 1 - (reach.kernel - reach.before - 1) // reach.stride)
    right = (min(span.right for span in spans) + reach.before - reach.kernel) // reach.stride + 1
    if right < left and not sees_past:
        return None
    ahead = 0
    if left:
        needed = head_length(left, reach)
        ahead = min((span.right - needed) // hop for span in spans)
        ahead = min([ahead, *(span.ahead for span in spans if span.left)])
    total = (length + reach.before + reach.after - reach.kernel) // reach.stride + 1
    past = max(span.past for span in spans) + reach.before * spans[0].frames * sees_past
    return Span(total, hop // reach.stride, left, right, ahead, spans[0].frames * reach.stride, past)


def head_length(left: int, reach: Reach) -> int:
    """Return how many positions of an input the left patch of an operator reads."""
    return (left - 1) * reach.stride + reach.kernel - reach.before


def first_read(position: int, reach: Reach) -> int:
    """Return the first position of an input that a position of the output reads."""
    return position * reach.stride - reach.before
