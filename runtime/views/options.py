"""Which views of a video are classified, as a user asks for them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.schema import Positive, check_arguments
from i3d_edge.core.spec import Fusion


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewOptions:
    """The views of a video, and how they become one answer.

    Attributes:
        num_clips: 1 for the centre clip; more are spread over the video.
        num_crops: 1 for the centre of each frame; 3 along its longer side; 10 see `TEN_CROPS`.
        hop: Instead of `num_clips`: the whole video, a clip every so many samples of the model's rate.
        covers_end: Whether such clips end with one that ends with the video, nearer perhaps to the one before.
        fusion: How several views become one answer, see `fuse`; None as the model says.
        frames_fps: The rate of folders of images and of raw streams, where it is not stated or wrong.

    Raises:
        ArgumentError: If one is not as said, or both `num_clips` and `hop` are given.
    """

    num_clips: Positive = 1
    num_crops: Literal[1, 3, 10] = 1
    hop: Positive | None = None
    covers_end: bool = True
    fusion: Fusion | None = None
    frames_fps: Fraction | None = None

    def __post_init__(self) -> None:
        check_arguments(
            ViewOptions, num_clips=self.num_clips, num_crops=self.num_crops, hop=self.hop, fusion=self.fusion
        )
        if self.frames_fps is not None and self.frames_fps <= 0:
            raise ArgumentError(f"frames_fps: expected a rate above 0; got {self.frames_fps}")
        if self.hop is not None and self.num_clips != 1:
            raise ArgumentError("hop shows the whole video: num_clips cannot be given with it")
