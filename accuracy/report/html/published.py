"""Published numbers beside ours: only those of the same protocol, and never without what differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from i3d_edge.accuracy.report.html.markup import Html, table, tag, two_lines
from i3d_edge.accuracy.report.html.models import ReportedModel
from i3d_edge.accuracy.report.html.numbers import count, interval, percent
from i3d_edge.accuracy.report.reference import REFERENCES, Number, Reference
from i3d_edge.accuracy.run.protocol import is_current


def published(models: Sequence[ReportedModel], name: Callable[[ReportedModel], str]) -> Html:
    """Return every published number that was measured by the protocol of a model, with ours beside it."""
    rows = []
    without = []
    for protocol in dict.fromkeys(model.how["name"] for model in models):
        ours = [model for model in models if model.how["name"] == protocol and is_current(model.how)]
        references = [reference for reference in REFERENCES if reference.comparable == protocol]
        if not references or not ours:
            without.append(protocol)
        rows += [_row(model, reference, name) for reference in references for model in ours]
    parts: list[str] = [tag("h2", "Beside published numbers")]
    if rows:
        headers = ["ours", "protocol", "metric", "value", "published", "of", "weights", "mind"]
        parts.append(table(headers, rows))
    if without:
        text = f"No number is known that was published by the protocol {' or '.join(without)}, so none is shown."
        parts.append(tag("p", text, class_="note"))
    return tag("section", *parts)


def _row(model: ReportedModel, reference: Reference, name: Callable[[ReportedModel], str]) -> list[str]:
    metric = model.metrics.get(reference.metric)
    ours = "none" if metric is None else two_lines(percent(metric["value"]), f"{count(metric)}; {interval(metric)}")
    number = _nearest(model, reference)
    same = number.weights is not None and number.weights == model.info["origin"]
    return [
        name(model),
        model.protocol,
        reference.metric,
        ours,
        two_lines(f"{number.top1:g} %", reference.name),
        number.model,
        "the same checkpoint" if same else f"ours are others: {_origin(model)}",
        reference.remark,
    ]


def _nearest(model: ReportedModel, reference: Reference) -> Number:
    """Return the number of the model's own checkpoint, else the first."""
    same = [number for number in reference.numbers if number.weights == model.info["origin"]]
    return same[0] if same else reference.numbers[0]


def _origin(model: ReportedModel) -> str:
    return model.info["origin"]
