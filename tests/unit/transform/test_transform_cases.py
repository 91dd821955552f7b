"""Every case of `data/` becomes what it says there, by the fast way and by the exact way."""

from __future__ import annotations

import json

import pytest

from schema import Schema
from tests.unit.transform.transform_cases import DATA, Case, cases
from transform.events import Outcome, Row, Transform
from transform.reasons import Kind, Rejection, reasons

ALL = cases()


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_case(case: Case, user_events: Schema) -> None:
    transform = Transform(user_events, case.window)
    _check(transform(case.value, case.arrival_ms), case, user_events)
    _check(transform.exactly(case.value, case.arrival_ms), case, user_events)


def _check(outcome: Outcome, case: Case, user_events: Schema) -> None:
    if case.reason is not None:
        assert isinstance(outcome, Rejection)
        assert outcome.reason == case.reason
        return
    assert isinstance(outcome, Row)
    assert list(json.loads(outcome.record).items()) == list((case.row or {}).items())
    assert outcome.event_date == json.loads(outcome.record)["event_date"]
    assert list(json.loads(outcome.record)) == [field.output for field in user_events.fields]


def test_the_samples_become_the_rows_beside_them(transform: Transform, arrival_ms: int) -> None:
    events = (DATA / "samples.jsonl").read_bytes().splitlines()
    rows = (DATA / "samples.expected.jsonl").read_bytes().splitlines()
    assert [outcome.record for event in events if isinstance(outcome := transform(event, arrival_ms), Row)] == rows
    assert len(rows) == 3


def test_the_cases_cover_every_reason_of_the_closed_set(user_events: Schema) -> None:
    assert {case.reason for case in ALL if case.reason} == set(reasons(user_events))


def test_the_reasons_are_a_closed_set(user_events: Schema) -> None:
    assert reasons(user_events) == (
        *(kind.value for kind in Kind if kind is not Kind.WRONG_TYPE),
        "wrong_type:timestamp",
        "wrong_type:event_name",
        "wrong_type:user_identifiers",
        "wrong_type:user_identifiers.id",
        "wrong_type:user_identifiers.platform",
        "wrong_type:product_information",
        "wrong_type:product_information.name",
        "wrong_type:product_information.SKU",
    )
