"""Events against the real transform: every class becomes what it says, and is recognised by what arrives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

import schema
from manifest import Expect, Identifier, Identity, Manifest, State, identify_payload
from producer_sim import scenario
from producer_sim.ledger import Ledger
from schema import Schema
from simulated_events.classes import EventClass, assemble
from simulated_events.errors import NoSuchEvent, SchemaNotCovered
from simulated_events.generator import Event, Generator
from simulated_events.plan import Plan
from transform.events import Row, Transform
from transform.window import AcceptedWindow

ARRIVAL = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
BASE_US = int(ARRIVAL.timestamp()) * 1_000_000 + 123_457
SCHEMA = schema.load()
CLASSES = assemble(SCHEMA)


def plan_of(classes: tuple[EventClass, ...], name: str = "hostile", **changes: object) -> Plan:
    plan = Plan.of(
        run="tag0run",
        seed=20231023,
        base_us=BASE_US,
        rate=2000.0,
        workers=2,
        events=40_000,
        classes=classes,
        up_to=scenario.load(name).up_to(classes),
        earliest_event_date="2020-01-01",
    )
    return replace(plan, **changes)  # type: ignore[arg-type]


def manifest_of(plan: Plan, classes: tuple[EventClass, ...]) -> Manifest:
    return Ledger(plan, "t", classes, ARRIVAL).manifest(State.COMPLETE, ARRIVAL)


def outcome_of(value: bytes | None, of: Schema = SCHEMA) -> Row | str:
    window = AcceptedWindow(date(2020, 1, 1), None, 24)
    found = Transform(of, window)(value, int(ARRIVAL.timestamp() * 1000))
    return found if isinstance(found, Row) else found.reason


PLAN = plan_of(CLASSES)
GENERATOR = Generator(PLAN, SCHEMA, CLASSES)
IDENTIFIER = Identifier([manifest_of(PLAN, CLASSES)])


def events(generator: Generator, count: int) -> Iterator[Event]:
    for worker in range(generator.plan.workers):
        batch = generator.batch(worker, 0, count)
        for place in range(count):
            of = generator.classes[int(batch.numbers[place])]
            yield Event(Identity(generator.plan.run, worker, place), of, batch.values[place], int(batch.event_us[place]))


EACH = 6_000
ALL = list(events(GENERATOR, EACH))
OUTCOMES = [outcome_of(event.value) for event in ALL]


def test_a_hostile_stream_has_every_class() -> None:
    assert {event.of.name for event in ALL} == {found.name for found in CLASSES}


def test_every_event_becomes_what_its_class_says() -> None:
    for event, found in zip(ALL, OUTCOMES, strict=True):
        assert (found if isinstance(found, str) else None) == event.of.reason, (event.of.name, event.value)
        if isinstance(found, Row):
            assert found.event_date == event.event_date, (event.of.name, event.value)


def test_every_row_is_recognised_from_its_seven_fields() -> None:
    sent = [event for event in ALL if event.of.expect is Expect.ROW]
    rows = [json.loads(found.record) for found in OUTCOMES if isinstance(found, Row)]
    times = [datetime.fromisoformat(row["event_datetime"]) for row in rows]
    table = pa.table(
        {
            "event_datetime": pa.array([time.replace(tzinfo=None) for time in times], pa.timestamp("us")),
            **{name.lower(): pa.array([row[name] for row in rows], pa.string()) for name in ("user_id", "SKU", "event_name")},
        }
    )
    assert IDENTIFIER.rows(table).to_pylist() == [vars(event.identity) for event in sent]
    for event, row, time in zip(sent[:500], rows, times, strict=False):
        us = (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        assert IDENTIFIER.of(row["user_id"], row["SKU"], us, row["event_name"]) == event.identity


def test_every_payload_is_recognised_as_it_was_sent() -> None:
    for event in ALL:
        if event.of.identifiable:
            assert event.value is not None
            assert IDENTIFIER.payload(event.value) == event.identity, event.value
        else:
            assert not event.value


def test_every_row_is_recognised_as_the_flat_record_in_an_error_object() -> None:
    for event, found in zip(ALL, OUTCOMES, strict=True):
        if isinstance(found, Row):
            assert IDENTIFIER.payload(found.record) == event.identity, found.record


def test_an_event_that_must_be_rejected_spells_its_identity_out() -> None:
    for event in ALL:
        if event.of.expect is Expect.ERROR and event.of.identifiable:
            assert identify_payload(event.value or b"") == event.identity


def test_every_event_with_bytes_is_unique() -> None:
    values = [event.value for event in ALL if event.value]
    assert len(set(values)) == len(values)


def test_an_event_made_alone_is_the_one_of_its_batch_and_of_any_other_batch() -> None:
    batch = GENERATOR.batch(1, 100, 300)
    for place in range(0, 300, 7):
        assert GENERATOR.event(1, 100 + place).value == batch.values[place]
    assert GENERATOR.batch(1, 250, 50).values == batch.values[150:200]
    assert Generator(PLAN, SCHEMA, assemble(SCHEMA)).batch(1, 100, 300).values == batch.values


def test_seeds_and_runs_give_other_events() -> None:
    other_seed = Generator(replace(PLAN, seed=1), SCHEMA, CLASSES).batch(0, 0, 200).values
    other_run = Generator(replace(PLAN, run="other01"), SCHEMA, CLASSES).batch(0, 0, 200).values
    ours = {value for value in GENERATOR.batch(0, 0, 200).values if value}
    assert not ours & set(other_run)
    assert len(ours & set(other_seed)) < 20


def test_the_manifest_tells_every_events_class_without_the_simulator() -> None:
    found = manifest_of(PLAN, CLASSES)
    names = found.class_names
    assert [names[number] for number in found.class_numbers(1, 0, 500)] == [event.of.name for event in ALL[EACH : EACH + 500]]


def test_a_duplicate_is_sent_again_byte_for_byte() -> None:
    batch = GENERATOR.batch(0, 0, 1000)
    doubled = [value for value, number in zip(batch.values, batch.numbers, strict=True) if GENERATOR.classes[number].name == "duplicate"]
    assert doubled
    assert batch.again == doubled


def test_late_events_cross_midnight_and_stay_within_three_days() -> None:
    late = {name: [event for event in ALL if event.of.name == name] for name in ("late_hours", "late_across_midnight", "late_days")}
    position = {event.identity: BASE_US + (event.identity.index * 2 + event.identity.worker) * PLAN.step_us for event in ALL}
    day = 86_400_000_000
    assert all(event.event_us // day == position[event.identity] // day - 1 for event in late["late_across_midnight"])
    assert {(position[event.identity] - event.event_us) // day for event in late["late_days"]} == {1, 2, 3}
    assert all(0 < position[event.identity] - event.event_us <= 6 * 3_600_000_000 for event in late["late_hours"])


@pytest.mark.parametrize(("events_planned", "rate"), [(1, 1.0), (10_000, 0.5), (200_000, 1.0), (5_000_000, 40.0)])
def test_however_long_a_run_its_late_events_are_told_from_its_others(events_planned: int, rate: float) -> None:
    plan = Plan.of(
        run="longrun",
        seed=3,
        base_us=BASE_US,
        rate=rate,
        workers=1,
        events=events_planned,
        classes=CLASSES,
        up_to=scenario.load("hostile").up_to(CLASSES),
        earliest_event_date=None,
    )
    generator = Generator(plan, SCHEMA, CLASSES)
    identifier = Identifier([manifest_of(plan, CLASSES)])
    last = max(0, events_planned - 300)
    batch = generator.batch(0, last, events_planned - last)
    for place, value in enumerate(batch.values):
        if value:
            assert identifier.payload(value) == generator.event(0, last + place).identity


def test_an_event_outside_the_plan_is_refused_with_what_there_is() -> None:
    with pytest.raises(NoSuchEvent, match="run tag0run: worker 1 has no index 20000; it has 0 to 19999"):
        GENERATOR.event(1, 20_000)
    with pytest.raises(NoSuchEvent, match="there is no worker 2; there are 0 to 1"):
        GENERATOR.event(2, 0)


def changed_schema(tmp_path: Path, extra: list[dict[str, object]], without: str | None = None) -> Schema:
    document = json.loads(schema.SCHEMA_FILE.read_text())
    document["fields"] = [field for field in document["fields"] if field["output"] != without] + extra
    (tmp_path / "schema.json").write_text(json.dumps(document))
    return schema.load(tmp_path / "schema.json")


def test_an_added_field_gets_plausible_values_and_classes_of_its_own(tmp_path: Path) -> None:
    extra = [
        {"output": "price", "input": "order.price", "type": "double"},
        {"output": "quantity", "input": "order.lines.quantity", "type": "bigint"},
        {"output": "gift", "input": "gift", "type": "boolean"},
        {"output": "campaign", "input": "user_identifiers.campaign", "type": "string"},
        {"output": "shipped_at", "input": "order.shipped_at", "type": "timestamp"},
    ]
    wider = changed_schema(tmp_path, extra)
    classes = assemble(wider)
    names = {found.name for found in classes}
    assert {"missing:order.price", "null:order.lines", "wrong_type:gift", "wrong_type:order", "missing:order"} <= names
    generator = Generator(plan_of(classes), wider, classes)
    identifier = Identifier([manifest_of(generator.plan, classes)])
    seen = set()
    for event in events(generator, 2000):
        seen.add(event.of.name)
        found = outcome_of(event.value, wider)
        assert (found if isinstance(found, str) else None) == event.of.reason, (event.of.name, event.value)
        if event.value:
            assert identifier.payload(event.value) == event.identity
        if event.of.name == "valid" and isinstance(found, Row):
            row = json.loads(found.record)
            assert type(row["price"]) is float
            assert type(row["quantity"]) is int
            assert type(row["gift"]) is bool
            assert row["campaign"].startswith("campaign ")
    assert len(seen) > len(names) * 0.9


def test_the_timestamp_may_lie_in_an_object_with_other_fields(tmp_path: Path) -> None:
    document = json.loads(schema.SCHEMA_FILE.read_text())
    for field in document["fields"]:
        field["input"] = {"timestamp": "meta.at", "event_name": "meta.name"}.get(field["input"], field["input"])
    (tmp_path / "schema.json").write_text(json.dumps(document))
    moved = schema.load(tmp_path / "schema.json")
    classes = assemble(moved)
    generator = Generator(plan_of(classes), moved, classes)
    plain = next(event for event in events(generator, 50) if event.of.name == "valid")
    assert list(json.loads(plain.value or b"")["meta"]) == ["at", "name"]
    for event in events(generator, 1000):
        found = outcome_of(event.value, moved)
        assert (found if isinstance(found, str) else None) == event.of.reason, (event.of.name, event.value)


def test_a_schema_without_a_column_that_carries_identity_is_refused_by_name(tmp_path: Path) -> None:
    narrower = changed_schema(tmp_path, [], without="user_id")
    with pytest.raises(SchemaNotCovered, match="no string column user_id"):
        Generator(plan_of(CLASSES), narrower, CLASSES)
