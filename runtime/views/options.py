"""Which views of a video are classified, as a user asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from i3d_edge.core.spec import Fusion


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewOptions:
    """The views of a video, and how they become one answer.

    Attributes:
        num_clips: 1 for the centre clip; more are spread over the video.
        num_crops: 1 for the centre of each frame; 3 along its longer side.
        hop: Instead of `num_clips`: the whole video, a clip every so many samples of the model's rate.
        fusion: How several views become one answer, see `fuse`; None as the model says.
        frames_fps: The rate of folders of images and of raw streams, where it is not stated or wrong.

    Raises:
        ValueError: If a number is not as said, or both `num_clips` and `hop` are given.
    """

    num_clips: int = 1
    num_crops: int = 1
    hop: int | None = None
    fusion: Fusion | None = None
    frames_fps: Fraction | None = None

    def __post_init__(self) -> None:
        if self.num_clips < 1 or (self.hop is not None and self.hop < 1):
            raise ValueError(f"num_clips and hop must be at least 1; got {self.num_clips} and {self.hop}")
        if self.num_crops not in (1, 3):
            raise ValueError(f"num_crops must be 1 or 3; got {self.num_crops}")
        if self.hop is not None and self.num_clips != 1:
            raise ValueError("hop shows the whole video: num_clips cannot be given with it")
