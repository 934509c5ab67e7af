"""Every published number for I3D on Kinetics-400 that is known here, with its protocol and its source.

Numbers are percentages, as their sources print them. Which of our protocols is comparable says nothing of weights
or videos: those are named beside each number, and a copy of Kinetics differs from another by a point or more.
"""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import Any

_WIDTH = 110

_GLUON = "dmlc/gluon-cv"
_THIRTY_VIEWS = "Kinetics-400 validation set; 10 clips x 3 crops, each 32 frames with stride 2; per video"
_TEN_BY_THREE = "as a protocol, with an IR of 32 frames; the network or its weights are others"


@dataclass(frozen=True, slots=True)
class Number:
    """One published accuracy, in percent: top-1, and top-5 where it was published.

    Attributes:
        weights: Of which published checkpoint, by the name that results give it; None for others' networks.
    """

    model: str
    top1: float
    top5: float | None = None
    note: str = ""
    weights: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """Numbers that were published together.

    Attributes:
        name: By which reports speak of it.
        protocol: How they were measured, on what, and whether per clip or per video.
        source: Where they stand.
        comparable: The name of our protocol that measures the same, or None.
        remark: What to mind when comparing, or why nothing is comparable.
        numbers: The numbers.
        metric: Which of our metrics the top-1 figures are, by its name in results.
    """

    name: str
    protocol: str
    source: str
    comparable: str | None
    remark: str
    numbers: tuple[Number, ...]
    metric: str = "video_top1"


