"""Accuracy per class, and which classes are taken for which."""

from collections.abc import Sequence

from i3d_edge.accuracy.report.models import ReportedModel
from i3d_edge.accuracy.report.table import Cell, Table
from i3d_edge.accuracy.result.metrics import proportion

SHOWN_CLASSES = 30
_SHOWN_CONFUSIONS = 10


def class_table(models: Sequence[ReportedModel]) -> Table:
    """Return a row per class with a bar for each model; the classes that the first model knows worst come first."""
    names = models[0].run.class_names
    counts = [{count["label"]: count["num_top1"] for count in model.details["classes"]} for model in models]
    rows: list[list[Cell]] = []
    labelled = [count for count in models[0].details["classes"] if count["num_videos"]]
    for count in sorted(labelled, key=lambda count: (count["num_top1"] / count["num_videos"], -count["num_videos"])):
        label, num_videos = count["label"], count["num_videos"]
        rows.append([names[label], str(num_videos), *(proportion(own[label], num_videos) for own in counts)])
    return Table(["class", "videos", *(model.title for model in models)], rows, "bars")


def confusion_table(model: ReportedModel) -> Table:
    """Return a model's most frequent wrong answers, as shares of the videos of their class."""
    names = model.run.class_names
    totals = {count["label"]: count["num_videos"] for count in model.details["classes"]}
    rows: list[list[Cell]] = [
        [f"{names[pair['label']]} → {names[pair['predicted']]}", proportion(pair["num_videos"], totals[pair["label"]])]
        for pair in model.details["confusions"][:_SHOWN_CONFUSIONS]
    ]
    return Table(["label → answer", "videos"], rows, "bars")
