"""RFC 3339 date-times to UTC instants, to the microsecond.

Taken is RFC 3339's `date-time`: `T`, `t` or one space between date and time, 1 to 9 digits of fraction, `Z`, `z` or an
offset; and, beyond it, no zone at all, which means UTC. More than six digits of fraction are rounded, half up, and
the carry may reach the next day. A leap second (second 60) is not taken: nothing behind this has a place for it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import msgspec

_DATE_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))?",
    re.ASCII,
)
_DAY_US: Final = 86_400_000_000
_LONGEST_UTC: Final = len("2023-10-23T12:34:56.123456789Z")


class BadTimestamp(ValueError):
    """The text is not a date-time."""


class TimestampOutOfRange(ValueError):
    """The text is a date-time, but its UTC instant is outside years 1 to 9999."""


def parse(text: str, _convert: Any = msgspec.convert, _type: type[datetime] = datetime) -> datetime:
    """The UTC instant of an RFC 3339 date-time.

    Text that ends with `Z` and is no longer than nine digits of fraction make it goes to msgspec, whose grammar is ours
    there (elsewhere it takes offsets without a colon and any number of digits). All else, and all that msgspec
    refuses, is decided by `parse_exactly`.

    Raises:
        BadTimestamp, TimestampOutOfRange
    """
    if text[-1:] == "Z" and len(text) <= _LONGEST_UTC:
        try:
            instant: datetime = _convert(text, _type)
        except msgspec.ValidationError:
            return parse_exactly(text)
        return instant
    return parse_exactly(text)


def parse_exactly(text: str) -> datetime:
    """As `parse`, by the grammar alone.

    Raises:
        BadTimestamp, TimestampOutOfRange
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise BadTimestamp(text)
    year, month, day, hour, minute, second, fraction, sign, offset_hour, offset_minute = match.groups()
    try:
        ordinal = date(int(year), int(month), int(day)).toordinal()
        time(int(hour), int(minute), int(second))
        time(int(offset_hour or 0), int(offset_minute or 0))
    except ValueError:
        raise BadTimestamp(text) from None
    nanoseconds = int((fraction or "").ljust(9, "0"))
    seconds = (int(hour) * 60 + int(minute)) * 60 + int(second)
    offset = (int(offset_hour or 0) * 60 + int(offset_minute or 0)) * (-60 if sign == "-" else 60)
    # Whole numbers until the end: rounding and offset may each leave years 1 to 9999 where their sum does not.
    instant = (seconds - offset) * 1_000_000 + (nanoseconds + 500) // 1000
    days, microseconds = divmod(instant, _DAY_US)
    if not date.min.toordinal() <= ordinal + days <= date.max.toordinal():
        raise TimestampOutOfRange(text)
    midnight = datetime.combine(date.fromordinal(ordinal + days), time(tzinfo=UTC))
    return midnight + timedelta(microseconds=microseconds)
