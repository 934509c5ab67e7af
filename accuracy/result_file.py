"""`result.json`, read without trusting it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from accuracy.result_schema import SCHEMA_VERSION, Result
from i3d_edge.errors import ResultError

CUT_OFF_HINT = "the file was cut off or edited: run again, or take it from where it was made"

_PARTS: Mapping[str, Mapping[str, type]] = {
    "what": {},
    "how": {"aggregation": str},
    "counts": {"listed": int, "decoded": int, "unlabelled": int, "scored": int, "dropped": list},
    "metrics": {},
}
_OPTIONAL_PARTS: Mapping[str, Mapping[str, type]] = {
    "labels": {"name": str, "names": list},
    "data": {"manifest_digest": object},
    "details": {},
}
_DESCRIBED: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "how": {"name": str, "version": int},
    "where": {"cpu": str, "num_cpus": int, "os": str, "versions": dict},
    "data": {"path": str, "sha256": str},
    "time": {"total_s": (int, float), "decode_s": (int, float), "wait_s": (int, float), "num_views": int},
    "labels": {"names": list},
    "details": {},
}
_MODEL: Mapping[str, type | tuple[type, ...]] = {
    "path": str,
    "sha256": str,
    "origin": str,
    "is_stand_in": bool,
    "executed_precision": str,
    "device": str,
}
_VIDEO: Mapping[str, type] = {"path": str, "label": object, "sha256": str, "num_views": int}


def read_result(path: Path) -> Result:
    """Read a result, and check that it has the parts that are read of it.

    Raises:
        ResultError: If it is absent, is no JSON, is of another schema version, or lacks one.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
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
    absent = next(_absent(document), None)
    if absent is not None:
        raise ResultError(
            f"result {str(path)!r} must have {absent!r}; it is absent, empty or of another kind", hint=CUT_OFF_HINT
        )
    return cast(Result, document)


def require_described(path: Path, result: Result) -> None:
    """Make sure that a result that was read also says what a page about it says.

    Raises:
        ResultError: If a part is absent, or of another kind.
    """
    parts: list[tuple[str, Any, Mapping[str, type | tuple[type, ...]]]] = [
        (name, result.get(name), keys) for name, keys in _DESCRIBED.items()
    ]
    parts += [(f"what.{model}", info, _MODEL) for model, info in result["what"].items()]
    parts += [("time.infer_s", result.get("time", {}).get("infer_s"), dict.fromkeys(result["what"], (int, float)))]
    for name, part, keys in parts:
        missing = [key for key, kind in keys.items() if not isinstance(part, Mapping) or not _has(part, key, kind)]
        if missing:
            raise ResultError(
                f"result {str(path)!r} must have {f'{name}.{missing[0]}'!r} to be reported; it is absent or of another "
                "kind",
                hint=CUT_OFF_HINT,
            )


def _absent(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the parts that are needed here and cannot be used."""
    for name, keys in {**_PARTS, **{key: _OPTIONAL_PARTS[key] for key in _OPTIONAL_PARTS if key in document}}.items():
        part = document.get(name)
        if not isinstance(part, dict) or not part:
            yield name
        else:
            yield from (f"{name}.{key}" for key, kind in keys.items() if not _has(part, key, kind))
    counts = document.get("counts")
    for number, video in enumerate(counts.get("dropped", []) if isinstance(counts, dict) else []):
        if not isinstance(video, dict) or not _has(video, "path", str):
            yield f"counts.dropped[{number}].path"
    videos = document.get("videos", [])
    if not isinstance(videos, list):
        yield "videos"
        return
    for number, video in enumerate(videos):
        own = video if isinstance(video, dict) else {}
        yield from (f"videos[{number}].{key}" for key, kind in _VIDEO.items() if not _has(own, key, kind))


def _has(part: Mapping[str, Any], key: str, kind: type | tuple[type, ...]) -> bool:
    return key in part and isinstance(part[key], kind)
