"""Runs, and models of them, as one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from i3d_edge.accuracy.gate.baseline import pick_model
from i3d_edge.accuracy.report.html import ReportedModel, make_pairs, protocol_titles, report_to_html, run_titles
from i3d_edge.accuracy.report.thumbnails import Thumbnail, Thumbnails
from i3d_edge.accuracy.result.file import require_described
from i3d_edge.accuracy.result.recorded_run import RecordedRun
from i3d_edge.accuracy.result.schema import RESULT_NAME


def make_report(
    named: Sequence[tuple[RecordedRun, str | None]], *, root: Path | None = None, with_thumbnails: bool = True
) -> str:
    """Return a page about models, as one HTML document.

    Args:
        named: Runs, each with the name of a model, or None for all of its models. What is named twice is shown once.
        root: Where the videos' relative paths start, if not where the run's list or manifest says.
        with_thumbnails: Decode pictures of videos that flipped.

    Raises:
        ResultError: If a `result.json` does not say what a page must say.
        ComparisonError: If a run has no model of that name.
    """
    for run, _ in named:
        require_described(run.folder / RESULT_NAME, run.result)
    runs = {run.folder.resolve(): run for run, _ in named}
    protocols = dict(zip(runs, protocol_titles([run.result["how"] for run in runs.values()]), strict=True))
    titles = dict(zip(runs, run_titles([run.folder for run in runs.values()]), strict=True))
    wanted: dict[tuple[Path, str], ReportedModel] = {}
    for run, name in named:
        folder = run.folder.resolve()
        for model in list(run.result["what"]) if name is None else [pick_model(run, name)]:
            wanted.setdefault((folder, model), ReportedModel(runs[folder], model, protocols[folder], titles[folder]))
    models = list(wanted.values())
    thumbnails = Thumbnails(root)

    def thumbnail_of(model: ReportedModel, video: str) -> Thumbnail:
        return thumbnails.of(model.run, video) if with_thumbnails else Thumbnail(None, "no picture asked for")

    return report_to_html(models, make_pairs(models), thumbnail_of)
