"""Timestamps and dates as Firehose's OpenX JSON SerDe takes them.

Documented forms ("Convert input data format ... choosing the deserializer"): ISO with `T` and `Z` and up to nine digits
of fraction; `yyyy-[M]M-[d]d HH:mm:ss[.S]`; epoch seconds, epoch milliseconds, floating epoch seconds. Measured by
others: the `T` form is strict and its `Z` optional, the other form takes one-digit fields, an epoch may be a string,
numbers below 1e12 are seconds and from 1e12 milliseconds, and an instant beyond the range of int64 nanoseconds wraps
(999999999999 s arrives in the year 2092). An offset such as `+02:00` is in no list, so the record fails.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_COLUMN_FORMS = (
    (r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$", pa.timestamp("us", "UTC")),
    (r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?$", pa.timestamp("us")),
)
"""Strings that are converted a column at a time, as long as all have one form; the rest goes value by value."""
_STRICT = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?Z?", re.ASCII)
_LENIENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
_MILLISECONDS_FROM = 10**12
_LARGEST = 2**63
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def nanoseconds(value: Any) -> int:
    """Epoch nanoseconds of one JSON value, or ValueError."""
    if isinstance(value, str):
        match = _STRICT.fullmatch(value) or _LENIENT.fullmatch(value)
        if match:
            year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
            fraction = int((match[7] or "").ljust(9, "0"))
            elapsed = datetime(year, month, day, hour, minute, second, tzinfo=UTC) - _EPOCH
            return wrapped((elapsed.days * 86_400 + elapsed.seconds) * 1_000_000_000 + fraction)
        if not _NUMBER.fullmatch(value):
            raise ValueError(f'For input string: "{value}"')
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{type(value).__name__} is no timestamp")
    return wrapped(_of_epoch(value))


def _of_epoch(value: str | float) -> int:
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f'For input string: "{value}"') from error
    if not number.is_finite() or number.adjusted() > 19 or abs(number) >= _LARGEST:
        raise ValueError(f'For input string: "{value}"')
    return int(number * (1_000_000_000 if abs(number) < _MILLISECONDS_FROM else 1_000_000))


def wrapped(value: int) -> int:
    """The int64 that a 64-bit machine would hold."""
    return (value + _LARGEST) % (2 * _LARGEST) - _LARGEST


def day(value: Any) -> date:
    """The date of one JSON value, or ValueError."""
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'For input string: "{value}"')
    return date(int(match[1]), int(match[2]), int(match[3]))


def column(values: Sequence[Any]) -> tuple[pa.Array, Sequence[int]]:
    """A whole column at once; or nothing of use, and the places of the values that have another form than most."""
    try:
        strings = pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return _numbers(values)
    fewest: Sequence[int] = range(len(values))
    for pattern, arrow_type in _COLUMN_FORMS:
        other = pc.invert(pc.fill_null(pc.match_substring_regex(strings, pattern), True))
        if pc.any(other).as_py():
            places = pc.indices_nonzero(other).to_pylist()
            fewest = min(fewest, places, key=len)
            continue
        try:
            microseconds = strings.cast(arrow_type).cast(pa.int64())
        except pa.ArrowInvalid:  # a day that no calendar has
            return None, [index for index, value in enumerate(values) if value is not None and not _is_instant(value)]
        return pc.multiply(microseconds, 1000).cast(pa.timestamp("ns")), ()
    return None, fewest


def _numbers(values: Sequence[Any]) -> tuple[pa.Array, Sequence[int]]:
    try:
        instants = [None if value is None else nanoseconds(value) for value in values]
    except (ValueError, OverflowError):
        return None, range(len(values))
    return pa.array(instants, pa.int64()).cast(pa.timestamp("ns")), ()


def _is_instant(value: Any) -> bool:
    try:
        nanoseconds(value)
    except (ValueError, OverflowError):
        return False
    return True
