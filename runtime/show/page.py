"""An HTML page about one video: a single file without scripts, for screens of any width and for print."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from os import PathLike
from pathlib import Path

from i3d_edge.core.environment import OWN_NAME, versions
from i3d_edge.core.files import write_text
from i3d_edge.core.labels import LabelSet
from i3d_edge.core.spec import ModelSpec
from i3d_edge.runtime.activation import Explanation
from i3d_edge.runtime.frames.sources import Source, as_source
from i3d_edge.runtime.prediction import Classification, top_k
from i3d_edge.runtime.show.chart import time_text
from i3d_edge.runtime.show.course import Course
from i3d_edge.runtime.show.course_chart import course_chart
from i3d_edge.runtime.show.palette import NUM_COLOURS
from i3d_edge.runtime.show.templates import environment
from i3d_edge.runtime.show.thumbnails import FilmStrip, film_strip

NUM_PICTURES = 8


def write_page(
    video: str | PathLike[str] | Source,
    classification: Classification,
    spec: ModelSpec,
    output: str | PathLike[str],
    *,
    device: str | None = None,
    precision: str | None = None,
    model: str | PathLike[str] | None = None,
    seen: Explanation | None = None,
    frames_fps: Fraction | None = None,
    force: bool = False,
) -> None:
    """Write a page about one video: pictures, probabilities over time, views, and the model; it loads nothing else.

    Args:
        video: The classified video, of which some frames are decoded again: a source, a file, or a folder of images.
        classification: Its classification.
        spec: The model's description.
        output: The .html file.
        device: The device that ran the model; omitted if None.
        precision: The precision that the model ran in; omitted if None.
        model: The IR's .xml, to name it; omitted if None.
        seen: Where one class was seen, to be shown too.
        frames_fps: Frame rate of a folder of images.
        force: Replace an existing output.

    Raises:
        OutputError: If the output exists or cannot be written.
        VideoError: If the video cannot be decoded.
    """
    source = as_source(video, frames_fps=frames_fps)
    strip = film_strip(source, NUM_PICTURES)
    ran = [("file", None if model is None else str(model)), ("device", device), ("runs in", precision)]
    shown = (seen, film_strip(source, NUM_PICTURES, seen=seen)) if seen else None
    text = page(source.name, classification, spec, strip, ran=ran, seen=shown)
    write_text(Path(output), text, force=force)


def page(
    name: str,
    classification: Classification,
    spec: ModelSpec,
    strip: FilmStrip,
    *,
    ran: Sequence[tuple[str, str | None]] = (),
    seen: tuple[Explanation, FilmStrip] | None = None,
) -> str:
    """Return the page as HTML; see `write_page`. `ran` are names and values of how the model ran; None is left out."""
    course, duration_s = Course.of(classification), classification.duration_s
    labels, views = spec.labels, classification.views
    classes = course.notable_classes([item.index for item in classification.predictions], NUM_COLOURS)
    made = environment()
    made.filters["caption"] = lambda time_s: time_text(time_s, duration_s) if duration_s >= 120 else f"{time_s:.1f} s"
    return made.get_template("page.html.j2").render(
        name=name,
        file_name=Path(name).name,
        answer=classification,
        finding=finding(course, labels),
        alerts=_alerts(course, classification),
        strip=strip,
        seen=seen,
        wide=course_chart(course, classes),
        narrow=course_chart(course, classes, is_narrow=True),
        classes=classes,
        labels=labels,
        has_crops=any(view.crop for view in views),
        rows=[(view, *(*top_k(view.probabilities, labels, 2), None)[:2]) for view in views],
        video_facts=_video_facts(classification, strip),
        model_facts=_model_facts(classification, spec, ran),
        made_on=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=versions([OWN_NAME]).get(OWN_NAME, "of unknown version"),
    )


def finding(course: Course, labels: LabelSet) -> str:
    """Return one sentence about which class leads for how long."""
    seconds = course.leading_s()
    index = next(iter(seconds))
    name = labels.names[index]
    where = "" if course.is_whole else " that were looked at"
    if len(seconds) == 1:
        return f"“{name}” is most probable all through the {course.seen_s:.1f} s{where}"
    return (
        f"“{name}” is most probable for {seconds[index]:.1f} of the {course.seen_s:.1f} s{where}; "
        f"{len(seconds) - 1} other class{'es' if len(seconds) > 2 else ''} at other times"
    )


def _alerts(course: Course, classification: Classification) -> list[str]:
    unseen = (
        f"The network saw {course.seen_s:.2f} s of the {course.duration_s:.2f} s. "
        "Use more clips (--num-clips) or a sliding window (--hop) to cover the rest."
    )
    strange = "None of these: the best class is less probable than this model's answers must be."
    texts = ([] if course.is_whole else [unseen]) + ([strange] if classification.none_of_these else [])
    return [*texts, *classification.warnings]


def _short(digest: str | None) -> str:
    """Return the start of a SHA-256, enough to tell files apart; `i3d info` shows all of it."""
    return "not known" if digest is None else f"{digest[:16]}…"


def _video_facts(classification: Classification, strip: FilmStrip) -> list[tuple[str, object]]:
    return [
        ("length", f"{classification.duration_s:.3f} s"),
        ("frames", classification.num_frames),
        ("frame rate", f"{classification.mean_fps:.3f} fps on average"),
        ("frame size", f"{strip.width} x {strip.height}, upright"),
        ("warnings", len(classification.warnings) or "none"),
    ]


def _model_facts(
    classification: Classification, spec: ModelSpec, ran: Sequence[tuple[str, str | None]]
) -> list[tuple[str, object]]:
    flow = classification.flow
    items: list[tuple[str, object]] = [
        ("model", spec.title()),
        *ran,
        ("optical flow by", None if flow is None else flow.method),
        ("is shown", f"clips of {spec.num_frames} frames, {spec.sampling()}; {spec.framing()}"),
        ("fingerprint", _short(spec.fingerprint)),
        ("frozen graph", _short(spec.frozen_graph_sha256)),
    ]
    return [(name, value) for name, value in items if value is not None]
