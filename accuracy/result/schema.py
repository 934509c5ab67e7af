"""What `result.json` holds. A consumer can be written from this file alone."""

from typing import Annotated, Literal, NotRequired, TypedDict

import msgspec

from i3d_edge.core.errors import ResultError
from i3d_edge.core.schema import Amount, Count, Format, Line

SCHEMA_VERSION = 2
RESULT_NAME = "result.json"
PREDICTIONS_NAME = "predictions.jsonl"

CUT_OFF_HINT = "the file was cut off or edited: run again, or take it from where it was made"

LeftOut = bool | Literal["by name"]
"""Which labelled video the figures per video lack; see `accuracy.result.scoring.place_left_out`."""

NOT_EMPTY = msgspec.Meta(min_length=1)


class ModelInfo(TypedDict):
    """One model that was scored."""

    kind: str  # "ir", "frozen-graph", or "ir-per-length": IRs made of the .pb, one for each length of a video
    path: str  # as given
    sha256: str  # of the .xml or .pb
    weights_sha256: str | None  # of an IR's .bin
    frozen_graph_sha256: str | None  # of the graph an IR was made from
    origin: str  # published checkpoint's name or "unknown"
    fingerprint: str | None  # of the checkpoint
    weights_precision: str | None  # how an IR stores weights: FP32, FP16
    executed_precision: str  # what the convolutions ran in, read from the compiled model
    device: str  # OpenVINO device, or "TensorFlow CPU"


class Protocol(TypedDict):
    """How views were taken and combined; see docs/reference/protocols.md."""

    name: str  # see accuracy.run.protocol.PRESETS; "spread-3" for --num-clips 3
    version: Count  # raised when anything below changes under the same name
    num_frames: int | None  # per clip; None: the whole video is one clip
    frame_stride: Count  # in samples at frame_rate_fps
    frame_rate_fps: int | str | None  # "30000/1001" if not whole; None: every source frame is a sample
    placement: str  # of clips: "spread", "mmaction", "gluoncv", "cover", "omz", "whole"; see runtime.ViewPlan
    num_clips: int | None  # temporal positions per video; None: as many as the placement needs
    num_crops: Count  # spatial positions per clip
    short_side_px: int | None  # resize; None where long_side_px is given, or whole frames are squeezed
    long_side_px: int | None  # resize, what is then smaller than the crop being enlarged again
    squeezed_px: NotRequired[str]  # "256x340", height x width of whole frames before the crop; absent: as the crop
    crop_px: int | str  # of a square; else "192x256", height x width
    interpolation: str
    aggregation: str  # how views become a video's probabilities; see accuracy.result.recorded_video
    drops_last_video: LeftOut  # from video_top1 and video_top5; True: the list's last, "by name": the last by name
    flow: NotRequired[str]  # how optical flow was computed: "tvl1" or "dis"; absent for models of RGB alone


class Machine(TypedDict):
    """What an answer may depend on besides the model: the class of CPU and the software."""

    cpu: str
    versions: dict[str, str]
    executed_precision: dict[str, str]  # by model


class MachineShare(Machine):
    """A kind of machine, and what it did."""

    num_videos: Count


class Where(TypedDict):
    """The machine and the software, by class, not by name; of a run on several, that of most videos."""

    cpu: str
    num_cpus: Count
    os: str
    versions: dict[str, str]  # python, openvino, i3d-edge, av, numpy
    machines: NotRequired[list[MachineShare]]  # if they were of several kinds


class Dropped(TypedDict):
    """A listed video that was not scored."""

    path: str
    reason: str


class Data(TypedDict):
    """What was measured on."""

    path: str  # of the list or manifest, as given
    root: NotRequired[str | None]  # where its relative paths start, if not where the list or manifest says
    manifest_digest: str | None  # None where a list was given
    sha256: str  # of the names and labels of all listed videos, a line of JSON each
    shard: NotRequired[str]  # "3/8": of the listed videos, the 3rd, the 11th, the 19th and so on were measured


