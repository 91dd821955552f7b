"""One clock for the data plane's intervals: scaled for a laptop, stepped for tests.

Intervals (buffer and Lambda hints, waits between retries, freshness) pass on this clock and scale together. Stamps
in object names and records are wall UTC, whatever the speed. What belongs to others stays on the wall and never asks
this clock: a function's timeout and duration, connection limits, token lifetimes, read quotas.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from typing import Protocol

from console import UsageError

SPEED_VARIABLE = "LOCAL_AWS_CLOCK_SPEED"


class Clock(Protocol):
    """Where intervals are measured."""

    speed: float
    """Seconds of this clock that pass in one second of the wall."""

    def now(self) -> float:
        """Seconds of this clock since an arbitrary start; never goes back."""

    def wall_ms(self) -> int:
        """Milliseconds since the epoch, UTC, as stamped on records and objects."""

    def wait(self, until: threading.Event, seconds: float) -> bool:
        """Wait `seconds` of this clock, or less when `until` is set; return whether it is set."""


class ScaledClock:
    """The wall's time, `speed` times as fast where intervals are measured."""

    def __init__(self, speed: float = 1.0) -> None:
        if not 0 < speed < float("inf"):
            raise UsageError(
                f"The clock speed is {speed}; it must be a number above 0.", "1 is real time, 60 makes a minute pass in a second."
            )
        self.speed = speed
        self._started = time.monotonic()

    def now(self) -> float:
        return (time.monotonic() - self._started) * self.speed

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def wait(self, until: threading.Event, seconds: float) -> bool:
        return until.wait(max(0.0, seconds) / self.speed)


class SteppedClock:
    """Time passes only when a test says so; waiters in other threads wake when it has passed."""

    def __init__(self, wall_ms: int = 1_795_478_400_000) -> None:
        self.speed = 1.0
        self._wall_ms = wall_ms
        self._now = 0.0
        self._moved = threading.Condition()

    def now(self) -> float:
        return self._now

    def wall_ms(self) -> int:
        return self._wall_ms + int(self._now * 1000)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        with self._moved:
            self._now += seconds
            self._moved.notify_all()

    def wait(self, until: threading.Event, seconds: float) -> bool:
        deadline = self._now + seconds
        with self._moved:
            while not until.is_set() and self._now < deadline:
                self._moved.wait(0.01)
        return until.is_set()


def from_environment(environment: Mapping[str, str] | None = None) -> ScaledClock:
    """The clock that LOCAL_AWS_CLOCK_SPEED asks for; real time where it is not set.

    Raises:
        UsageError: the variable is not a number above 0.
    """
    text = (os.environ if environment is None else environment).get(SPEED_VARIABLE) or "1"
    try:
        return ScaledClock(float(text))
    except ValueError as error:
        raise UsageError(f"{SPEED_VARIABLE} is {text!r}, which is not a number.", "Set it to 1 for real time or to 60, say.") from error
