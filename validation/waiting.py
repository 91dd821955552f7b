"""How long an event may stay away before it counts as missing, and the wait until all sheets settle.

The deadline is one by stall: it runs from the later of the run's end and the last object that brought an event not seen
before. So a delivery that lags but goes on is waited for, however long it takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stack import StackOutputs
from validation.sheet import Sheet

DELAY = 1.5
"""The delay may be this many times the buffer interval hint (developer guide, "Configure buffering hints")."""
MARGIN = timedelta(seconds=60)
"""For the function (cold starts, a few retries), the conversion and the upload, which no clock speed shortens, and for a
data plane that is started again."""
_POLLS = 20
_SHORTEST, _LONGEST = 0.5, 15.0


@dataclass(frozen=True)
class Clock:
    """The time, and waiting for it."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep


def allowance(outputs: StackOutputs) -> timedelta:
    """How long after the last progress an event may stay away, by the stack's buffer intervals."""
    hints = DELAY * outputs.delivery_buffer_interval_seconds + outputs.transform_buffer_interval_seconds
    return timedelta(seconds=hints / outputs.clock_speed) + MARGIN


def until_settled(look: Callable[[], Sheet], allowed: timedelta, clock: Clock, notice: Callable[[str], None]) -> Sheet:
    """Look again and again until all was seen or every deadline has passed; the last sheet."""
    pause = min(max(allowed.total_seconds() / _POLLS, _SHORTEST), _LONGEST)
    said = ""
    while True:
        sheet = look()
        if sheet.settled:
            return sheet
        total = sheet.total
        arrived = total.rows + total.errors
        until = f", deadline {sheet.deadline:%H:%M:%S} UTC" if sheet.deadline else ""
        if (now := f"{arrived:,} of {total.sent:,} messages arrived, {total.in_flight:,} in flight{until}") != said:
            notice(now)
            said = now
        clock.sleep(pause)
