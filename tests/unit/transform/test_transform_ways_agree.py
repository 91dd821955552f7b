"""The fast way and the exact way give the same outcome for any value: events, near events, and bytes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import schema
from tests.unit.transform.transform_cases import cases
from transform import json_text, timestamps
from transform.events import Transform
from transform.window import AcceptedWindow

_ALL_TYPES = schema.Schema(
    "all_types",
    "Every type, so that every reader of both ways is compared.",
    (
        *schema.load().fields,
        *(
            schema.Field(kind.value, f"typed.{kind.value}", kind, True, False, "")
            for kind in schema.FieldType
            if kind is not schema.FieldType.DATE
        ),
    ),
)
TRANSFORM = Transform(_ALL_TYPES, AcceptedWindow())
ARRIVAL_MS = 1_795_514_400_000
PAYLOADS = [case.value for case in cases() if case.value and len(case.value) < 1000]

good_stamps = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format,
    st.sampled_from(["2023", "2024", "2020", "2019", "0001", "9999", "2026"]),
    st.sampled_from(["01", "02", "12"]),
    st.sampled_from(["01", "23", "28"]),
    st.sampled_from(["T", "t", " "]),
    st.sampled_from(["00", "12", "23"]),
    st.sampled_from(["00", "34", "59"]),
    st.sampled_from(["00", "56", "59"]),
    st.sampled_from(["", ".9999999", ".999999499"]) | st.from_regex(r"\.[0-9]{1,9}", fullmatch=True),
    st.sampled_from(["Z", "Z", "z", "", "+02:00", "-14:00", "+23:59", "-00:00"]),
)
near_stamps = st.tuples(
    good_stamps, st.integers(0, 30), st.sampled_from(["", "0", "3", "6", "9", "60", ".", ",", " ", "T", "Z", "-", "+"])
).map(lambda found: found[0][: found[1]] + found[2] + found[0][found[1] + len(found[2]) :])
long_stamps = st.from_regex(r"2023-10-23T12:34:56\.[0-9]{8,11}Z", fullmatch=True)
odd_stamps = st.sampled_from(["2023-02-29", "2024-02-29", "2023-13-01", "0000-01-01", "2023-W43-1"]).map(lambda day: f"{day}T12:34:56Z")
stamps = good_stamps | good_stamps | near_stamps | long_stamps | odd_stamps
escapes = st.lists(
    st.sampled_from(["\\ud800", "\\uDBFF", "\\udc00", "\\uDFFF", "\\ud7ff", "\\u0041", "\\\\", "\\n", "\\u", "\\x", "a", "dc00", "é"]),
    max_size=4,
).map(lambda parts: '"' + "".join(parts) + '"')
numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
literals = st.one_of(
    numbers,
    st.sampled_from(["true", "false", "null", "NaN", "-Infinity", '"\\ud800"', '"\\ud83d\\ude00"', "01", '"\\/"', "{}", "[]", "[[]]"]),
    st.text(max_size=8).map(json.dumps),
    st.text(max_size=8, alphabet=st.characters(codec="utf-8")).map(lambda text: json.dumps(text, ensure_ascii=False)),
    stamps.map(json.dumps),
    escapes,
)
integers = st.sampled_from([2**63, -(2**63), 2**64, 10**400]).flatmap(lambda edge: st.integers(edge - 1, edge + 1)).map(str)
typed = {
    "string": literals,
    "bigint": integers | numbers,
    "double": integers | numbers,
    "boolean": st.sampled_from(["true", "false", "1", "null"]),
    "timestamp": stamps.map(json.dumps),
}


def objects(names: list[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts of objects; keys may repeat."""
    members = st.tuples(st.sampled_from(names).map(json.dumps), values).map(":".join)
    return st.lists(members, max_size=6).map(lambda found: "{" + ",".join(found) + "}")


parents = objects(["id", "platform", "name", "SKU", "string", "x"], literals) | literals
typed_members = st.sampled_from(sorted(typed)).flatmap(lambda name: typed[name].map(lambda value: f'{{"{name}":{value}}}'))
members = {
    "timestamp": stamps.map(json.dumps),
    "event_name": literals,
    "user_identifiers": parents,
    "product_information": parents,
    "typed": typed_members,
    "ignored": parents,
}
one_member = st.sampled_from(sorted(members)).flatmap(lambda name: members[name].map(lambda value: f'"{name}":{value}'))
beginnings = st.sampled_from([*['"timestamp":"2023-10-23T12:34:56Z"'] * 4, '"timestamp":null', '"x":1e999'])
events = st.tuples(beginnings, st.lists(one_member, max_size=3)).map(lambda found: "{" + ",".join([found[0], *found[1]]) + "}")


def agree(value: bytes) -> None:
    assert TRANSFORM(value, ARRIVAL_MS) == TRANSFORM.exactly(value, ARRIVAL_MS)


@settings(max_examples=600, deadline=None)
@given(events)
def test_on_events_of_any_kind(text: str) -> None:
    agree(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(PAYLOADS), st.data())
def test_on_good_and_bad_events_with_bytes_changed(payload: bytes, data: st.DataObject) -> None:
    changed = bytearray(payload)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed)))
        changed[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=2)
            | st.sampled_from([b'"', b"\\", b"\\u", b"{", b"}", b"[", b"]", b",", b":", b"\xc3\xa9", b"1", b"e", b"."])
        )
    agree(bytes(changed))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40))
def test_on_any_bytes(value: bytes) -> None:
    agree(value)


@settings(max_examples=1000, deadline=None)
@given(stamps | st.text(max_size=32))
def test_on_timestamps(text: str) -> None:
    assert _parsed(timestamps.parse, text) == _parsed(timestamps.parse_exactly, text)


@settings(max_examples=400, deadline=None)
@given(events | st.recursive(literals, lambda inner: st.lists(inner, max_size=3).map(lambda found: "[" + ",".join(found) + "]")))
def test_the_stackless_scanner_takes_what_the_parser_takes(text: str) -> None:
    assert _is_json(json_text.depth, text) == _is_json(_parse_without_surrogates, text)


@settings(max_examples=400, deadline=None)
@given(events, st.integers(0, 200), st.sampled_from(list('{}[],:"\\ \n\x0b1-e.tn')))
def test_the_stackless_scanner_refuses_what_the_parser_refuses(text: str, at: int, character: str) -> None:
    changed = text[:at] + character + text[at + 1 :]
    assert _is_json(json_text.depth, changed) == _is_json(_parse_without_surrogates, changed)


def _parsed(parse: Any, text: str) -> Any:
    try:
        return parse(text)
    except (timestamps.BadTimestamp, timestamps.TimestampOutOfRange) as error:
        return type(error)


def _parse_without_surrogates(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _refuse(name: str) -> None:
    raise ValueError(name)


def _is_json(read: Any, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True
