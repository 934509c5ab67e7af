"""What was found on a machine, good or bad, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "warning", "broken"]
"""As it should be; worth knowing; may mislead; stops work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: how bad it is, a few words about it, and what to do; None if there is nothing to do."""

    level: Level
    text: str
    remedy: str | None = None
