"""Hysteresis: actions found in answers, from where they begin to where they end."""

from dataclasses import dataclass, replace

from i3d_edge.runtime.live.answer import SmoothedAnswer
from i3d_edge.runtime.live.event import Event, dated, event_id
from i3d_edge.runtime.live.rules import EventRules, LabelRules
from i3d_edge.runtime.prediction import Prediction


@dataclass(slots=True)
class _Action:
    rules: LabelRules
    first: SmoothedAnswer
    peak: Prediction
    end_s: float
    start: Event | None = None
    told_s: float = 0.0
    told_prob: float = 0.0

    @property
    def duration_s(self) -> float:
        return round(self.end_s - self.first.start_s, 3)


class Hysteresis:
    """Finds events in smoothed probabilities: an action begins at `on` or above and ends below `off`.

    Values between the two change nothing, so a probability that wavers around one of them is one action. An action
    lasts from the start of its first window to the end of its last one. It is reported once it lasts
    `min_duration_s`; its end is reported only if its start was.

    It knows no clock: answers that were recorded give the same events as those of a stream.
    """

    def __init__(self, rules: EventRules) -> None:
        self._rules = rules
        self._actions: dict[str, _Action] = {}
        self._ended_s: dict[str, float] = {}
        self._last: SmoothedAnswer | None = None

    def update(self, answer: SmoothedAnswer) -> list[Event]:
        """Take the next answer of a stream, and return the events that it causes."""
        self._last = answer
        now_s, latency_ms, probs = answer.end_s, answer.latency_ms, {item.label: item for item in answer.smoothed}
        events: list[Event] = []
        for label, action in list(self._actions.items()):
            item = probs.get(label)
            if item is None or item.prob < action.rules.off:
                events += self._end(label, latency_ms)
            else:
                action.end_s, action.peak = now_s, max(action.peak, item, key=lambda one: one.prob)
        for item in sorted(answer.smoothed, key=lambda one: one.index):
            if item.label not in self._actions and self._begins(item, now_s):
                self._actions[item.label] = _Action(self._rules.of(item.label), answer, item, now_s)
        for label, action in list(self._actions.items()):
            events += self._told(action, latency_ms)
            if action.rules.longest_s is not None and action.duration_s >= action.rules.longest_s:
                events += self._end(label, latency_ms)
        return events

    def close(self) -> list[Event]:
        """End all actions, because the stream ends or has a gap."""
        return [event for label in list(self._actions) for event in self._end(label, None)]

    def _begins(self, item: Prediction, now_s: float) -> bool:
        rules, ended_s = self._rules.of(item.label), self._ended_s.get(item.label)
        is_watched = not self._rules.labels or item.label in self._rules.labels
        has_cooled = ended_s is None or round(now_s - ended_s, 3) >= rules.cooldown_s
        return is_watched and has_cooled and item.prob >= rules.on

    def _told(self, action: _Action, latency_ms: float) -> list[Event]:
        """Return the start of an action, or an update, if it is time for one."""
        every_s, start, prob = self._rules.update_every_s, action.start, action.peak.prob
        passed_s, rise = round(action.end_s - action.told_s, 3), round(prob - action.told_prob, 6)
        if start is None:
            if action.duration_s < action.rules.min_duration_s:
                return []
            action.start = event = self._started(action, latency_ms)
        elif every_s is not None and (passed_s >= every_s or rise >= self._rules.update_rise):
            event = replace(start, type="update", probability=prob, latency_ms=latency_ms)
        else:
            return []
        action.told_s, action.told_prob = action.end_s, prob
        return [event]

    def _started(self, action: _Action, latency_ms: float) -> Event:
        first, peak = action.first, action.peak
        event = Event(
            type="start",
            camera=first.camera,
            region=first.region,
            severity=action.rules.severity,
            label=peak.label,
            index=peak.index,
            start_s=first.start_s,
            end_s=None,
            probability=peak.prob,
            source=first.source,
            latency_ms=latency_ms,
        )
        event = self._dated(event)
        return replace(event, id=event_id(event))

    def _end(self, label: str, latency_ms: float | None) -> list[Event]:
        action = self._actions.pop(label)
        if action.start is None:
            return []
        self._ended_s[label] = action.end_s
        prob, start_time = action.peak.prob, action.start.start_time
        event = replace(action.start, type="end", end_s=action.end_s, probability=prob, latency_ms=latency_ms)
        # Clocks drift and frames jitter; the start time stays as it was reported.
        return [replace(self._dated(event), start_time=start_time)]

    def _dated(self, event: Event) -> Event:
        last = self._last
        assert last is not None
        return event if last.end_time is None else dated(event, last.end_s, last.end_time.timestamp())
