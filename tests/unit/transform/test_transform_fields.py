"""The schema decides what is read: a field of any type at any path needs no change of code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import schema
from transform.events import Row, Transform
from transform.window import AcceptedWindow

TIME = '"timestamp":"2023-10-23T12:34:56Z"'
Extended = Callable[..., Transform]


@pytest.fixture
def extended(tmp_path: Path) -> Extended:
    """The transform of a copy of the schema with one more field."""

    def make(kind: str, path: str = "context.value", **more: Any) -> Transform:
        document = json.loads(schema.SCHEMA_FILE.read_text(encoding="utf-8"))
        document["fields"].append({"output": "added", "input": path, "type": kind, **more})
        file = tmp_path / "schema.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        return Transform(schema.load(file), AcceptedWindow())

    return make


def outcomes(transform: Transform, payload: str, arrival_ms: int) -> str:
    """What both ways make of a payload: the JSON text of the added column, or the reason; they must agree."""
    fast, exact = transform(payload.encode(), arrival_ms), transform.exactly(payload.encode(), arrival_ms)
    assert fast == exact
    if isinstance(fast, Row):
        return fast.record.partition(b'"added":')[2][:-1].decode()
    return fast.reason


def test_a_field_added_to_a_copy_of_the_schema_is_in_the_output(extended: Extended, transform: Transform, arrival_ms: int) -> None:
    payload = b'{"timestamp":"2023-10-23T12:34:56Z","session":{"page":{"url":"/cart"}}}'
    before, after = transform(payload, arrival_ms), extended("string", "session.page.url")(payload, arrival_ms)
    assert isinstance(before, Row)
    assert isinstance(after, Row)
    assert json.loads(after.record) == {**json.loads(before.record), "added": "/cart"}
    assert list(json.loads(after.record))[-1] == "added"


@pytest.mark.parametrize(
    ("kind", "value", "becomes"),
    [
        ("string", '"5"', '"5"'),
        ("string", "5", "wrong_type:context.value"),
        ("bigint", "5", "5"),
        ("bigint", "-0", "0"),
        ("bigint", "9223372036854775807", "9223372036854775807"),
        ("bigint", "-9223372036854775808", "-9223372036854775808"),
        ("bigint", "9223372036854775808", "wrong_type:context.value"),
        ("bigint", "-9223372036854775809", "wrong_type:context.value"),
        ("bigint", "1" * 5000, "wrong_type:context.value"),
        ("bigint", "5.0", "wrong_type:context.value"),
        ("bigint", "5e0", "wrong_type:context.value"),
        ("bigint", '"5"', "wrong_type:context.value"),
        ("bigint", "true", "wrong_type:context.value"),
        ("double", "1.5", "1.5"),
        ("double", "5", "5.0"),
        ("double", "-0", "0.0"),
        ("double", "-0.0", "-0.0"),
        ("double", "1e-999", "0.0"),
        ("double", "1e999", "wrong_type:context.value"),
        ("double", "1" * 400, "wrong_type:context.value"),
        ("double", '"1.5"', "wrong_type:context.value"),
        ("double", "false", "wrong_type:context.value"),
        ("boolean", "true", "true"),
        ("boolean", "false", "false"),
        ("boolean", "1", "wrong_type:context.value"),
        ("boolean", '"true"', "wrong_type:context.value"),
        ("timestamp", '"2023-10-23T12:34:56.5+02:00"', '"2023-10-23T10:34:56.500000Z"'),
        ("timestamp", '"1987-03-14T15:09:26Z"', '"1987-03-14T15:09:26Z"'),
        ("timestamp", '"2023-10-23"', "wrong_type:context.value"),
        ("timestamp", '"0001-01-01T00:00:00+14:00"', "wrong_type:context.value"),
        ("timestamp", "1698064496", "wrong_type:context.value"),
        *((kind, "null", "null") for kind in ("string", "bigint", "double", "boolean", "timestamp")),
        *((kind, "{}", "wrong_type:context.value") for kind in ("string", "bigint", "double", "boolean", "timestamp")),
    ],
)
def test_an_added_field_is_taken_as_its_type_or_refused(kind: str, value: str, becomes: str, extended: Extended, arrival_ms: int) -> None:
    assert outcomes(extended(kind), f'{{{TIME},"context":{{"value":{value}}}}}', arrival_ms) == becomes


@pytest.mark.parametrize(
    ("payload", "becomes"),
    [
        (f"{{{TIME}}}", "null"),
        (f'{{{TIME},"a":null}}', "null"),
        (f'{{{TIME},"a":{{"b":null}}}}', "null"),
        (f'{{{TIME},"a":{{"b":{{"c d":{{"e":"deep"}}}}}}}}', '"deep"'),
        (f'{{{TIME},"a":5}}', "wrong_type:a"),
        (f'{{{TIME},"a":{{"b":[]}}}}', "wrong_type:a.b"),
        (f'{{{TIME},"a":{{"b":{{"c d":"e"}}}}}}', "wrong_type:a.b.c d"),
    ],
)
def test_a_path_may_be_deep_and_its_names_may_be_anything(payload: str, becomes: str, extended: Extended, arrival_ms: int) -> None:
    assert outcomes(extended("string", "a.b.c d.e"), payload, arrival_ms) == becomes


@pytest.mark.parametrize("payload", [f"{{{TIME}}}", f'{{{TIME},"context":null}}', f'{{{TIME},"context":{{"value":null}}}}'])
def test_a_field_that_must_not_be_null_is_of_the_wrong_type_if_it_is(payload: str, extended: Extended, arrival_ms: int) -> None:
    assert outcomes(extended("string", nullable=False), payload, arrival_ms) == "wrong_type:context.value"


def test_the_event_time_may_be_in_two_columns(extended: Extended, arrival_ms: int) -> None:
    assert outcomes(extended("timestamp", "timestamp"), f"{{{TIME}}}", arrival_ms) == '"2023-10-23T12:34:56Z"'


def test_the_event_time_may_be_nested(tmp_path: Path, arrival_ms: int) -> None:
    text = schema.SCHEMA_FILE.read_text(encoding="utf-8").replace('"input": "timestamp"', '"input": "meta.at"')
    file = tmp_path / "schema.json"
    file.write_text(text, encoding="utf-8")
    transform = Transform(schema.load(file), AcceptedWindow())
    expected = {
        '{"meta":{"at":"2023-10-23T12:34:56Z"}}': None,
        '{"meta":null}': "missing_timestamp",
        "{}": "missing_timestamp",
        '{"meta":5}': "wrong_type:meta",
        '{"meta":{"at":5}}': "wrong_type:meta.at",
    }
    for payload, reason in expected.items():
        outcome = transform(payload.encode(), arrival_ms)
        assert (None if isinstance(outcome, Row) else outcome.reason) == reason
