"""What all sources of frames have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from i3d_edge.core.arrays import UInt8Array
from i3d_edge.core.errors import EmptyVideoError, VideoDecodeError
from i3d_edge.runtime.frames.timeline import Timeline

Frame = TypeVar("Frame")


@dataclass
class FrameSource(ABC):
    """Frames with a clock: a `Video`, an `ImageSequence`, or a `ClipArray`."""

    path: Path  # the file or folder; "frames" for an array
    timeline: Timeline  # when each frame is shown
    stated_duration_s: float | None = None  # what the container says, or None if it says nothing of the picture
    warnings: list[str] = field(default_factory=list)  # what a user should know; `frames` adds to it
    has_damage: bool = False  # whether something cannot be read or decoded, as far as `frames` was asked for
    is_cropped: bool = False  # whether frames have the network's size already, and are taken as they are
    # Whether a video's pixels are made square; without it, frames come as they are stored.
    has_square_pixels: bool = True
    # Height and width to which a video's frames are scaled as they are converted to RGB, if to any.
    squeezed_px: tuple[int, int] | None = None

    @abstractmethod
    def frames(self, wanted: Sequence[int]) -> Iterator[tuple[int, UInt8Array]]:
        """Yield wanted indices into the timeline, strictly increasing, one at least, each with its frame.

        It is upright, shape (H, W, 3), uint8, RGB 0..255. The place of one that cannot be decoded is taken by the one
        before it, at the beginning by the one after it, and a warning counts them.

        Raises:
            EmptyVideoError: If no frame can be decoded.
            VideoDecodeError: If fewer than half of the wanted frames can be decoded.
        """

    def _filled(
        self,
        decoded: Iterable[tuple[int, Frame]],
        wanted: Sequence[int],
        to_rgb: Callable[[Frame], UInt8Array],
        *,
        kind: str = "video",
        hint: str = "the file is damaged or incomplete: copy or download it again",
    ) -> Generator[tuple[int, UInt8Array], None, Frame]:
        """Yield the wanted ones of decoded frames, as `frames` does; return the last frame that was decoded."""
        name = f"{kind} {str(self.path)!r}"
        remaining = list(reversed(wanted))
        num_replaced = 0
        shown: Frame | None = None
        for index, frame in decoded:
            while remaining and remaining[-1] < index:
                num_replaced += 1
                yield remaining.pop(), to_rgb(shown if shown is not None else frame)
            if remaining and remaining[-1] == index:
                yield remaining.pop(), to_rgb(frame)
            shown = frame
            if not remaining:
                break
        if shown is None:
            raise EmptyVideoError(f"no frame of {name} can be decoded")
        num_replaced += len(remaining)
        if num_replaced * 2 > len(wanted):
            raise VideoDecodeError(
                f"only {len(wanted) - num_replaced} of the {len(wanted)} frames needed of {name} can be decoded",
                hint=hint,
            )
        while remaining:
            yield remaining.pop(), to_rgb(shown)
        if num_replaced:
            self.has_damage = True
            self.warnings.append(
                f"{num_replaced} of the {len(wanted)} frames needed could not be decoded: neighbours stand in"
            )
        return shown
