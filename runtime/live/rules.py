"""Event rules: what in a stream's probabilities is an event."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from i3d_edge.core.errors import ArgumentError
from i3d_edge.core.schema import Amount, check_arguments

Severity = Literal["alert", "detection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRules:
    """When an action starts and ends.

    Attributes:
        on: It starts with the first window at or above this probability,
        off: and ends with the last window before it falls below this one.
        min_duration_s: A shorter one is no event.
        cooldown_s: After its end, no window that ends within this time starts it again.
        longest_s: It is ended with the window in which it lasts so long, and may start again with the next; None for
            no limit.
        severity: Of its events: somebody should look at an alert, a detection is for the record.

    Raises:
        ArgumentError: If one is not as said, or no action could last long enough.
    """

    on: float = 0.5
    off: float = 0.3
    min_duration_s: Amount = 0.0
    cooldown_s: Amount = 0.0
    longest_s: Amount | None = None
    severity: Severity = "detection"

    def __post_init__(self) -> None:
        check_arguments(type(self), **{item.name: getattr(self, item.name) for item in fields(self)})
        if not 0 < self.off <= self.on <= 1:
            raise ArgumentError(f"thresholds must be 0 < off <= on <= 1; got off {self.off:g}, on {self.on:g}")
        if self.longest_s is not None and self.longest_s < self.min_duration_s:
            raise ArgumentError(
                f"the longest duration must be at least the shortest, {self.min_duration_s:g} s; "
                f"got {self.longest_s:g} s"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRules(LabelRules):
    """The rules of a stream: of every action, but for those that have rules of their own.

    Attributes:
        labels: The actions to watch, all if empty.
        by_label: Actions with rules of their own.
        update_every_s: While an action lasts, tell an update once its highest probability has risen by
            `update_rise`, or so much time has passed; None for no updates.
        update_rise: See `update_every_s`.
    """

    labels: Collection[str] = ()
    by_label: Mapping[str, LabelRules] = field(default_factory=dict)
    update_every_s: Amount | None = None
    update_rise: Amount = 0.1

    def of(self, label: str) -> LabelRules:
        """Return an action's rules."""
        return self.by_label.get(label, self)

    @property
    def floor(self) -> float:
        """The lowest `off`: what is below it changes nothing."""
        return min([self.off, *(rules.off for rules in self.by_label.values())])
