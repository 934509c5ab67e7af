"""`result.json`, read without trusting it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from i3d_edge.accuracy.result.journal import RUN_NAME
from i3d_edge.accuracy.result.schema import CUT_OFF_HINT, RESULT, Result
from i3d_edge.core.errors import ResultError

_REPORTED = ("labels", "details")


def read_result(path: Path) -> Result:
    """Read a result, and check that it has every field that is read of it.

    Raises:
        ResultError: If it is absent or its run was killed, is not JSON, is of another schema version, or lacks a field.
    """
    if not path.exists():
        if path.with_name(RUN_NAME).exists():
            raise ResultError(
                f"run {str(path.parent)!r} is not finished: it has no {path.name}",
                hint="the same `i3d accuracy run` command continues it",
            )
        raise ResultError(
            f"no {path.name} in {str(path.parent)!r}", hint="give the folder that `i3d accuracy run` wrote"
        )
    result = RESULT.read(path)
    parts: dict[str, Mapping[str, object]] = {"metrics": result["metrics"], "time.infer_s": result["time"]["infer_s"]}
    if "details" in result:
        parts["details"] = result["details"]
    for model in result["what"]:
        for name, part in parts.items():
            if model not in part:
                raise ResultError(f"result {str(path)!r} is damaged: {name} lacks model {model!r}", hint=CUT_OFF_HINT)
    return result


def require_described(path: Path, result: Result) -> None:
    """Make sure that a result that was read also has the parts that only a page about it needs.

    Raises:
        ResultError: If one is absent.
    """
    for part in _REPORTED:
        if part not in result:
            raise ResultError(
                f"result {str(path)!r} has no {part!r}, which a report needs",
                hint="run again with this version of i3d-edge",
            )
