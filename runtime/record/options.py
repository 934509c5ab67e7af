"""How clips are cut and how long they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from i3d_edge.core.schema import Amount, check_arguments

DAYS: Mapping[str, float] = MappingProxyType({"alert": 30, "detection": 7})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOptions:
    """How clips are cut and how long they are kept.

    Attributes:
        before_s, after_s: What is shown before an event starts and after it has ended.
        longest_s: A longer clip is cut off.
        days: How long clips are kept, by the severity of their events; one that is not named is kept for ever.
        quota_gib: All clips together are no larger.

    Raises:
        ArgumentError: If one is not as said.
    """

    before_s: Amount = 5.0
    after_s: Amount = 5.0
    longest_s: Amount = 120.0
    days: Mapping[str, Amount] = field(default_factory=lambda: DAYS)
    quota_gib: Amount = 20.0

    def __post_init__(self) -> None:
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        check_arguments(ClipOptions, **values | {"days": dict(self.days)})
