"""The card of a learned head: what it was learned from, and how often heads that were learned so are right."""

from collections import Counter
from typing import TypedDict

from i3d_edge.accuracy.gate.text import markdown_table
from i3d_edge.accuracy.report.numbers import metric_lines
from i3d_edge.accuracy.result.schema import Details, Metric
from i3d_edge.core.text import plural, probability_text, spelled

CARD_VERSION = 1


class LearnedVideo(TypedDict):
    """One video that was learned from, and what a head said of it that had not seen its source."""

    path: str
    label: str
    source: str
    answer: str
    probability: float


class Card(TypedDict):
    """How a head was learned."""

    model: str  # the IR that gave the features
    model_sha256: tuple[str, str]  # of its .xml and .bin
    features: str  # what it is, and how it ran
    sources: str  # how they were told
    num_folds: int
    l2: float
    accuracy: Metric  # top-1, by heads that had not seen a video's source
    before: Metric | None  # top-1 of the network's own answers, if it has all of these classes
    none_below: float | None  # see ModelSpec
    answered: Metric | None  # top-1 of the videos at and above it
    labels: tuple[str, ...]  # in index order
    details: Details  # of `accuracy`
    videos: list[LearnedVideo]
    skipped: dict[str, str]  # why, by path
    made_with: dict[str, str]


def card_facts(card: Card) -> list[tuple[str, str]]:
    """Return names and values for people."""
    num_sources = len({video["source"] for video in card["videos"]})
    counts = f"{plural(len(card['videos']), 'video')}, {plural(num_sources, 'source')}, {len(card['labels'])} classes"
    out = "one source" if card["num_folds"] == num_sources else "whole sources"
    said = "never said: answers are at no probability more often right than wrong"
    if card["none_below"] is not None and card["answered"]:
        said = f"below {probability_text(card['none_below'])}; of the answers above, right {_text(card['answered'])}"
    return [
        ("learned from", counts),
        ("sources", card["sources"]),
        ("features of", card["features"]),
        ("accuracy", f"{_text(card['accuracy'])}, each of {card['num_folds']} folds leaving out {out}"),
        *([("before", f"{_text(card['before'])}, the network's own answers")] if card["before"] else []),
        ("none of these", said),
        ("L2", f"{card['l2']:g}, chosen without what a fold leaves out"),
    ]


def card_to_markdown(card: Card, name: str) -> str:
    """Return a card as Markdown; `name` is that of the model."""
    names, details = card["labels"], card["details"]
    sources = Counter(label for label, _ in {(video["label"], video["source"]) for video in card["videos"]})
    rows = [
        (names[own["label"]], str(own["num_videos"]), str(sources[names[own["label"]]]), str(own["num_top1"]))
        for own in details["classes"]
    ]
    pairs = [
        (names[pair["label"]], names[pair["predicted"]], str(pair["num_videos"])) for pair in details["confusions"]
    ]
    tables = [
        markdown_table(card_facts(card), ("", "")),
        markdown_table(rows, ("class", "videos", "sources", "right")),
        *([markdown_table(pairs, ("class", "taken for", "videos"))] if pairs else []),
    ]
    return "\n\n".join([f"# How {spelled(name)} was learned", *tables]) + "\n"


def _text(metric: Metric) -> str:
    return "{} ({}; 95 % interval {})".format(*metric_lines(metric))
