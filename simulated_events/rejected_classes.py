"""Classes that the transform must reject, each with its reason. Every one has the event's identity somewhere in its bytes,
as a field, as text, or as white space; only a value without bytes has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from schema import FieldType, Schema
from simulated_events.classes import EventClass, Group, Make, parents
from simulated_events.content import put
from simulated_events.drafts import TRACE, Draft, drop, encode

DEEP = 5_000
"""Levels of nesting that exhaust a recursive parser's stack."""


def of_any_schema(schema: Schema) -> tuple[EventClass, ...]:
    """The classes that do not depend on which fields there are beside the event time."""
    time = schema.event_time.input
    return (
        _bad("empty_value", "empty_value", lambda _: b"", identifiable=False),
        _bad("tombstone", "empty_value", lambda _: None, identifiable=False),
        _bad("not_utf8", "not_utf8", _not_utf8),
        _bad("utf16", "not_utf8", lambda draft: encode(draft.traced()).decode().encode("utf-16")),
        _bad("not_json:text", "not_json", _text),
        _bad("not_json:truncated", "not_json", _truncated),
        _bad("not_json:bom", "not_json", lambda draft: b"\xef\xbb\xbf" + encode(draft.traced())),
        _bad("not_json:around", "not_json", _around),
        _bad("not_json:number", "not_json", _not_a_number),
        _bad("not_json:lone_surrogate", "not_json", _lone_surrogate),
        _bad("too_deep", "too_deep", _too_deep),
        _bad("not_an_object", "not_an_object", _not_an_object, weight=2),
        _bad(f"missing:{time}", "missing_timestamp", _without_time),
        _bad(f"null:{time}", "missing_timestamp", lambda draft: _with_time(draft, None)),
        _bad(f"wrong_type:{time}", f"wrong_type:{time}", _time_of_another_type),
        _bad("bad_timestamp", "bad_timestamp", _bad_timestamp, weight=4),
        _bad("timestamp_out_of_range:early", "timestamp_out_of_range", lambda draft: encode(draft.traced(_early(draft)))),
        _bad("timestamp_out_of_range:epoch", "timestamp_out_of_range", lambda draft: encode(draft.traced("1970-01-01T00:00:00Z"))),
        _bad("timestamp_out_of_range:far_future", "timestamp_out_of_range", _far_future),
        _bad("timestamp_out_of_range:beyond_years", "timestamp_out_of_range", _beyond_years),
    )


def wrong_types(schema: Schema) -> tuple[EventClass, ...]:
    """A class for each field and each parent that is of another type than the schema's."""
    fields = (
        _bad(f"wrong_type:{field.input}", f"wrong_type:{field.input}", _replaced(field.path, _OTHERS[field.type]))
        for field in schema.columns
        if field is not schema.event_time
    )
    objects = (
        _bad(f"wrong_type:{'.'.join(path)}", f"wrong_type:{'.'.join(path)}", _replaced(path, ("web", 5, [], True, [{"id": "x"}])))
        for path in parents(schema)
    )
    return (*fields, *objects)


_OTHERS: Mapping[FieldType, tuple[Any, ...]] = {
    FieldType.STRING: (5, 1.5, True, {"id": "x"}, ["x"], False, 0),
    FieldType.BIGINT: ("5", True, {}, [5]),
    FieldType.DOUBLE: ("1.5", False, {}, [1.5]),
    FieldType.BOOLEAN: ("true", 1, {}, [True]),
    FieldType.TIMESTAMP: (5, True, {}, []),
}


def _bad(name: str, reason: str, make: Make, *, identifiable: bool = True, weight: float = 1.0) -> EventClass:
    return EventClass(name, Group.BAD, weight, make, reason, identifiable)


