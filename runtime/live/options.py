"""How a stream is read and watched."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.schema import Amount, Count, Line, Positive
from i3d_edge.runtime.live.rules import EventRules
from i3d_edge.runtime.live.smoothing import smoothing_named


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions(EventRules):
    """How a stream is read and watched.

    Attributes:
        hop: Frames between windows; None for as often as the machine keeps up.
        camera: What events call the source; None for its address without credentials.
        smoothing: "none", "exponential:SECONDS" or "mean:WINDOWS"; see `smoothing_named`.
        is_real_time: Play a file at the pace of its timestamps, as if it were live.
        is_looped: Begin a file again at its end.
        reconnect: Attempts in a row to reconnect; None for no limit, which also covers the first connection.
        max_duration_s: Stop after so much stream time; None to go on.
        report_every_s: How often to report progress; 0 for never.
        num_predictions: Classes in an answer.
        motion: Show the model only windows in which at least this share of the picture changes, 0 to 1; the others are
            answered with probabilities of 0. None for all. A step model then follows the stream anew.
        rtsp_transport: Transport of RTSP streams.
        open_timeout_s: Time allowed for the source to open.
        read_timeout_s: Time allowed for the next frame.
        frames_fps: The rate of a raw stream, whose frames have no times; None as it states.
        decoder_threads: For a live source; each beyond the first holds one more frame back.
        hardware_decoder: A kind of device that FFmpeg must decode on, for instance "qsv"; None decodes on the CPU.

    Raises:
        ArgumentError: If one is not as said.
    """

    hop: Positive | None = 25
    camera: Line | None = None
    smoothing: str = "exponential:1"
    is_real_time: bool = False
    is_looped: bool = False
    reconnect: Count | None = 5
    max_duration_s: Amount | None = None
    report_every_s: Amount = 0.0
    num_predictions: Positive = 5
    motion: float | None = None
    rtsp_transport: Literal["tcp", "udp"] = "tcp"
    open_timeout_s: Amount = 10.0
    read_timeout_s: Amount = 10.0
    frames_fps: Fraction | None = None
    decoder_threads: Positive = 2
    hardware_decoder: str | None = None

    def __post_init__(self) -> None:
        EventRules.__post_init__(self)
        smoothing_named(self.smoothing)
        if self.frames_fps is not None and self.frames_fps <= 0:
            raise ArgumentError(f"frames_fps: expected a rate above 0; got {self.frames_fps}")
