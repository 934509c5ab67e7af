"""`result.json`, read without trusting it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from i3d_edge.accuracy.result.fields import (
    Kind,
    is_count,
    is_flag,
    is_full,
    is_list,
    is_number,
    is_object,
    is_plain,
    is_text,
    or_none,
    unusable_fields,
)
from i3d_edge.accuracy.result.journal import RUN_NAME
from i3d_edge.accuracy.result.schema import SCHEMA_VERSION, Result
from i3d_edge.core.errors import ResultError

CUT_OFF_HINT = "the file was cut off or edited: run again, or take it from where it was made"

_FIELDS: Mapping[str, Kind] = {
    "is_complete": is_flag,
    "what": is_full,
    **{f"what.*.{name}": is_text for name in ("kind", "path", "sha256", "origin", "executed_precision", "device")},
    "what.*.weights_precision": or_none(is_text),
    **{f"how.{name}": is_text for name in ("aggregation", "name", "interpolation")},
    **{f"how.{name}": is_count for name in ("version", "frame_stride", "num_crops", "crop_px")},
    **{
        f"how.{name}": or_none(is_number)
        for name in ("num_frames", "num_clips", "frame_rate_fps", "short_side_px", "long_side_px")
    },
    "how.drops_last_video": is_flag,
    "how.*": is_plain,
    **{f"where.{name}": is_text for name in ("cpu", "os")},
    "where.num_cpus": is_count,
    "where.versions": is_object,
    "where.versions.*": is_text,
    "data.path": is_text,
    "data.manifest_digest": or_none(is_text),
    "data.sha256": is_text,
    **{f"counts.{name}": is_count for name in ("listed", "decoded", "unlabelled", "scored")},
    "counts.dropped": is_list,
    "counts.dropped.*.path": is_text,
    "counts.dropped.*.reason": is_text,
    "metrics": is_full,
    "metrics.<model>": is_object,
    "warnings": is_object,
    "warnings.*": is_list,
    "warnings.*.*": is_text,
    **{f"time.{name}": is_number for name in ("total_s", "decode_s", "wait_s", "num_views", "views_per_s")},
    "time.infer_s.<model>": is_number,
}
"""What a command reads of a result; every one of this schema version has it."""

_FIELDS_BY_PART: Mapping[str, Mapping[str, Kind]] = {
    "labels": {"labels.name": is_text, "labels.names": is_list, "labels.names.*": is_text},
    "details": {"details": is_full, "details.<model>": is_object},
    "videos": {
        "videos": is_list,
        "videos.*.path": is_text,
        "videos.*.label": or_none(is_count),
        "videos.*.sha256": is_text,
        "videos.*.num_views": is_count,
    },
    "predictions_sha256": {"predictions_sha256": is_text},
}
"""Parts that the first results of this schema version lack."""

_REPORTED = ("labels", "details")


def read_result(path: Path) -> Result:
    """Read a result, and check that it has the parts that are read of it.

    Raises:
        ResultError: If it is absent or its run was killed, is no JSON, is of another schema version, or lacks one.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        if isinstance(error, FileNotFoundError) and path.with_name(RUN_NAME).exists():
            raise ResultError(
                f"run {str(path.parent)!r} must be finished; it has no {path.name} yet",
                hint="the same `i3d accuracy run` command goes on where it stopped",
            ) from error
        raise ResultError(
            f"result {str(path)!r} must be a file; got {error.strerror}",
            hint="give the folder that `i3d accuracy run` wrote",
        ) from error
    except ValueError as error:
        raise ResultError(f"result {str(path)!r} must be JSON; got {error}", hint=CUT_OFF_HINT) from error
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version != SCHEMA_VERSION:
        raise ResultError(
            f"result {str(path)!r} must have schema version {SCHEMA_VERSION}; got {version}",
            hint="read it with the version of i3d-edge that wrote it, or run again",
        )
    fields = dict(_FIELDS)
    for part, own in _FIELDS_BY_PART.items():
        fields |= own if part in document else {}
    what = document.get("what")
    models = list(what) if isinstance(what, dict) else []
    absent = next(unusable_fields(document, fields, names={"model": models}), None)
    if absent is not None:
        raise ResultError(
            f"result {str(path)!r} must have {absent!r}; it is absent, empty or of another kind", hint=CUT_OFF_HINT
        )
    return cast(Result, document)


def require_described(path: Path, result: Result) -> None:
    """Make sure that a result that was read also has the parts that only a page about it needs.

    Raises:
        ResultError: If one is absent.
    """
    for part in _REPORTED:
        if part not in result:
            raise ResultError(
                f"result {str(path)!r} must have {part!r} to be reported; it is absent", hint=CUT_OFF_HINT
            )
