"""Classes that become rows: good events in unusual dress, and good events with something missing."""

from __future__ import annotations

import json
from collections.abc import Sequence

from schema import FieldType, Schema
from simulated_events.classes import EventClass, Group, Make, nullable, parents
from simulated_events.content import put
from simulated_events.drafts import Draft, drop, encode, get

_OFFSETS = (120, -420, 345, 840, -720, 60, 330, -570)
"""Minutes ahead of UTC; +14:00 and -12:00 are the outermost that clocks have."""
_TEXTS = (
    "Café crème",
    "日本語の商品",
    "naïve ☕ 100 %",
    'a "quoted" \\ name',
    "tab\tand\nline",
    "Ωmega 🚀 \U0001f468\u200d\U0001f469",
    "\u0000 and \u001f",
    "</script>' --",
)


def _offset(draft: Draft) -> bytes:
    minutes = draft.pick(*_OFFSETS)
    sign, ahead = "+" if minutes > 0 else "-", abs(minutes)
    return encode(draft.traced(f"{draft.second(minutes)}.{draft.event_us % 1_000_000:06d}{sign}{ahead // 60:02d}:{ahead % 60:02d}"))


def _many_digits(draft: Draft) -> bytes:
    """Seven to nine digits that round to the event's microsecond, from above and from below."""
    digits = draft.pick(7, 8, 9)
    unit = 10 ** (9 - digits)
    most = 499 // unit
    nanoseconds = (draft.variant // 3 % (2 * most + 1) - most) * unit
    if draft.event_us % 1_000_000 == 0:
        nanoseconds = abs(nanoseconds)
    fraction = (draft.event_us % 1_000_000 * 1000 + nanoseconds) // unit
    return encode(draft.traced(f"{draft.second()}.{fraction:0{digits}d}Z"))


def _few_digits(draft: Draft) -> bytes:
    """None to five digits: the time is cut, so the user id says which event it is."""
    digits = draft.variant % 6
    fraction = f".{draft.event_us % 1_000_000:06d}"[: digits + 1] if digits else ""
    return encode(draft.explicit(f"{draft.second()}{fraction}Z"))


def _timestamp_form(draft: Draft) -> bytes:
    second, fraction = draft.second(), f".{draft.event_us % 1_000_000:06d}"
    spaced, lower = second.replace("T", " "), second.replace("T", "t")
    return encode(
        draft.traced(
            draft.pick(
                f"{spaced}{fraction}Z",
                f"{lower}{fraction}z",
                f"{second}{fraction}",
                f"{second}{fraction}+00:00",
                f"{spaced}{fraction}",
                f"{second}{fraction}-00:00",
            )
        )
    )


def _unicode(draft: Draft) -> bytes:
    document = draft.traced()
    put(document, draft.path("event_name"), draft.pick(*_TEXTS))
    return encode(document) if draft.variant // 16 % 2 else json.dumps(document, separators=(",", ":")).encode()


def _extra_fields(draft: Draft) -> bytes:
    document = draft.traced()
    document["session"] = {"id": draft.variant % 1_000_000, "referrer": None, "steps": [1, 2.5, True, "x", {"a": []}]}
    document["Timestamp"] = "not the one"
    for value in list(document.values()):
        if isinstance(value, dict):
            value["note"] = "ignored"
    return encode(document)


def _pretty(draft: Draft) -> bytes:
    """Indented over lines, between blank lines: one JSON value all the same."""
    indent: int | str = draft.pick(" ", "\t")
    return f"\r\n {json.dumps(draft.traced(), indent=indent)}\n\n".encode()


def _duplicate_keys(draft: Draft) -> bytes:
    """Every top-level key twice; the first is another value, of the same type or of another. The last wins."""
    document = draft.traced()
    first = draft.plain("2001-02-03T04:05:06Z") if draft.variant % 2 else dict.fromkeys(draft.plain(), 7)
    return encode(first)[:-1] + b"," + encode(document)[1:]


def _nested(draft: Draft) -> bytes:
    """64 levels in all, in a field that is ignored."""
    opening, closing = draft.pick((b"[", b"]"), (b'{"a":', b"}"))
    inner = opening * 63 + (b"1" if closing == b"}" else b"") + closing * 63
    return encode(draft.traced())[:-1] + b',"nested":' + inner + b"}"


def _empty_string(draft: Draft) -> bytes:
    strings = [field for field in draft.content.schema.columns if field.type is FieldType.STRING]
    document = draft.traced()
    put(document, strings[draft.variant % len(strings)].path, "")
    return encode(document)


def _large(draft: Draft) -> bytes:
    document = draft.traced()
    document["context"] = "lorem ipsum " * (1 << 10)
    return encode(document)


VARIED = (
    EventClass("offset", Group.VARIED, 6, _offset),
    EventClass("many_digits", Group.VARIED, 3, _many_digits),
    EventClass("few_digits", Group.VARIED, 2, _few_digits),
    EventClass("timestamp_form", Group.VARIED, 3, _timestamp_form),
    EventClass("unicode", Group.VARIED, 2, _unicode),
    EventClass("extra_fields", Group.VARIED, 2, _extra_fields),
    EventClass("pretty", Group.VARIED, 1, _pretty),
    EventClass("duplicate_keys", Group.VARIED, 1, _duplicate_keys),
    EventClass("nested_64", Group.VARIED, 1, _nested),
    EventClass("empty_string", Group.VARIED, 1, _empty_string),
    EventClass("large", Group.VARIED, 0.1, _large),
)


def missing(schema: Schema) -> tuple[EventClass, ...]:
    """A class for each field and each parent that may be missing, and for all parents at once; the same with null."""
    paths = [*(field.path for field in nullable(schema)), *parents(schema)]
    single = tuple(
        EventClass(f"{kind}:{'.'.join(path)}", Group.MISSING, 1, _without([path], null))
        for path in paths
        for kind, null in (("missing", False), ("null", True))
    )
    name = next(field for field in schema.columns if field.column == "event_name").path
    outermost = [path for path in parents(schema) if len(path) == 1 and name[:1] != path]
    both = tuple(
        EventClass(f"{kind}:all_parents", Group.MISSING, 1, _without(outermost, null))
        for kind, null in (("missing", False), ("null", True))
    )
    return (*single, *both) if outermost else single


def _without(paths: Sequence[tuple[str, ...]], null: bool) -> Make:
    def make(draft: Draft) -> bytes:
        document = draft.plain()
        for path in paths:
            if null:
                put(document, path, None)
            else:
                drop(document, path)
        if get(document, draft.path("user_id")) is None and get(document, draft.path("sku")) is None:
            draft.tag_name(document)
        return encode(document)

    return make
