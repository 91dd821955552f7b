"""Which event dates are accepted, as of the instant at which a record arrived.

The window is one of whole UTC dates, for dates are what the lake is partitioned by: from a fixed first date, or from
the date `max_event_age_days` before arrival, to the date `max_future_skew_hours` after arrival, both ends included.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

DEFAULT_EARLIEST = date(2020, 1, 1)
DEFAULT_FUTURE_SKEW_HOURS = 24

_EPOCH = date(1970, 1, 1).toordinal()
HOUR_MS = 3_600_000
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class AcceptedWindow:
    """The accepted event dates. `max_event_age_days`, where set, takes the place of `earliest_event_date`."""

    earliest_event_date: date = DEFAULT_EARLIEST
    max_event_age_days: int | None = None
    max_future_skew_hours: int = DEFAULT_FUTURE_SKEW_HOURS

    def ordinals(self, arrival_ms: int) -> tuple[int, int]:
        """First and last accepted date as proleptic Gregorian ordinals, for a record that arrived then (epoch ms, UTC);
        the same for a whole hour."""
        hour = arrival_ms // HOUR_MS
        last = _EPOCH + (hour + self.max_future_skew_hours) // 24
        if self.max_event_age_days is None:
            return self.earliest_event_date.toordinal(), last
        return _EPOCH + hour // 24 - self.max_event_age_days, last

    def accepts(self, event_date: date, arrival_ms: int) -> bool:
        """Whether a record of that UTC date, arrived then, is accepted."""
        first, last = self.ordinals(arrival_ms)
        return first <= event_date.toordinal() <= last


def epoch_ms(arrival: datetime | int) -> int:
    """An arrival time as epoch milliseconds; a datetime without a zone is UTC."""
    if isinstance(arrival, int):
        return arrival
    instant = arrival if arrival.tzinfo else arrival.replace(tzinfo=UTC)
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // _MILLISECOND
