"""Published numbers beside ours: only those of the same protocol, with what else differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from i3d_edge.accuracy.report.models import ReportedModel
from i3d_edge.accuracy.report.numbers import metric_lines
from i3d_edge.accuracy.report.reference import Reference, references
from i3d_edge.accuracy.report.table import Cell, Table
from i3d_edge.accuracy.run.protocol import is_current

_HEADERS = ("ours", "protocol", "metric", "value", "published", "of", "weights", "note")


def published_table(models: Sequence[ReportedModel], names: Mapping[ReportedModel, str]) -> Table:
    """Return every published number of a model's protocol, with ours beside it."""
    rows = [
        _row(model, reference, names[model])
        for protocol in _protocol_names(models)
        for reference in references()
        for model in models
        if model.how["name"] == protocol and _is_comparable(model, reference)
    ]
    return Table(_HEADERS, rows)


def unpublished(models: Sequence[ReportedModel]) -> list[str]:
    """Return the names of the protocols by which no number was published."""
    found = {model.how["name"] for model in models for item in references() if _is_comparable(model, item)}
    return [name for name in _protocol_names(models) if name not in found]


def _protocol_names(models: Sequence[ReportedModel]) -> list[str]:
    return list(dict.fromkeys(model.how["name"] for model in models))


def _is_comparable(model: ReportedModel, reference: Reference) -> bool:
    return reference.comparable == model.how["name"] and is_current(model.how)


def _row(model: ReportedModel, reference: Reference, name: str) -> list[Cell]:
    """Return ours beside the number of the same checkpoint, or else beside the first."""
    origin = model.info["origin"]
    same = [number for number in reference.numbers if number.weights == origin]
    number = [*same, *reference.numbers][0]
    return [
        name,
        model.protocol,
        reference.metric,
        metric_lines(model.metrics.get(reference.metric)),
        (f"{number.top1:g} %", reference.name),
        number.model,
        "the same checkpoint" if same else f"others; ours are {origin}",
        reference.remark,
    ]
