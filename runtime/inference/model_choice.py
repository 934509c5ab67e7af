"""A model as commands and functions name it: [NAME=]IR[@PRECISION][@DEVICE]."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from i3d_edge.core.device import normalise_device
from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.text import is_utf8

PRECISIONS = ("f32", "bf16", "f16")
_NO_PRECISIONS = {"": "nothing follows it", "int8": "an INT8 IR already runs in INT8"}


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A file, and how it is to run."""

    path: Path
    name: str | None = None  # its name in results; None if none was given
    precision: str | None = None  # "f32", "bf16" or "f16"; None leaves the choice to the device
    device: str | None = None  # an OpenVINO device; None if none was given

    @classmethod
    def parse(cls, text: str) -> ModelChoice:
        """Read [NAME=]FILE[@PRECISION][@DEVICE]; a file of that very name wins over its parts.

        Raises:
            ArgumentError: If there are two precisions or devices, or a misspelt precision.

        Example:
            >>> ModelChoice.parse("int8=rgb_int8.xml@GPU").device
            'GPU'
        """
        name, rest = None, text
        if not Path(text).exists():
            before, equals, after = text.partition("=")
            if before and equals and "/" not in before and "\\" not in before:
                name, rest = before, after
        path, *options = [rest] if Path(rest).exists() else rest.split("@")
        precisions = [option.lower() for option in options if option.lower() in PRECISIONS]
        devices = [option for option in options if option.lower() not in PRECISIONS]
        if len(precisions) > 1 or len(devices) > 1:
            raise ArgumentError(f"{text!r} names more than one precision or device")
        for device in devices:
            _refuse_misspelt(device)
        return cls(Path(path), name, next(iter(precisions), None), next(map(normalise_device, devices), None))

    @property
    def stem(self) -> str:
        """The file's name without its suffix, with what follows an @: "rgb@bf16"."""
        return "@".join([self.path.stem, *(option for option in (self.precision, self.device) if option)])


def named_choices(texts: Sequence[str]) -> dict[str, ModelChoice]:
    """Read models, named by their files if not named; raises ArgumentError as `parse`, or if two have one name."""
    choices: dict[str, ModelChoice] = {}
    for text in texts:
        choice = ModelChoice.parse(text)
        name = choice.name or choice.stem
        if not is_utf8(name):
            raise ArgumentError(
                f"the model's name {name!r} is not UTF-8, so results cannot hold it", hint="NAME=IR names it"
            )
        if name in choices:
            raise ArgumentError(f"two models are named {name!r}", hint="name them: NAME=IR")
        choices[name] = choice
    return choices


def _refuse_misspelt(device: str) -> None:
    """Refuse what stands in a device's place and looks more like a precision."""
    near = difflib.get_close_matches(device.lower(), PRECISIONS, n=1)
    reason = _NO_PRECISIONS.get(device.lower()) or (f"did you mean {near[0]}?" if near else None)
    if reason is not None:
        raise ArgumentError(f"@{device} is neither a precision ({', '.join(PRECISIONS)}) nor a device: {reason}")
