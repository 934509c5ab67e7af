"""What `result.json` holds. A consumer can be written from this file alone."""

from __future__ import annotations

from typing import TypedDict

SCHEMA_VERSION = 1


class ModelInfo(TypedDict):
    """One model that was scored."""

    kind: str  # "ir" or "frozen-graph"
    path: str  # as given
    sha256: str  # of the .xml or .pb
    weights_sha256: str | None  # of an IR's .bin
    frozen_graph_sha256: str | None  # of the graph an IR was made from
    origin: str  # published checkpoint's name, "stand-in" or "unknown"
    is_stand_in: bool  # True: the numbers say nothing about I3D's accuracy
    fingerprint: str | None  # of the checkpoint
    weights_precision: str | None  # how an IR stores weights: FP32, FP16
    executed_precision: str  # what the convolutions ran in, read from the compiled model
    device: str  # OpenVINO device, or "TensorFlow CPU"


class Protocol(TypedDict):
    """How views were taken and combined."""

    num_frames: int  # per clip
    frame_stride: int  # in samples at frame_rate_fps
    frame_rate_fps: int
    num_clips: int  # temporal positions per video
    num_crops: int  # spatial positions per clip
    short_side_px: int  # resize
    crop_px: int  # centre crop
    interpolation: str
    aggregation: str  # how views become a video's probabilities


class Where(TypedDict):
    """The machine and the software, by class, not by name."""

    cpu: str
    num_cpus: int
    os: str
    versions: dict[str, str]  # python, openvino, i3d-edge, av, numpy


class Dropped(TypedDict):
    """A listed video that was not scored."""

    path: str
    reason: str


class Counts(TypedDict):
    """From the list to the score: listed = decoded + dropped; decoded = scored + unlabelled."""

    listed: int
    decoded: int
    unlabelled: int  # decoded, but the list does not say what they show
    scored: int
    dropped: list[Dropped]


class Metric(TypedDict):
    """A proportion. Higher is better."""

    value: float  # in [0, 1]
    num_correct: int
    num_total: int
    interval_low: float  # 95 % Wilson interval
    interval_high: float


class Time(TypedDict):
    """Wall time, in seconds."""

    total_s: float
    decode_s: float  # decoding, resizing and cropping
    infer_s: dict[str, float]  # by model


class Result(TypedDict):
    """The whole of `result.json`."""

    schema_version: int
    what: dict[str, ModelInfo]  # by model name: "ir", "frozen-graph"
    how: Protocol
    where: Where
    list: str  # path of the list, as given
    counts: Counts
    metrics: dict[str, dict[str, Metric]]  # by model name, then clip_top1, clip_top5, video_top1, video_top5
    warnings: dict[str, list[str]]  # by video path, for videos that were decoded with reservations
    time: Time
