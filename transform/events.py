"""Bytes in, one flat record and its event date out, or a rejection with a reason: the decision table, row by row.

The order of the decisions is that of `reasons.Kind`; the first that applies is the outcome. Nothing is ever coerced:
a field holds the schema's type, or null, or the event is refused.

Two ways lead to the same outcome. The fast way (`typed`) takes events about which there is no doubt. The exact way
(`Transform.exactly`) takes any value, and alone decides reasons that need the whole value looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from schema import Field, FieldType, Schema
from transform import json_text
from transform.reasons import Kind, Rejection
from transform.timestamps import BadTimestamp, TimestampOutOfRange, parse, parse_exactly
from transform.typed import Doubt, TypedReader
from transform.window import HOUR_MS, AcceptedWindow


class Row(msgspec.Struct, frozen=True, gc=False):
    """A flattened event."""

    record: bytes
    """One JSON object with the schema's outputs, in the schema's order."""
    event_date: str
    """Value of the partition key, `YYYY-MM-DD`."""


Outcome: TypeAlias = Row | Rejection

_EMPTY = Rejection(Kind.EMPTY_VALUE)
_MISSING = Rejection(Kind.MISSING_TIMESTAMP)
_BAD = Rejection(Kind.BAD_TIMESTAMP)
_OUT_OF_RANGE = Rejection(Kind.TIMESTAMP_OUT_OF_RANGE)
_INT64 = range(-(2**63), 2**63)
_INT64_DIGITS = len(str(-(2**63)))
_OTHER_ENCODINGS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


class _WrongType(Exception):
    """A value is not of its field's type; `path` is the dotted path of the value."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Transform:
    """The transform of one schema and one window. Values come in, so do arrival times; outcomes depend on nothing else."""

    def __init__(self, schema: Schema, window: AcceptedWindow) -> None:
        self.schema = schema
        self.window = window
        self._read = TypedReader(schema).read
        self._fields = schema.fields
        self._time_field = schema.event_time
        self._time_index = schema.fields.index(schema.event_time)
        self._date_index = schema.fields.index(schema.partition_key)
        self._copies = tuple(
            index
            for index, field in enumerate(schema.fields)
            if field.type is FieldType.TIMESTAMP and field.input == schema.event_time.input and index != self._time_index
        )
        names = [(f"f{index}", Any) for index in range(len(schema.fields))]
        outputs = {f"f{index}": field.output for index, field in enumerate(schema.fields)}
        self._record: Callable[..., Any] = msgspec.defstruct("Record", names, rename=outputs, gc=False)
        self._accepted: tuple[int | None, int, int] = (None, 0, 0)
        """The hour of the last arrival, and the dates accepted then: within an hour they do not change."""
        self._encode = msgspec.json.Encoder().encode

    def __call__(self, value: bytes | None, arrival_ms: int) -> Outcome:
        """The outcome for a Kafka record's value; `arrival_ms` is its arrival (epoch milliseconds, UTC)."""
        if not value:
            return _EMPTY
        try:
            values = self._read(value)
        except Doubt:
            return self.exactly(value, arrival_ms)
        text = values[self._time_index]
        instant = self._instant(text, parse, arrival_ms)
        return instant if isinstance(instant, Rejection) else self._row(values, instant)

    def exactly(self, value: bytes | None, arrival_ms: int) -> Outcome:
        """As `__call__`, by the exact way alone."""
        if not value:
            return _EMPTY
        event = _parse(value)
        if isinstance(event, Rejection):
            return event
        try:
            text = _find(event, self._time_field.path)
            if text is not None and type(text) is not str:
                return Rejection(Kind.WRONG_TYPE, self._time_field.input)
            instant = self._instant(text, parse_exactly, arrival_ms)
            if isinstance(instant, Rejection):
                return instant
            values = [_typed(event, field) for field in self._fields]
        except _WrongType as wrong:
            return Rejection(Kind.WRONG_TYPE, wrong.path)
        return self._row(values, instant)

    def _instant(self, text: str | None, parse_text: Callable[[str], datetime], arrival_ms: int) -> datetime | Rejection:
        """When the event happened (UTC), or why that cannot be said."""
        if text is None:
            return _MISSING
        try:
            instant = parse_text(text)
        except TimestampOutOfRange:
            return _OUT_OF_RANGE
        except BadTimestamp:
            return _BAD
        hour, first, last = self._accepted
        if hour != arrival_ms // HOUR_MS:
            hour, first, last = self._accepted = (arrival_ms // HOUR_MS, *self.window.ordinals(arrival_ms))
        return instant if first <= instant.toordinal() <= last else _OUT_OF_RANGE

    def _row(self, values: list[Any], instant: datetime) -> Row:
        event_date = _date_text(instant.toordinal())
        values[self._time_index] = instant
        values[self._date_index] = event_date
        for index in self._copies:
            values[index] = instant
        return Row(self._encode(self._record(*values)), event_date)


@lru_cache(maxsize=4096)
def _date_text(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _parse(value: bytes) -> dict[str, Any] | Rejection:
    """The event as an object, or the first of the whole-value reasons that applies."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return Rejection(Kind.NOT_UTF8)
    if "\0" in text[:4] and _is_text_of_another_encoding(value):
        return Rejection(Kind.NOT_UTF8)
    try:
        event = json_text.parse(text)
    except json_text.NotJson:
        return Rejection(Kind.NOT_JSON)
    except json_text.TooDeep:
        return Rejection(Kind.TOO_DEEP)
    return event if isinstance(event, dict) else Rejection(Kind.NOT_AN_OBJECT)


def _is_text_of_another_encoding(value: bytes) -> bool:
    """Whether bytes that happen to be UTF-8 are UTF-16 or UTF-32 text without a byte order mark.

    ASCII text in those encodings is full of zero bytes, and zero bytes are UTF-8 too.
    """
    for encoding in _OTHER_ENCODINGS:
        try:
            if "\0" not in value.decode(encoding):
                return True
        except UnicodeDecodeError:
            continue
    return False


def _find(event: dict[str, Any], path: tuple[str, ...]) -> Any:
    """The value at a path; None where it, or any parent, is missing or null.

    Raises:
        _WrongType: a parent is neither object nor null.
    """
    value: Any = event
    for depth, name in enumerate(path):
        if value is None:
            return None
        if not isinstance(value, dict):
            raise _WrongType(".".join(path[:depth]))
        value = value.get(name)
    return value


def _typed(event: dict[str, Any], field: Field) -> Any:
    """The value of a field as its type has it, or None.

    Raises:
        _WrongType: it has another type, or is null where the schema does not let it be.
    """
    value = _find(event, field.path)
    if value is None:
        if not field.nullable:
            raise _WrongType(field.input)
        return None
    try:
        return _READERS[field.type](value)
    except ValueError:
        raise _WrongType(field.input) from None


def _string(value: Any) -> str:
    if type(value) is not str:
        raise ValueError(value)
    return value


def _timestamp(value: Any) -> datetime:
    return parse_exactly(_string(value))


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _bigint(value: Any) -> int:
    if type(value) is not json_text.Integer or len(value) > _INT64_DIGITS or int(value) not in _INT64:
        raise ValueError(value)
    return int(value)


def _double(value: Any) -> float:
    if type(value) not in (json_text.Integer, json_text.Decimal) or not math.isfinite(float(value)):
        raise ValueError(value)
    # An integer has no negative zero, neither here nor in msgspec.
    return float(value) + 0.0 if type(value) is json_text.Integer else float(value)


_READERS: dict[FieldType, Callable[[Any], Any]] = {
    FieldType.STRING: _string,
    FieldType.TIMESTAMP: _timestamp,
    FieldType.DATE: _string,
    FieldType.BIGINT: _bigint,
    FieldType.DOUBLE: _double,
    FieldType.BOOLEAN: _boolean,
}
