"""How long to wait before another attempt."""

from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Delays that double up to a longest one, and start again after a success; attempts may have no limit, None."""

    max_attempts: int | None
    first_s: float = 1.0
    longest_s: float = 30.0
    num_failures: int = field(default=0, init=False)

    def failed(self) -> float | None:
        """Return how long to wait before the next attempt, in seconds, or None to give up."""
        if self.max_attempts is not None and self.num_failures >= self.max_attempts:
            return None
        delay = min(self.longest_s, self.first_s * 2.0 ** min(self.num_failures, 30))
        self.num_failures += 1
        return delay

    def succeeded(self) -> None:
        """Start again with the first delay."""
        self.num_failures = 0
