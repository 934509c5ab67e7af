"""Everything that can go wrong, as a tree below `I3DError`."""

from i3d_edge.core.text import message as as_message

_MOST_LINES = 50


class I3DError(Exception):
    """An expected failure: what it is about, what was expected, what was there, and what to do.

    Its texts are one line each, with addresses shown without passwords and tokens; see `core.text.message`.

    Attributes:
        message: One sentence: subject, expectation, finding.
        hint: One action, or None.
        exit_code: What the command line exits with.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = as_message(message)
        self.hint = hint and as_message(hint)
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.hint}" if self.hint else self.message


class ArgumentError(I3DError):
    """An option of a command, or an argument of a function, has a value that it cannot take."""

    exit_code = 2


class CheckpointError(I3DError):
    """A checkpoint, or a file of weights, cannot be used."""


class CheckpointMissingError(CheckpointError):
    """The prefix names no checkpoint, or a part of it is absent."""


class CheckpointDamagedError(CheckpointError):
    """A part of the checkpoint is truncated or fails its checksum."""


class CheckpointFormError(CheckpointError):
    """The checkpoint may be whole, but is in a form that is not read."""


class CheckpointVariablesError(CheckpointError):
    """The checkpoint's variables are not those of a known network."""


class FrozenGraphError(I3DError):
    """A .pb file is not a frozen I3D graph."""


class IRError(I3DError):
    """An OpenVINO IR is incomplete or is not an I3D."""


class BundleError(I3DError):
    """A bundle is damaged, was changed, could do harm when unpacked, or cannot be packed."""


class DeviceError(I3DError):
    """An OpenVINO device is absent or refuses the model."""


class ProfileError(I3DError):
    """A deployment profile cannot be read, or is of another IR."""


class VideoError(I3DError):
    """A video file cannot be used."""


class VideoOpenError(VideoError):
    """The file is absent, or is nothing that FFmpeg can open."""


class NoVideoStreamError(VideoError):
    """The file opens but holds no video stream."""


class EmptyVideoError(VideoError):
    """Not one frame of the video stream could be decoded."""


class VideoDecodeError(VideoError):
    """Decoding broke off with too few frames to stand for the video."""


class ConfigError(I3DError):
    """A configuration has mistakes: its message has a line for each.

    Attributes:
        lines: They, as they are shown.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__(lines[0])
        more = len(lines) - _MOST_LINES
        self.lines = (*map(as_message, lines[:_MOST_LINES]), *([f"and {more:,} more mistakes"] if more > 0 else []))
        self.message = "\n".join(self.lines)


class StreamError(I3DError):
    """A live source cannot be used."""


class CameraError(StreamError):
    """A camera is absent, busy, or not ours to open."""


class StreamOpenError(StreamError):
    """The address is nothing that can be opened as a stream."""


class StreamTimeoutError(StreamError):
    """A source that is there delivers no frame in time."""


class StreamLostError(StreamError):
    """A source broke off and did not come back."""


class RecordError(I3DError):
    """Recorded answers, events or annotations cannot be read, or are not of one recording."""


class ForkError(I3DError):
    """A model or stream is used in a child of the process that made it, where it would wait for ever."""


class NotFiniteError(I3DError):
    """A model gave an output that is not a finite number."""


class ClipShapeError(I3DError):
    """An array does not have the shape or dtype of the clip that the model takes."""


class CalibrationError(I3DError):
    """Videos do not give enough different clips to calibrate a quantization."""


class LabelError(I3DError):
    """A label is not among the model's."""


class ListError(I3DError):
    """A list of videos cannot be read."""


class ResultError(I3DError):
    """The files of an accuracy run, or a baseline, are absent, cut off, edited, or of another schema."""


class ComparisonError(I3DError):
    """Two accuracy runs differ in videos, labels, protocol or classes, so that no comparison is fair."""


class ProtocolError(I3DError):
    """A protocol of accuracy is unknown or does not fit the model."""

    exit_code = 2


class SpecError(I3DError):
    """A model description cannot be read."""


class DownloadError(I3DError):
    """A download did not arrive whole."""


class DependencyError(I3DError):
    """An optional package that this command needs is not installed."""


class OutputError(I3DError):
    """A place cannot be written."""


class ParityError(I3DError):
    """Two stages of one model disagree by more than the stated bound."""

    exit_code = 3


class GateFailedError(I3DError):
    """A promise about accuracy is not kept."""

    exit_code = 3


class GateUndecidedError(I3DError):
    """There are too few videos to tell whether a promise about accuracy is kept."""

    exit_code = 4