def _not_utf8(draft: Draft) -> bytes:
    """A byte that UTF-8 never has, a sequence cut short, an overlong one, a surrogate; in a field that counts or one that is ignored."""
    wrong = draft.pick(b"caf\xe9", b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80")
    text = encode(draft.traced())
    if draft.variant // 8 % 2:
        return text[:-1] + b',"note":"' + wrong + b'"}'
    document = draft.traced()
    put(document, draft.path("event_name"), "@")
    return encode(document).replace(b'"@"', b'"' + wrong + b'"')


def _text(draft: Draft) -> bytes:
    plain = draft.traced()
    return draft.pick(
        f"ERROR could not serialise event {draft.token}: connection reset".encode(),
        f"{draft.time},view,web,{draft.token}".encode(),
        str(plain).encode(),
        f"<event id='{draft.token}'/>".encode(),
        f"{{timestamp:'{draft.time}', id: {draft.token}}}".encode(),
    )


def _truncated(draft: Draft) -> bytes:
    """Cut anywhere after the trace, which is the first field."""
    whole = encode(draft.traced())
    least = len(TRACE) + len(draft.token) + 7
    return whole[: least + draft.variant % (len(whole) - least)]


def _around(draft: Draft) -> bytes:
    whole = encode(draft.traced())
    return draft.pick(whole + b" and more", b"event: " + whole, whole + whole, whole + b",", whole + b"\n" + whole, whole + b"\0")


def _not_a_number(draft: Draft) -> bytes:
    wrong = draft.pick(b"NaN", b"Infinity", b"-Infinity", b"01", b".5", b"+1", b"0x1F", b"1.")
    return encode(draft.traced())[:-1] + b',"ratio":' + wrong + b"}"


def _lone_surrogate(draft: Draft) -> bytes:
    """An escape that is half a character, in a field that counts or one that is ignored."""
    wrong = draft.pick(b"\\ud83d", b"\\udc00 x", b"\\ud83d\\u0041")
    if draft.variant // 8 % 2:
        return encode(draft.traced())[:-1] + b',"note":"' + wrong + b'"}'
    document = draft.traced()
    put(document, draft.path("event_name"), "@")
    return encode(document).replace(b'"@"', b'"' + wrong + b'"')


def _too_deep(draft: Draft) -> bytes:
    opening, closing = draft.pick((b"[", b"]"), (b'{"a":', b"}"))
    return encode(draft.traced())[:-1] + b',"nested":' + opening * DEEP + b"1" + closing * DEEP + b"}"


def _not_an_object(draft: Draft) -> bytes:
    """Where the value has no room for text, white space around it spells the identity."""
    return draft.pick(
        encode([draft.traced()]),
        encode(draft.token),
        draft.white_space + b"null",
        b"true" + draft.white_space,
        b"17" + draft.white_space,
        encode([draft.token, 1]),
        draft.white_space + b"[]",
        b"-1.5e3" + draft.white_space,
    )


def _without_time(draft: Draft) -> bytes:
    document = draft.traced()
    drop(document, draft.content.time_path)
    return encode(document)


def _with_time(draft: Draft, value: Any) -> bytes:
    document = draft.traced()
    put(document, draft.content.time_path, value)
    return encode(document)


def _time_of_another_type(draft: Draft) -> bytes:
    seconds, milliseconds = draft.event_us // 1_000_000, draft.event_us // 1000
    forms: tuple[Any, ...] = (seconds, milliseconds, seconds + 0.5, True, {"$date": draft.time}, [draft.time], 0, False)
    return _with_time(draft, draft.pick(*forms))


def _bad_timestamp(draft: Draft) -> bytes:
    day, clock = draft.second().split("T")
    year, month, number = day.split("-")
    _, week, weekday = date.fromisoformat(day).isocalendar()
    return encode(
        draft.traced(
            draft.pick(
                day,
                f"{year}-W{week:02d}-{weekday}T{clock}Z",
                f"{year}{month}{number}T{clock.replace(':', '')}Z",
                f"{year}/{month}/{number} {clock}",
                f"{number}.{month}.{year} {clock}",
                str(draft.event_us // 1_000_000),
                f"{day}T24:00:00Z",
                f"{day}T23:59:60Z",
                f"{day}T12:60:00Z",
                f"0000-{month}-{number}T{clock}Z",
                f"{year}-02-30T{clock}Z",
                f"{year}-13-01T{clock}Z",
                f"{day}T{clock[:5]}Z",
                f"{day}T{clock}.Z",
                f"{day}T{clock}.1234567890Z",
                f"{day}T{clock},5Z",
                f"{day}T{clock} Z",
                f" {day}T{clock}Z",
                f"{day}T{clock}Z\n",
                f"{day}T{clock}+0200",
                f"{day}T{clock}+24:00",
                f"{day}T{clock}+02:60",
                f"{day}  {clock}Z",
                f"{day}T{clock}[Europe/Berlin]",
                f"+{year}-{month}-{number}T{clock}Z",
                "",
                "now",
                "null",
            )
        )
    )


def _early(draft: Draft) -> str:
    """The last microsecond that is too early, or a time that is too early for any window."""
    if draft.earliest_event_date and draft.variant % 2:
        return f"{date.fromisoformat(draft.earliest_event_date) - timedelta(days=1)}T23:59:59.999999Z"
    return "1987-03-14T15:09:26.535897Z"


def _far_future(draft: Draft) -> bytes:
    year = int(draft.second()[:4])
    return encode(draft.traced(draft.pick(f"{year + 2}-06-01T00:00:00Z", f"{year + 30}-02-28T12:34:56.789Z", "9999-12-31T23:59:59Z")))


def _beyond_years(draft: Draft) -> bytes:
    """Instants outside the years 1 to 9999, which overflow a naive conversion to UTC."""
    return encode(draft.traced(draft.pick("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00.000001+00:01")))


def _replaced(path: tuple[str, ...], values: tuple[Any, ...]) -> Callable[[Draft], bytes]:
    def make(draft: Draft) -> bytes:
        document = draft.traced()
        put(document, path, draft.pick(*values))
        return encode(document)

    return make
