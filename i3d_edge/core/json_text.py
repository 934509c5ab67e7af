"""JSON from anywhere: the one place where it is parsed."""

import codecs
from typing import Any

import msgspec

MAX_DEPTH = 100
"""Lists and objects inside one another, at most; no format of ours has ten."""


class JSONError(ValueError):
    """A text is not JSON that is read here; says why, as the end of a sentence."""


def parse_json(text: str | bytes) -> Any:
    """Return what a JSON text holds; of a key that comes twice the last value counts.

    Raises JSONError if it is no JSON or not UTF-8, is nested more than `MAX_DEPTH` deep, or has a number that no float
    can be.
    """
    try:
        data = text.encode() if isinstance(text, str) else text
        document = msgspec.json.decode(data.removeprefix(codecs.BOM_UTF8))
    except UnicodeError as error:
        raise JSONError("it has bytes that are not UTF-8") from error
    except RecursionError as error:
        raise _too_deep() from error
    except msgspec.MsgspecError as error:
        reason = str(error).removeprefix("JSON is malformed: ")
        raise JSONError(reason[:1].lower() + reason[1:]) from error
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _is_deep(document):
        raise _too_deep()
    return document


def parse_object(text: str | bytes) -> dict[str, Any] | None:
    """Return a JSON object, or None if a text is none."""
    try:
        document = parse_json(text)
    except JSONError:
        return None
    return document if isinstance(document, dict) else None


def _is_deep(document: Any) -> bool:
    level = [document]
    for _ in range(MAX_DEPTH):
        inside = (item for part in level for item in (part.values() if isinstance(part, dict) else part))
        level = [item for item in inside if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _too_deep() -> JSONError:
    return JSONError(f"its lists and objects are nested more than {MAX_DEPTH} deep")
