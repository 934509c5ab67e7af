"""What a graph pass did: it applied, or declined and says why. A pass that declines leaves the model as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of a pass; `reason` is None if it applied."""

    reason: str | None = None

    @property
    def is_applied(self) -> bool:
        """Whether the model was changed."""
        return self.reason is None

    @classmethod
    def applied(cls) -> Self:
        """Return the outcome of a pass that changed the model."""
        return cls()

    @classmethod
    def declined(cls, reason: str) -> Self:
        """Return the outcome of a pass that found nothing to do."""
        return cls(reason)
