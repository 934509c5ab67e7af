"""An HTML page about one video: self-contained, without scripts, for screens of any width and for print."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from importlib import resources
from os import PathLike
from pathlib import Path

import numpy as np

from i3d_edge.core.files import write_text
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.frames.sources import Source
from i3d_edge.runtime.prediction import Classification, Prediction, top_k
from i3d_edge.runtime.show import chart
from i3d_edge.runtime.show.course import Course
from i3d_edge.runtime.show.footage import as_source
from i3d_edge.runtime.show.markup import escape, facts, table
from i3d_edge.runtime.show.palette import NUM_COLOURS, ON_DARK, ON_LIGHT, to_hex
from i3d_edge.runtime.show.thumbnails import FilmStrip, Thumbnail, film_strip
from i3d_edge.runtime.views.flow import FlowCost

NUM_PICTURES = 8
_OPEN_ROWS = 24


def write_page(
    video: str | PathLike[str] | Source,
    classification: Classification,
    spec: ModelSpec,
    output: str | PathLike[str],
    *,
    device: str | None = None,
    precision: str | None = None,
    frames_fps: Fraction | None = None,
    force: bool = False,
) -> None:
    """Write a page that shows one video's answer: pictures, probabilities over time, views, and what was run.

    The page asks for nothing from anywhere: pictures are within it, and it has no script.

    Args:
        video: The same, of which some frames are decoded anew: a source, a file, or a folder of images.
        classification: Its answer.
        spec: The model's.
        output: The .html.
        device: What it ran on, or None to leave that out.
        precision: What it ran in, or None to leave that out.
        frames_fps: The rate of a folder's images.
        force: Replace what exists at the output.

    Raises:
        OutputError: If the output exists or cannot be written.
        VideoError: One of its kinds, if the video cannot be decoded.
    """
    source = as_source(video, frames_fps)
    strip = film_strip(source, NUM_PICTURES)
    text = page(source.name, classification, spec, strip, device=device, precision=precision)
    write_text(Path(output), text, force=force)


def page(
    name: str,
    classification: Classification,
    spec: ModelSpec,
    strip: FilmStrip,
    *,
    device: str | None = None,
    precision: str | None = None,
) -> str:
    """Return the page, given the video's pictures; see `write_page`."""
    course = Course.of(classification)
    labels = spec.labels
    ranking = [item.index for item in classification.predictions]
    notable = course.notable_classes(ranking, NUM_COLOURS)
    lines = [chart.Line(index, labels.names[index], number) for number, index in enumerate(notable)]
    told = finding(course, labels)
    best = classification.predictions[0]
    sections = [
        f"<h1><bdi>{escape(best.label)}</bdi>, {_percent(best.prob)}</h1>",
        f'<p class="soft"><bdi>{escape(name)}</bdi></p>',
        *_alerts(course, classification, spec),
        _answers(classification.predictions),
        f'<p class="soft">{escape(_basis(classification))}</p>',
        f"<h2>{escape(told)}</h2>",
        _pictures(strip.pictures, course),
        *(chart.draw(course, lines, frame, told) for frame in (chart.WIDE, chart.NARROW)),
        chart.legend(lines),
        "<h2>Views: what the network was shown, and what it said</h2>",
        _views(classification, labels),
        '<div class="facts">',
        f"<section><h2>The video</h2>{facts(_video_facts(classification, strip))}</section>",
        f"<section><h2>The model</h2>{facts(_model_facts(spec, device, precision, classification.flow))}</section>",
        "</div>",
    ]
    body = "\n".join(sections)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{escape(best.label)}: {escape(Path(name).name)}</title>
<style>{_css()}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def finding(course: Course, labels: LabelSet) -> str:
    """Return in one sentence what the course shows."""
    seconds: dict[int, float] = {}
    spans = course.spans()
    for span in spans:
        seconds[span.index] = seconds.get(span.index, 0.0) + span.length_s
    index = max(seconds, key=lambda item: (seconds[item], -item))
    name = labels.names[index]
    where = "" if course.is_whole else " that were looked at"
    if len(seconds) == 1:
        return f"“{name}” is most probable all through the {course.seen_s:.1f} s{where}"
    return (
        f"“{name}” is most probable for {seconds[index]:.1f} of the {course.seen_s:.1f} s{where}; "
        f"{len(seconds) - 1} other class{'es' if len(seconds) > 2 else ''} at other times"
    )


