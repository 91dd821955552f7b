"""The simulator's events, put through the transform as they are, close the sheet with every class in its place.

No Kafka and no Firehose: what is held here is that manifest, identity, classes, reasons and the reader agree on every class
of events that the simulator has, in whatever order they arrive.
"""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from manifest import State
from producer_sim import scenario
from producer_sim.chunks import Chunk, Report, settle
from producer_sim.ledger import Ledger
from schema import load
from simulated_events.classes import assemble
from simulated_events.generator import Generator
from simulated_events.plan import Plan
from tests.unit.validation.fake_lake import BUCKET, FakeLake, SentRun, judged
from transform.events import Row, Transform
from transform.window import AcceptedWindow
from validation.findings import Outcome

WORKERS, EVENTS = 2, 12_000
NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Delivered:
    """A lake in which a whole run rests, and what was written of it."""

    lake: FakeLake
    run: SentRun
    rows: int
    errors: int


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivered]:
    with mock_aws():
        session = boto3.session.Session(region_name="us-east-1")
        client = session.client("s3")
        client.create_bucket(Bucket=BUCKET)
        lake = FakeLake(client, session, tmp_path_factory.mktemp("run"))
        yield deliver(lake)


def deliver(lake: FakeLake) -> Delivered:
    """Generate a hostile run, transform each message, shuffle, and write rows by date and errors as Firehose does."""
    schema = load()
    classes = assemble(schema)
    plan = Plan.of(
        run="sim0001",
        seed=11,
        base_us=int(NOW.timestamp()) * 1_000_000,
        rate=2000.0,
        workers=WORKERS,
        events=EVENTS,
        classes=classes,
        up_to=scenario.load("hostile").up_to(classes),
        earliest_event_date="2020-01-01",
    )
    generator, ledger = Generator(plan, schema, classes), Ledger(plan, "user-events", classes, NOW)
    messages: list[bytes | None] = []
    for worker in range(WORKERS):
        chunk = Chunk.of(generator.batch(worker, 0, plan.events_of(worker)))
        messages += chunk.sends
        report = Report(worker, final=True, issued=plan.events_of(worker))
        report.partitions = {worker: (0, len(chunk.sends) - 1, len(chunk.sends))}
        settle([chunk], generator.classes, report)
        ledger.take(report)
    random.Random(5).shuffle(messages)
    rows, errors = outcomes(messages)
    for number, (day, found) in enumerate(sorted(rows.items())):
        for part in range(0, len(found), 1500):
            lake.put_rows(found[part : part + 1500], day, int96=number % 2 == 0)
    for part in range(0, len(errors), 700):
        lake.put_errors(errors[part : part + 700])
    sent = SentRun(ledger.manifest(State.COMPLETE, datetime.now(UTC)))
    lake.know(sent)
    return Delivered(lake, sent, sum(map(len, rows.values())), len(errors))


def outcomes(messages: list[bytes | None]) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    """What the transform makes of the messages: rows by event date, and error records."""
    transform = Transform(load(), AcceptedWindow())
    arrival = int(NOW.timestamp() * 1000)
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    errors: list[dict[str, Any]] = []
    for value in messages:
        outcome = transform(value, arrival)
        if isinstance(outcome, Row):
            record = {name.lower(): text for name, text in json.loads(outcome.record).items()}
            instant = datetime.fromisoformat(record["event_datetime"]).replace(tzinfo=None)
            rows[outcome.event_date].append({**record, "event_datetime": instant})
        else:
            raw = b64encode(value or b"").decode()
            errors.append(
                {
                    "rawData": raw,
                    "errorCode": "Lambda.ProcessingFailedStatus",
                    "errorMessage": "ProcessingFailed status set for record",
                    "attemptsMade": 1,
                    "arrivalTimestamp": arrival,
                    "attemptEndingTimestamp": arrival,
                    "lambdaARN": "arn:aws:lambda:us-east-1:123456789012:function:transform",
                }
            )
    return rows, errors


def test_every_class_of_events_is_recognised_and_in_its_place(delivered: Delivered) -> None:
    found = judged(delivered.lake.audit())
    assert {name: result.said for name, result in found.results.items() if result.outcome is not Outcome.PASSED} == {}
    assert found.sheet.closed
    assert (found.sheet.foreign_rows, found.sheet.foreign_errors, found.sheet.empty.surplus) == (0, 0, 0)
    assert (found.sheet.total.rows, found.sheet.total.errors) == (delivered.rows, delivered.errors)
    for sheet in found.sheet.runs:
        for name, line in sheet.classes.items():
            expected = sheet.run.manifest.classes[name]
            assert (line.sent, line.outstanding, line.duplicates) == (expected.copies, 0, 0), name
    used = {name for name, count in delivered.run.manifest.classes.items() if count.acknowledged}
    assert len(used) > 40


def test_the_command_passes_on_it_in_a_process_of_no_special_making(delivered: Delivered, capsys: pytest.CaptureFixture[str]) -> None:
    from validation.__main__ import main

    delivered.lake.outputs()
    outputs: Path = delivered.lake.directory / "outputs.json"
    assert main(["lake", "--wait", "--outputs", str(outputs), "--output", "json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert next(line for line in lines if line["result"] == "verdict")["row_count"] == delivered.rows


def test_each_object_that_is_lost_is_missed_to_the_message(delivered: Delivered) -> None:
    lake = delivered.lake
    for key in lake.listed("events/")[::4] + lake.listed("errors/")[:1]:
        body = lake.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        whole = judged(lake.audit()).sheet.total
        lake.client.delete_object(Bucket=BUCKET, Key=key)
        found = judged(lake.audit())
        lake.put(key, body)
        assert found.failed == {"balance"}, key
        assert found.sheet.total.missing == (whole.rows + whole.errors) - (found.sheet.total.rows + found.sheet.total.errors) > 0