REFERENCES = (
    Reference(
        "omz-2022",
        "400 Kinetics-400 validation videos, the first that exist; 3 clips of 79 frames at native frame rate, "
        "stride 1; long side 256, enlarged again to crop 224; per clip (1200)",
        "openvinotoolkit/open_model_zoo, models/public/i3d-rgb-tf/README.md and accuracy-check.yml, since 2022-02-07 "
        "(pull request 3169)",
        "omz-2022",
        "compare its clip_top1 and clip_top5; which 400 videos depends on the copy of Kinetics",
        (Number("i3d-rgb-tf (DeepMind's rgb_imagenet)", 64.83, 84.58, "778/1200 and 1015/1200 clips", "rgb_imagenet"),),
        metric="clip_top1",
    ),
    Reference(
        "omz-2022-video",
        "the same run, per video (399: the checker never scores the last of 400)",
        "openvinotoolkit/open_model_zoo, models/public/i3d-rgb-tf/accuracy-check.yml: video_accuracy 0.73183",
        "omz-2022-399",
        "compare its video_top1",
        (Number("i3d-rgb-tf (DeepMind's rgb_imagenet)", 73.18, note="292/399 videos", weights="rgb_imagenet"),),
    ),
    Reference(
        "omz-2020",
        "'subset 400', not recorded further: 400 random clips at first, two days later 400 videos",
        "openvinotoolkit/open_model_zoo, models/public/i3d-rgb-tf/README.md, 2020-03-11 to 2022-02-07; since retired",
        None,
        "the protocol was not recorded",
        (Number("i3d-rgb-tf (DeepMind's rgb_imagenet)", 67.0, 88.7),),
    ),
    Reference(
        "omz-full",
        "full Kinetics-400 validation set, not recorded further",
        "openvinotoolkit/open_model_zoo, models/public/i3d-rgb-tf/README.md, since 2020-03-11: 'Converted Model'",
        None,
        "the protocol was not recorded",
        (Number("i3d-rgb-tf (DeepMind's rgb_imagenet)", 65.96, 86.01),),
    ),
    Reference(
        "deepmind-test",
        "Kinetics-400 test set; the whole clip at 25 fps at once, fully convolutional, logits averaged over time; "
        "short side 256, centre crop 224; per video",
        "google-deepmind/kinetics-i3d, README.md; the protocol also issues 44 and 72",
        "deepmind",
        "on the test set; flow is by OpenCV's TV-L1, not DeepMind's own",
        (
            Number("RGB-I3D, ImageNet + Kinetics (rgb_imagenet)", 71.1, 89.3, weights="rgb_imagenet"),
            Number("Flow-I3D, ImageNet + Kinetics (flow_imagenet)", 63.4, 84.9, weights="flow_imagenet"),
            Number("two-stream I3D, ImageNet + Kinetics", 74.2, 91.3),
            Number("RGB-I3D, Kinetics only (rgb_scratch)", 68.4, 88.0, weights="rgb_scratch"),
            Number("Flow-I3D, Kinetics only (flow_scratch)", 61.5, 83.4, weights="flow_scratch"),
            Number("two-stream I3D, Kinetics only", 71.6, 90.0),
        ),
    ),
    Reference(
        "gluoncv-mxnet",
        _THIRTY_VIEWS,
        f"{_GLUON}, model zoo, table of action recognition (MXNet); pull request 958 for the first",
        "gluoncv-10x3",
        _TEN_BY_THREE,
        (
            Number("i3d_inceptionv1", 71.8, note="71.7 in the pull request, which cites 71.1"),
            Number("i3d_inceptionv3", 73.6, note="299 pixels"),
            Number("i3d_resnet50", 74.0),
            Number("i3d_resnet101", 75.1),
            Number("i3d_nl5_resnet50", 75.2),
            Number("i3d_nl10_resnet50", 75.3),
            Number("i3d_nl5_resnet101", 76.0),
            Number("i3d_nl10_resnet101", 76.1),
        ),
    ),
    Reference(
        "gluoncv-pytorch",
        "Kinetics-400 validation set; views not stated beside the numbers",
        f"{_GLUON}, docs/tutorials_torch/action_recognition/speed.py",
        None,
        "other networks, and the views are not stated",
        (
            Number("i3d_resnet50", 74.87),
            Number("i3d_resnet101", 75.10),
            Number("i3d_nl5_resnet50", 75.17),
            Number("i3d_nl10_resnet50", 75.93),
            Number("i3d_slow_resnet50, 8x8", 74.41),
            Number("i3d_slow_resnet50, 32x2", 77.89),
            Number("i3d_slow_resnet101, 32x2", 78.57),
        ),
    ),
    Reference(
        "gluoncv-int8",
        "FP32 and INT8 of 2-D networks; protocol as in GluonCV's calibration page",
        f"{_GLUON}, CALIBRATION.md of its action recognition scripts",
        None,
        "other networks; what they show is that INT8 cost half a point at most",
        (
            Number("resnet18 Kinetics-400 FP32", 63.29),
            Number("resnet18 Kinetics-400 INT8", 63.14),
            Number("resnet50 Kinetics-400 FP32", 68.08),
            Number("resnet50 Kinetics-400 INT8", 68.15),
            Number("inceptionv3 Kinetics-400 FP32", 67.93),
            Number("inceptionv3 Kinetics-400 INT8", 67.92),
            Number("inceptionv3 UCF101 FP32", 86.92),
            Number("inceptionv3 UCF101 INT8", 86.55),
            Number("vgg16 UCF101 FP32", 81.86),
            Number("vgg16 UCF101 INT8", 81.41),
        ),
    ),
    Reference(
        "gluoncv-ucf101",
        "UCF101, split 1; 32 frames with stride 2; one view, and 10 clips x 3 crops; per video",
        f"{_GLUON}, issue 1037",
        None,
        "another network and data set; what it shows is that 30 views are worth two points",
        (Number("i3d_resnet50_v1_ucf101, 1 view", 93.4), Number("i3d_resnet50_v1_ucf101, 30 views", 95.4)),
    ),
    Reference(
        "mmaction2",
        _THIRTY_VIEWS,
        "open-mmlab/mmaction2, configs/recognition/i3d/README.md (1.x)",
        "mmaction2-10x3",
        _TEN_BY_THREE,
        (
            Number("I3D R50", 73.47, 91.27),
            Number("I3D R50, dense sampling", 73.77, 91.35),
            Number("I3D R50, non-local, dot product", 74.80, 92.07),
            Number("I3D R50, non-local, embedded Gaussian", 74.73, 91.80),
            Number("I3D R50, non-local, Gaussian", 73.97, 91.33),
            Number("I3D R50, heavy", 76.21, 92.48),
        ),
    ),
    Reference(
        "mmaction2-0.x",
        _THIRTY_VIEWS + "; two copies of the videos",
        "open-mmlab/mmaction2, configs/recognition/i3d/README.md (0.x)",
        "mmaction2-10x3",
        _TEN_BY_THREE,
        (Number("I3D R50, 340x256 videos", 72.68, 90.78), Number("I3D R50, short side 256", 73.27, 90.92)),
    ),
    Reference(
        "pytorchvideo",
        "Kinetics-400 validation set; 30 views of 8 frames with stride 8; per video",
        "facebookresearch/pytorchvideo, model zoo",
        None,
        "another network, and its clips are 8 x 8",
        (Number("I3D R50, 8x8", 73.27, 90.70),),
    ),
    Reference(
        "continual-i3d",
        "Kinetics-400; one clip, or one frame at a time for the continual networks",
        "LukasHedegaard/co3d, figures/results.png",
        None,
        "other networks and weights; `centre` is one clip too",
        (
            Number("I3D-R50, clip", 63.98),
            Number("CoI3D_8, frame", 59.58),
            Number("CoI3D_64, frame", 56.86),
            Number("CoSlow_64, frame", 73.05),
            Number("CoX3D-L_64, frame", 71.61),
        ),
    ),
    Reference(
        "user-reports",
        "Kinetics-400, own copies and own preprocessing",
        "piergiaj/pytorch-i3d issue 3; open-mmlab/mmaction2 issue 2386; open-mmlab/mmaction issue 119",
        None,
        "how far a number moves when preprocessing or the copy of the videos differs",
        (
            Number("DeepMind's RGB weights in PyTorch", 51.3, 74.36, "71.1 / 89.3 published, on the test set"),
            Number("MMAction2 I3D R50, another copy of the videos", 68.19, note="73.27 published"),
            Number("MMAction I3D, videos cut anew", 34.89),
        ),
    ),
)


def references_to_json() -> list[dict[str, Any]]:
    """Return the table as plain data."""
    return [asdict(reference) for reference in REFERENCES]


def format_references() -> str:
    """Return the table as text for the terminal."""
    width = max(len(number.model) for reference in REFERENCES for number in reference.numbers)
    return "\n\n".join(_section(reference, width) for reference in REFERENCES)


def _section(reference: Reference, width: int) -> str:
    lines = [reference.name]
    for number in reference.numbers:
        top5 = "-" if number.top5 is None else f"{number.top5:.2f}"
        note = f"  {number.note}" if number.note else ""
        lines.append(f"  {number.model:<{width}}  {number.top1:5.2f} / {top5:>5}{note}")
    comparable = f"our protocol {reference.comparable}" if reference.comparable else "nothing"
    for name, text in (
        ("protocol", reference.protocol),
        ("source", reference.source),
        ("comparable", f"{comparable}: {reference.remark}"),
    ):
        lines += textwrap.wrap(
            text, _WIDTH, initial_indent=f"  {name + ':':<12}", subsequent_indent=" " * 14, break_on_hyphens=False
        )
    return "\n".join(lines)