class ScoredVideo(TypedDict):
    """A video that was decoded."""

    path: str  # as in the list; predictions.jsonl calls it "video"
    label: Count | None  # class index, or None if the list has no label
    sha256: str  # of its bytes; of a folder of images see accuracy.data.video_check.content_sha256
    num_views: Count  # per model


class Counts(TypedDict):
    """From the list to the score: listed = decoded + dropped; decoded = scored + unlabelled."""

    listed: Count
    decoded: Count
    unlabelled: Count  # decoded, but the list does not say what they show
    scored: Count
    dropped: list[Dropped]


class Metric(TypedDict):
    """A proportion. Higher is better."""

    value: float  # in [0, 1]
    num_correct: Count
    num_total: Count
    interval_low: float  # 95 % Wilson interval
    interval_high: float


class ClassCount(TypedDict):
    """One class that videos were labelled with, or that was predicted."""

    label: int
    num_videos: int  # labelled so
    num_top1: int  # of those, predicted so
    num_top5: int  # of those, with the label among the best five
    num_predicted: int  # of all videos, predicted so


class Confusion(TypedDict):
    """A wrong answer, and how many videos got it."""

    label: int
    predicted: int
    num_videos: int


class Details(TypedDict):
    """What one model's answers look like beyond the counts, per video."""

    mean_class_top1: float  # mean of the classes' own top-1, over the classes that have videos
    calibration_error: float  # expected calibration error of top-1, in [0, 1]; lower is better
    classes: list[ClassCount]  # by label
    confusions: list[Confusion]  # most frequent first


class Labels(TypedDict):
    """The classes behind the indices."""

    name: Line  # of the label set, for instance "kinetics-400"
    names: list[Line]  # in index order


class Time(TypedDict):
    """Wall time, in seconds."""

    total_s: Amount
    decode_s: Amount  # decoding, resizing and cropping, added up over the threads that did it
    wait_s: Amount  # in which inference waited for decoding
    prepare_s: NotRequired[Amount]  # making and compiling IRs for a video's length, where it is shown whole
    infer_s: dict[str, Amount]  # by model, for the views that count
    num_new: NotRequired[Count]  # videos that the last command measured; 0 if all of them were done before
    num_views: Count  # per model
    views_per_s: Amount  # network forwards of all models per second of total_s


class PredictionRow(TypedDict):
    """A row of `predictions.jsonl`: one view, one model. Rows of a video are neighbours, in the list's order."""

    video: str  # path, as in the list
    model: str  # a key of Result's `what`
    view: Count  # from 0, clip by clip and within it crop by crop
    clip: Count  # temporal position, from 0
    crop: Count  # spatial position, from 0
    start_s: float  # of the clip, from the video's first frame
    end_s: float
    label: Count | None  # class index
    probs: Annotated[list[float], NOT_EMPTY]  # all classes, six significant digits; they sum to 1


class Result(TypedDict):
    """The whole of `result.json`; the parts marked so are absent from the first results of this version."""

    schema_version: int
    is_complete: bool  # False: interrupted; the same command resumes it
    what: Annotated[dict[str, ModelInfo], NOT_EMPTY]  # by name: the one given, else the file's stem
    how: Protocol
    where: Where
    data: Data
    counts: Counts
    videos: NotRequired[list[ScoredVideo]]  # in the list's order
    metrics: dict[str, dict[str, Metric]]  # by model name, then clip_top1 (per view), clip_top5, video_top1, video_top5
    details: dict[str, Details]  # by model name
    labels: Labels
    predictions_sha256: NotRequired[str]  # of predictions.jsonl
    warnings: dict[str, list[str]]  # by video path, for videos that were decoded with reservations
    time: Time


RESULT = Format(
    kind=Result,
    noun="result",
    error=ResultError,
    version=SCHEMA_VERSION,
    hint=CUT_OFF_HINT,
    version_hint="read it with the version of i3d-edge that wrote it, or run again",
)
PREDICTION_ROW = Format(kind=PredictionRow, noun="predictions", error=ResultError, hint=CUT_OFF_HINT)
