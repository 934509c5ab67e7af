"""Gears: whether streams are followed in steps, or by whole windows because there are too many of them."""

import threading
import time

from i3d_edge.core.messages import Say
from i3d_edge.runtime.live.backoff import Backoff

_FIRST_S, _LONGEST_S = 60.0, 3600.0


class Gears:
    """Whether streams are followed in steps.

    Steps cannot be left out: a stream that misses one has no answer until it has been followed anew, and when the model
    is too slow for all of them, nobody has one. Whole windows can. So with too many steps all streams change to
    windows, and try steps again after 1, 2, 4, ... 60 minutes.
    """

    def __init__(self, *, has_steps: bool, has_windows: bool, say: Say) -> None:
        self._has_steps, self._has_windows, self._say = has_steps, has_windows, say
        self._backoff = Backoff(None, _FIRST_S, _LONGEST_S)
        self._windows_until_s = 0.0
        self._lock = threading.Lock()

    @property
    def in_steps(self) -> bool:
        """Whether streams are followed in steps now."""
        return self._has_steps and time.monotonic() >= self._windows_until_s

    def fell_behind(self) -> None:
        """Note that steps were dropped."""
        with self._lock:
            if not (self._has_windows and self.in_steps):
                return
            delay_s = self._backoff.failed() or _LONGEST_S
            self._windows_until_s = time.monotonic() + delay_s
        self._say(f"too many cameras for steps: answers come by whole windows, less often, for {delay_s / 60:g} min")
