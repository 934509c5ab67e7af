"""What `i3d info` says of files that are no model, and of folders."""

import os
from pathlib import Path
from typing import Any

from i3d_edge.core.errors import I3DError, SpecError, VideoOpenError
from i3d_edge.core.files import visible_names
from i3d_edge.core.json_text import JSONError, parse_json
from i3d_edge.core.reading import open_input, read_bytes, read_lines
from i3d_edge.core.spec_file import read_spec_fields
from i3d_edge.core.text import plural, short_reason, some

Facts = list[tuple[str, str]]

RUN_RESULT = "result.json"


def describe_array(path: Path) -> Facts:
    """Describe a NumPy array, which may be a clip."""
    from i3d_edge.core.arrays import map_array

    try:
        array = map_array(path)
    except (OSError, ValueError) as error:
        raise I3DError(f"{str(path)!r} is no NumPy array: {short_reason(error)}") from error
    return [
        ("kind", "NumPy array"),
        ("shape", f"{array.shape}, {array.dtype}"),
        ("next", f"i3d classify {path} --model MODEL.xml"),
    ]


def describe_list(path: Path) -> Facts:
    """Describe a list of videos."""
    with open_input(path) as stream:
        number = sum(1 for line in read_lines(stream) if line.strip())
    return [
        ("kind", f"list, {plural(number, 'line')}"),
        ("next", f"i3d accuracy subset {path} --videos FOLDER -o manifest.json"),
    ]


def describe_json(path: Path) -> Facts:
    """Describe a baseline, manifest, profile, result or model description."""
    try:
        document = parse_json(read_bytes(path))
    except (OSError, JSONError) as error:
        raise I3DError(f"cannot read {str(path)!r} as JSON: {short_reason(error)}") from error
    fields: dict[str, Any] = document if isinstance(document, dict) else {}
    videos = fields.get("videos")
    number = plural(len(videos), "video") if isinstance(videos, list) else "videos"
    if fields.get("kind") == "i3d-edge accuracy baseline":
        return [
            ("kind", f"baseline, {number}"),
            ("model", str(fields.get("model"))),
            ("next", f"i3d accuracy compare {path} RUN"),
        ]
    if "manifest_version" in fields:
        return [
            ("kind", f"manifest, {number}"),
            ("classes", f"{fields.get('num_classes')} ({fields.get('labels')})"),
            ("next", f"i3d accuracy run {path} --model MODEL.xml -o results"),
        ]
    if {"devices", "recommended", "machine"} <= fields.keys():
        model = fields.get("model")
        name = str(model.get("name") if isinstance(model, dict) else model)
        return [("kind", f"profile of {name}"), ("next", f"i3d classify VIDEO --model {name} --profile {path}")]
    if {"metrics", "counts"} <= fields.keys() and isinstance(fields.get("what"), dict):
        return [
            ("kind", f"accuracy run, {number}"),
            ("models", ", ".join(fields["what"])),
            ("complete", "yes" if fields.get("is_complete") else "no: the same `i3d accuracy run` goes on"),
            ("next", f"i3d accuracy score {path.parent}"),
        ]
    if "labels" in fields:
        try:
            title = read_spec_fields(fields).title()
        except SpecError as error:
            raise I3DError(f"cannot use the description {str(path)!r}: {error.message}", hint=error.hint) from error
        return [
            ("kind", "model description"),
            ("model", title),
            ("next", f"i3d convert MODEL.xml -o DESCRIBED.xml --spec {path}"),
        ]
    raise I3DError(f"{str(path)!r} is JSON, but no baseline, manifest, profile, result or model description")


def describe_folder(folder: Path) -> Facts:
    """Describe a folder that holds no checkpoint: an accuracy run, a video in images, or files of other kinds."""
    from i3d_edge.freeze.checkpoint_files import checkpoint_folders
    from i3d_edge.runtime.frames.image_series import choose_series
    from i3d_edge.runtime.frames.sources import VIDEO_SUFFIXES

    if os.path.isfile(folder / RUN_RESULT):
        return describe_json(folder / RUN_RESULT)
    files = [folder / name for name in visible_names(folder)]
    try:
        images, notes = choose_series(folder)
    except VideoOpenError:  # several series, of which none is the video
        images, notes = [], []
    if images and not any(path.suffix.lower() in VIDEO_SUFFIXES for path in files):
        return [
            ("kind", f"{plural(len(images), 'numbered image')}, one video"),
            *(("note", text) for text in notes),
            ("next", f"i3d classify {folder} --frames-fps 25 --model MODEL.xml"),
        ]
    below = checkpoint_folders(folder)
    first = [*below, *files]
    return [
        ("kind", "folder"),
        ("holds", some([path.name for path in files], 6) or "nothing"),
        *(("checkpoint", str(path)) for path in below),
        ("next", f"i3d info {first[0]}" if first else "i3d fetch rgb_scratch"),
    ]