def _css() -> str:
    light, dark = ([to_hex(colour) for colour in colours] for colours in (ON_LIGHT, ON_DARK))
    rules = resources.files("i3d_edge.runtime.show").joinpath("page.css").read_text(encoding="utf-8")
    return (
        f"{rules}{chart.style(light)}\n{chart.dashes()}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ {chart.style(dark)} }}\n"
    )


def _percent(prob: float) -> str:
    return f"{100 * prob:.1f} %"


def _alerts(course: Course, classification: Classification, spec: ModelSpec) -> list[str]:
    texts = []
    if not course.is_whole:
        texts.append(
            f"The network saw {course.seen_s:.2f} s of the {course.duration_s:.2f} s. "
            "More clips (--num-clips) or sliding windows (--hop) show it the rest."
        )
    texts += classification.warnings
    return [f'<p class="alert">{escape(text)}</p>' for text in texts]


def _answers(predictions: Sequence[Prediction]) -> str:
    rows = "\n".join(
        f'<li><span class="n">{_percent(item.prob)}</span><bdi>{escape(item.label)}</bdi>'
        f'<span class="bar"><i style="width: {100 * item.prob:.1f}%"></i></span></li>'
        for item in predictions
    )
    return f'<ol class="answers">\n{rows}\n</ol>'


def _basis(classification: Classification) -> str:
    num_views = len(classification.views)
    if num_views == 1:
        view = classification.views[0]
        return f"Of one clip, {view.start_s:.2f} to {view.end_s:.2f} s."
    return f"The average of {num_views} views."


def _pictures(pictures: Sequence[Thumbnail], course: Course) -> str:
    figures = "\n".join(
        f'<figure><img src="{item.url}" width="{item.width}" height="{item.height}" alt="at {item.time_s:.1f} s">'
        f"<figcaption>{_caption(item.time_s, course.duration_s)}</figcaption></figure>"
        for item in pictures
    )
    return f'<div class="strip">\n{figures}\n</div>'


def _caption(time_s: float, duration_s: float) -> str:
    return f"{time_s:.1f} s" if duration_s < 120 else chart.time_text(time_s, duration_s)


def _views(classification: Classification, labels: LabelSet) -> str:
    has_crops = any(view.crop for view in classification.views)
    rows: list[list[object]] = []
    for view in classification.views:
        first, second = (*top_k(view.probabilities, labels, 2), Prediction("", 0, float("nan")))[:2]
        place = [view.clip + 1, view.crop + 1] if has_crops else [view.clip + 1]
        said = [_percent(first.prob), first.label, "" if np.isnan(second.prob) else _percent(second.prob), second.label]
        rows.append([*place, f"{view.start_s:.2f}", f"{view.end_s:.2f}", *said])
    names = ["clip", "crop"] if has_crops else ["clip"]
    columns = [*names, "from (s)", "to (s)", "", "most probable", "", "then"]
    drawn = table(columns, rows, numeric={*range(len(names) + 3), len(names) + 4})
    if len(rows) <= _OPEN_ROWS:
        return drawn
    return f"<details><summary>{len(rows)} views</summary>{drawn}</details>"


def _video_facts(classification: Classification, strip: FilmStrip) -> list[tuple[str, object]]:
    return [
        ("length", f"{classification.duration_s:.3f} s"),
        ("frames", classification.num_frames),
        ("frame rate", f"{classification.mean_fps:.3f} fps on average"),
        ("frame size", f"{strip.width} x {strip.height}, upright"),
        ("warnings", len(classification.warnings) or "none"),
    ]


def _model_facts(
    spec: ModelSpec, device: str | None, precision: str | None, flow: FlowCost | None
) -> list[tuple[str, object]]:
    method = None if flow is None else flow.method
    ran = [("device", device), ("runs in", precision), ("optical flow by", method)]
    return [
        ("model", spec.title()),
        *((name, value) for name, value in ran if value is not None),
        (
            "is shown",
            f"clips of {spec.num_frames} frames at {spec.frame_rate_fps} fps, {spec.crop_px} x {spec.crop_px}",
        ),
        ("fingerprint", spec.fingerprint or "not known"),
        ("frozen graph", spec.frozen_graph_sha256 or "not known"),
    ]
