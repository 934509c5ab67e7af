"""Learning classes of one's own: videos by class -> features -> a linear head -> an IR, and its card."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from i3d_edge.accuracy.data.dataset import ClassMatcher, ListedVideo, ListOptions, read_dataset
from i3d_edge.accuracy.learn.card import CARD_VERSION, Card, LearnedVideo, card_to_markdown
from i3d_edge.accuracy.learn.fitting import learn, least_sure
from i3d_edge.accuracy.learn.sources import sources_of
from i3d_edge.accuracy.result.details import describe
from i3d_edge.accuracy.result.metrics import VideoOutcome, proportion
from i3d_edge.accuracy.result.schema import Metric
from i3d_edge.convert.own_head import replace_head
from i3d_edge.convert.saving import check_ir_output, save_ir
from i3d_edge.convert.saving import describe as describe_ir
from i3d_edge.core.dependencies import needed_for
from i3d_edge.core.environment import versions
from i3d_edge.core.errors import ListError
from i3d_edge.core.files import StrPath, check_output, staged, write_text
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.progress import track
from i3d_edge.core.schema import to_json
from i3d_edge.core.text import some
from i3d_edge.runtime import Classification, VideoClassifier, ViewOptions
from i3d_edge.runtime.inference.ir import ir_sha256, read_ir


def learn_ir(
    videos: StrPath,
    model: StrPath,
    output: StrPath,
    *,
    reading: ListOptions | None = None,
    force: bool = False,
    **engine: Any,
) -> Card:
    """Learn a head for classes of one's own on an IR's features; write the IR with it, and its card beside it.

    Args:
        videos: A folder with a folder for each class, or a list, see `read_dataset`; of each the centre clip is shown.
        model: The .xml of an IR of one network.
        output: The .xml to write; the card is beside it as .json and .md.
        reading: How a list is read.
        force: Replace existing files.
        engine: Further arguments of `VideoClassifier`: device, inference_precision, flow.

    Raises:
        ListError: If the videos cannot be read, or as `sources_of` says.
        IRError: If the IR does not end in a linear layer on pooled features.
        DependencyError: If scikit-learn is not installed.
        OutputError: If a file exists (without `force`) or cannot be written.

    Example:
        >>> learn_ir("classes", "rgb.xml", "mine.xml")["accuracy"]
    """
    with needed_for("learning"):
        import sklearn  # noqa: F401  before any video is decoded
    reading, model, output = reading or ListOptions(), Path(model), check_ir_output(Path(output), force=force)
    for suffix in (".json", ".md"):
        check_output(output.with_suffix(suffix), force=force)
    listed = [video for video in read_dataset(Path(videos), None, reading).videos if video.label is not None]
    sources_of(listed)
    answers: dict[ListedVideo, Classification] = {}
    skipped: dict[str, str] = {}
    with VideoClassifier(model, mode="throughput", extras=("embedding",), **engine) as classifier:
        results = classifier.classify_all((video.file for video in listed), ViewOptions(frames_fps=reading.frames_fps))
        for video, result in zip(
            listed, track(results, total=len(listed), title="features", unit="video"), strict=True
        ):
            if isinstance(result, Classification):
                answers[video] = result
            else:
                skipped[video.path] = result.message
        features = f"{classifier.spec.title()}; ran in {classifier.precision} on {classifier.device}"
    if lost := {str(video.label) for video in listed} - {str(video.label) for video in answers}:
        raise ListError(f"no video can be read of {some(sorted(lost))}: {next(iter(skipped.values()))}")
    sources, how = sources_of([*answers])
    labels = LabelSet(output.stem, tuple(sorted({str(video.label) for video in answers})))
    indices = np.array([labels.index(str(video.label)) for video in answers])
    embeddings = np.stack([answer.views[0].extras["embedding"] for answer in answers.values()])
    learned = learn(embeddings, indices, np.array(sources))
    outcomes = [
        VideoOutcome.of(video.path, int(label), probs)
        for video, label, probs in zip(answers, indices, learned.unseen, strict=True)
    ]
    confidences = np.array([outcome.confidence for outcome in outcomes])
    none_below = least_sure(confidences, learned.unseen.argmax(axis=1) == indices)
    network, spec = read_ir(model)
    replace_head(network, spec, learned.weights, learned.bias)
    made_with = versions(["i3d-edge", "openvino", "scikit-learn"])
    card = Card(
        model=model.name,
        model_sha256=ir_sha256(model),
        features=features,
        sources=how,
        num_folds=learned.num_folds,
        l2=learned.l2,
        accuracy=_top1(outcomes),
        before=_before(answers, spec.labels),
        none_below=none_below,
        answered=None if none_below is None else _top1([each for each in outcomes if each.confidence >= none_below]),
        labels=labels.names,
        details=describe(outcomes),
        videos=[
            LearnedVideo(
                path=each.video,
                label=labels.names[each.label],
                source=source,
                answer=labels.names[each.best],
                probability=each.confidence,
            )
            for each, source in zip(outcomes, sources, strict=True)
        ],
        skipped=skipped,
        made_with=made_with,
    )
    # These weights are not those of a checkpoint or a graph.
    own = replace(spec, labels=labels, none_below=none_below, fingerprint=None, frozen_graph_sha256=None)
    describe_ir(network, replace(own, made_with={**spec.made_with, **made_with}))
    with staged(output, force=force) as temporary:
        save_ir(network, temporary, output, compress_to_fp16=False)
    write_text(output.with_suffix(".json"), to_json(card, version=CARD_VERSION), force=force)
    write_text(output.with_suffix(".md"), card_to_markdown(card, output.name), force=force)
    return card


def _before(answers: dict[ListedVideo, Classification], labels: LabelSet) -> Metric | None:
    """Return the top-1 of the network's own answers, if it has the classes of all videos."""
    matcher = ClassMatcher(labels)
    own = [(matcher.find(str(video.label)), answer.predictions[0].label) for video, answer in answers.items()]
    num_right = sum(label == best for label, best in own)
    return None if None in dict(own) else proportion(num_right, len(own))


def _top1(outcomes: Sequence[VideoOutcome]) -> Metric:
    return proportion(sum(outcome.rank == 0 for outcome in outcomes), len(outcomes))
