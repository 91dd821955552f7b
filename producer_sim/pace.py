"""Was the rate held? Times are compared with the schedule's intended ones, so a sender that falls behind cannot hide it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

TOO_LATE_SECONDS = 1.0
"""A message that is handed over later than this after its intended time means that the rate was not held."""
_GROWTH = math.log(1.02)
_SMALLEST = 1e-6


def bucket(seconds: float) -> int:
    """The histogram bucket of a duration; buckets are 2 % wide."""
    return 0 if seconds <= _SMALLEST else 1 + int(math.log(seconds / _SMALLEST) / _GROWTH)


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The upper edge, in seconds, of the bucket that holds a quantile; None where nothing was counted."""
    total = sum(counts.values())
    seen = 0
    for place in sorted(counts):
        seen += counts[place]
        if seen >= share * total:
            return _SMALLEST * math.exp(place * _GROWTH)
    return None


@dataclass(frozen=True)
class Pace:
    """What was asked of a run, and what it held."""

    asked: float | None
    """Events per second; None where it was as fast as can be."""
    events: int
    """Acknowledged."""
    planned: int
    seconds: float
    """From the start to the last acknowledgement."""
    worst_lag: float
    """Hand-over minus intended time, the worst, in seconds."""
    behind_at: float | None
    """Seconds after the start at which hand-over first was too late."""
    waits: Counter[int]
    """Acknowledgement minus intended time, a histogram of samples."""
    lags: Counter[int]

    @property
    def reached(self) -> float:
        """Acknowledged events per second. A run that kept its schedule is counted over the schedule's time."""
        scheduled = self.planned / self.asked if self.asked else 0.0
        return self.events / max(scheduled if self.held and self.asked else self.seconds, 1e-9)

    @property
    def held(self) -> bool:
        """True where every message was handed over and acknowledged in time."""
        if self.asked is None:
            return self.events == self.planned
        in_time = self.seconds <= self.planned / self.asked * 1.01 + TOO_LATE_SECONDS
        return self.behind_at is None and in_time and self.events == self.planned

    def sentence(self, *, stopped: bool = False) -> str:
        """The rate asked and held, for people. Of a run that was stopped, only what it had reached."""
        if stopped:
            asked = f" ({self.asked:,.0f} asked)" if self.asked else ""
            return f"Stopped before its planned end, after {self.seconds:.1f} s: {self.reached:,.0f} events/s reached{asked}."
        if self.asked is None:
            return f"Sent as fast as could be: {self.reached:,.0f} events/s over {self.seconds:.1f} s."
        if self.held:
            return f"Rate held: {self.asked:,.0f} events/s asked, {self.reached:,.0f} held over {self.seconds:.1f} s."
        behind = "" if self.behind_at is None else f"; behind after {self.behind_at:.1f} s, by {self.worst_lag:.1f} s at worst"
        return f"Rate NOT held: {self.asked:,.0f} events/s asked, {self.reached:,.0f} reached over {self.seconds:.1f} s{behind}."
