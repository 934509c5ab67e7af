"""YAML texts: every value with its place in the file, and all mistakes of a file at once."""

import difflib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from msgspec import UNSET

from i3d_edge.core.dependencies import needed_for
from i3d_edge.core.errors import ConfigError
from i3d_edge.core.reading import read_text
from i3d_edge.core.text import is_utf8, shown

MAX_BYTES = 1 << 18
MAX_DEPTH = 20

_TOO_DEEP = f"lists and maps are nested more than {MAX_DEPTH} deep"
_TAG = re.compile(r"tag:yaml\.org,2002:(bool|float|int|map|merge|null|seq|str|timestamp|value)")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_WHOLE = re.compile(r"[-+]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\.\d{1,30}|\d{1,30}(\.\d{0,30})?)(e[-+]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_BRACE = re.compile(r"\{(?:(\{)|([A-Za-z_]\w*)\}|)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Node:
    """A value."""

    # None, a truth value, a number or a text; a list or a map of nodes; UNSET if it is reported as wrong.
    value: Any = field(repr=False)  # it may be a secret
    path: str  # the keys that lead to it, for instance "cameras.door.mask[0]"
    line: int  # of its key, or of itself in a list, from 1

    def plain(self) -> Any:
        """Return the value, of a list with what is in it."""
        return [item.plain() for item in self.value] if isinstance(self.value, list) else self.value


class Findings:
    """The mistakes of a file, each as "FILE:LINE: KEYS: what is wrong"."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: dict[tuple[int, str], None] = {}

    def add(self, line: int, path: str, text: str) -> None:
        """Add one, unless it is there."""
        self._found[line, f"{path}: {text}" if path else text] = None

    def fail(self, line: int, path: str, text: str) -> NoReturn:
        """Add one after which nothing can be read, and raise as `settle`."""
        self.add(line, path, text)
        self.settle()
        raise AssertionError("there is one")

    def settle(self) -> None:
        """Raise ConfigError with all of them, by line, if there is one."""
        if self._found:
            ordered = sorted(self._found, key=lambda found: found[0])
            raise ConfigError(*(f"{self.file}:{line}: {text}" for line, text in ordered))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that names what was meant, or nothing."""
    near = difflib.get_close_matches(name[:200], known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def read_yaml(path: Path) -> tuple[Node, Findings]:
    """Read a YAML file; raises ConfigError if it cannot be read, or is no YAML.

    It is a subset of YAML 1.2: no tags, aliases and merges, and every key is a text, so `on` is no truth value.
    `{NAME}` in a value is replaced from the environment; `{{` stands for a brace. Findings are keys that come twice,
    and variables that are not set.
    """
    with needed_for("a configuration"):
        import yaml
    findings = Findings(shown(str(path)))
    try:
        text = read_text(path, max_bytes=MAX_BYTES)
    except OSError as error:
        raise ConfigError(f"cannot read configuration {str(path)!r}: {error.strerror}") from error
    try:
        whole = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        text = " ".join(part for part in (error.context, error.problem) if part)
        quotes = "; a text with : or { stands in quotes" if "mapping" in text else ""
        findings.fail(mark.line + 1 if mark else 1, "", f"not YAML: {text}{quotes}")
    except yaml.reader.ReaderError as error:
        findings.fail(text.count("\n", 0, error.position) + 1, "", f"not YAML: {error.reason}")
    except RecursionError:
        findings.fail(1, "", _TOO_DEEP)
    return (_Reader(findings).node(whole, "", 1, 0) if whole else Node(None, "", 1)), findings


class _Reader:
    """Makes our nodes of PyYAML's."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._seen: set[int] = set()

    def node(self, made: Any, path: str, line: int, depth: int) -> Node:
        """Return a node with those inside it."""
        if id(made) in self._seen:
            self._findings.fail(line, path, "aliases (*) are not read; `defaults` is for what cameras share")
        if not _TAG.fullmatch(made.tag):
            self._findings.fail(line, path, "tags (!) are not read")
        if depth > MAX_DEPTH:
            self._findings.fail(line, path, _TOO_DEEP)
        self._seen.add(id(made))
        if made.id == "mapping":
            return Node(self._map(made, path, depth), path, line)
        if made.id == "sequence":
            places = ((item, f"{path}[{number}]", _line(item)) for number, item in enumerate(made.value))
            items = [self.node(*place, depth + 1) for place in places]
            return Node([item for item in items if item.value is not UNSET], path, line)
        value = _typed(made.value) if made.style is None else made.value
        return Node(self._text(value, path, line) if isinstance(value, str) else value, path, line)

    def _map(self, made: Any, path: str, depth: int) -> dict[str, Node]:
        items: dict[str, Node] = {}
        for key, value in made.value:
            line, name = _line(key), key.value
            if key.id != "scalar" or not is_utf8(name):
                self._findings.fail(line, path, "a key must be text; a text that begins with a brace stands in quotes")
            place = f"{path}.{shown(name)}" if path else shown(name)
            item = self.node(value, place, line, depth + 1)
            if name in items:
                self._findings.add(line, place, f"is there twice, first on line {items[name].line}")
            items.setdefault(name, item)
        return items

    def _text(self, text: str, path: str, line: int) -> Any:
        """Return a text with its variables; UNSET if there is no such text."""
        wrong = [] if is_utf8(text) else ["half of a surrogate pair is no text"]  # "\ud800"

        def value(brace: re.Match[str]) -> str:
            name = brace[2]
            if name is None and not brace[1]:
                wrong.append("a brace begins the name of a variable; write {{ for the brace itself")
            elif name is not None and not is_utf8(os.environ.get(name, "\ud800")):
                wrong.append(f"the environment has no variable {name}")
            return os.environ.get(name, "") if name else "{"

        text = _BRACE.sub(value, text)
        for finding in wrong:
            self._findings.add(line, path, finding)
        return UNSET if wrong else text


def _typed(text: str) -> Any:
    """Return what a text without quotes stands for."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _line(made: Any) -> int:
    return int(made.start_mark.line) + 1
