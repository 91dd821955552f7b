"""A lake in an S3 that lives in the process, and a run whose events can be put there one by one."""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

import manifest
from manifest import ClassCount, DateCount, Expect, Identity, Manifest, PartitionCount, Range, State
from schema import load
from simulated_events.classes import assemble
from simulated_events.generator import Generator
from simulated_events.plan import Plan
from stack import AcceptedWindow, StackOutputs
from validation.audit import Audit, Places
from validation.error_area import ErrorArea
from validation.findings import CheckResult, Outcome
from validation.judgement import DEFAULT_BUDGET, Budget, judge
from validation.lake import Lake
from validation.reasons import Explainer
from validation.runs import load as load_runs
from validation.sheet import Sheet
from validation.storage import Storage

BUCKET = "lake"
BASE = datetime(2026, 11, 23, 23, 59, tzinfo=UTC)
"""A minute before midnight, so that a run of a few events has rows in two dates."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER = 1 << 30
WINDOW = AcceptedWindow(earliest_event_date="2020-01-01", max_event_age_days=None, max_future_skew_hours=24)
CLASSES = {
    "valid": ClassCount(Expect.ROW, None, True, 1, QUARTER),
    "duplicate": ClassCount(Expect.ROW, None, True, 2, 2 * QUARTER),
    "bad_timestamp": ClassCount(Expect.ERROR, "bad_timestamp", True, 1, 3 * QUARTER),
    "empty_value": ClassCount(Expect.ERROR, "empty_value", False, 1, 4 * QUARTER),
}


@dataclass
class SentRun:
    """A run as a simulator would have sent it, with a class for each way that an event may go."""

    manifest: Manifest

    def events(self, *classes: str) -> list[Identity]:
        """The acknowledged events of some classes, in order."""
        m = self.manifest
        every = (Identity(m.run, part.worker, index) for part in m.acknowledged for index in range(part.first, part.last + 1))
        return [event for event in every if m.class_of(event.worker, event.index) in classes]

    def instant(self, event: Identity) -> datetime:
        m = self.manifest
        return EPOCH + timedelta(microseconds=m.base_us + (event.index * m.workers + event.worker) * m.step_us)

    def row(self, event: Identity) -> dict[str, Any]:
        """What must come of an event, read from its bytes by hand."""
        sent = json.loads(self.value(event))
        return {
            "event_datetime": self.instant(event).replace(tzinfo=None),
            "event_name": sent["event_name"],
            "user_id": sent["user_identifiers"]["id"],
            "platform": sent["user_identifiers"]["platform"],
            "product_name": sent["product_information"]["name"],
            "sku": sent["product_information"]["SKU"],
        }

    def value(self, event: Identity) -> bytes:
        """The event's bytes, as the simulator made them."""
        return self.generator.event(event.worker, event.index).value or b""

    @cached_property
    def generator(self) -> Generator:
        return Generator(Plan.of_manifest(self.manifest), load(), assemble(load()))

    def error(self, event: Identity | None, **changed: Any) -> dict[str, Any]:
        payload = b"" if event is None else self.value(event)
        return {
            "rawData": base64.b64encode(payload).decode(),
            "errorCode": "Lambda.ProcessingFailedStatus",
            "errorMessage": "ProcessingFailed status set for record",
            "attemptsMade": 1,
            "arrivalTimestamp": int((BASE - EPOCH) / timedelta(milliseconds=1)),
            "attemptEndingTimestamp": int((BASE - EPOCH) / timedelta(milliseconds=1)),
            "lambdaARN": "arn:aws:lambda:us-east-1:123456789012:function:transform",
            **changed,
        }


def sent_run(
    run: str = "abc123",
    *,
    seed: int = 7,
    events: int = 400,
    workers: int = 2,
    acknowledged: Sequence[Range] | None = None,
    unconfirmed: Sequence[Range] = (),
    state: State = State.COMPLETE,
    finished_at: datetime | None = None,
) -> SentRun:
    """A run whose counts are made from its ranges, as a simulator keeps them."""
    plan = Manifest(
        run=run,
        seed=seed,
        created_at=BASE.isoformat(),
        finished_at=None if state is State.RUNNING else (finished_at or datetime.now(UTC)).isoformat(),
        state=state,
        topic="user-events",
        base_us=(BASE - EPOCH) // timedelta(microseconds=1),
        step_us=1_000_000,
        workers=workers,
        late_unit_us=3_600_000_000,
        late_units=3,
        events_planned=events,
        classes=CLASSES,
        acknowledged=tuple(acknowledged if acknowledged is not None else (Range(w, 0, events // workers - 1) for w in range(workers))),
        unconfirmed=tuple(unconfirmed),
    )
    sent = SentRun(plan)
    counts = {name: len(sent.events(name)) for name in CLASSES}
    messages = sum(counts[name] * found.times for name, found in CLASSES.items())
    dates: dict[str, Counter[str]] = {}
    for event in sent.events("valid", "duplicate"):
        day = sent.instant(event).date().isoformat()
        dates.setdefault(day, Counter())[plan.class_of(event.worker, event.index)] += 1
    return SentRun(
        replace(
            plan,
            classes={name: replace(found, acknowledged=counts[name], copies=counts[name] * found.times) for name, found in CLASSES.items()},
            event_dates={
                day: DateCount(found.total(), sum(count * CLASSES[name].times for name, count in found.items()), dict(found))
                for day, found in dates.items()
            },
            partitions={"0": PartitionCount(0, messages - 1, messages)} if messages else {},
        )
    )


@dataclass
class FakeLake:
    """A bucket with a table and an error area in it, and the audit of it."""

    client: Any
    session: boto3.session.Session
    directory: Path
    runs: list[Path] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    counter: int = 0

    def put(self, key: str, body: bytes) -> str:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)
        return key

    def put_rows(self, rows: Sequence[dict[str, Any]], day: date | str, *, int96: bool = True, folder: str = "") -> str:
        self.counter += 1
        body = parquet(rows, int96=int96)
        return self.put(f"events/event_date={day}/{folder}stream-1-{self.counter:04d}.parquet", body)

    def put_errors(self, records: Sequence[Any], kind: str = "processing-failed") -> str:
        self.counter += 1
        lines = b"".join((record if isinstance(record, bytes) else json.dumps(record).encode()) + b"\n" for record in records)
        return self.put(f"errors/{kind}/2026/11/23/stream-1-{self.counter:04d}", lines)

    def deliver(self, sent: SentRun) -> None:
        """Everything of a run, where it belongs; INT96 in one date, INT64 in the other, and a deeper folder."""
        by_day: dict[date, list[dict[str, Any]]] = {}
        for event in sent.events("valid", "duplicate"):
            times = CLASSES[sent.manifest.class_of(event.worker, event.index)].times
            by_day.setdefault(sent.instant(event).date(), []).extend([sent.row(event)] * times)
        for number, (day, rows) in enumerate(by_day.items()):
            for half in (rows[::2], rows[1::2]):
                self.put_rows(half, day, int96=number == 0, folder="00/" if number else "")
        self.put_errors([sent.error(event) for event in sent.events("bad_timestamp")])
        self.put_errors([sent.error(None) for _ in sent.events("empty_value")])

    def know(self, *sent: SentRun) -> None:
        """Write the runs' manifests."""
        for found in sent:
            path = manifest.path_of(self.directory, found.manifest.run)
            manifest.write(path, found.manifest)
            if path not in self.runs:
                self.runs.append(path)

    def audit(self) -> Audit:
        storage, events = Storage(self.session, BUCKET), load()
        places = Places(Lake(storage, "events/", events), ErrorArea(storage, "errors/"), events, Explainer(events, WINDOW))
        return Audit(places, load_runs(self.runs), self.notices.append)

    def listed(self, prefix: str = "events/") -> list[str]:
        return [item["Key"] for item in self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())]

    def empty(self) -> None:
        """Remove the bucket and all that is in it."""
        if any(found["Name"] == BUCKET for found in self.client.list_buckets()["Buckets"]):
            for key in self.listed(""):
                self.client.delete_object(Bucket=BUCKET, Key=key)
            self.client.delete_bucket(Bucket=BUCKET)

    def outputs(self) -> StackOutputs:
        """The stack's outputs, also kept as a file in `directory`."""
        values = {
            "aws_region": "us-east-1",
            "kafka_cluster_arn": "arn:aws:kafka:us-east-1:123456789012:cluster/events/x",
            "kafka_bootstrap_brokers": "127.0.0.1:1",
            "kafka_auth": "iam",
            "kafka_topic": "user-events",
            "delivery_stream_name": "stream",
            "delivery_buffer_interval_seconds": 300,
            "transform_buffer_interval_seconds": 60,
            "bucket": BUCKET,
            "data_prefix": "events/",
            "error_prefix": "errors/",
            "glue_database": "lake",
            "glue_table": "user_events",
            "transform_function_name": "transform",
            "transform_accepted_window": {"earliest_event_date": "2020-01-01", "max_event_age_days": None, "max_future_skew_hours": 24},
            "athena_workgroup": "lake",
        }
        path = self.directory / "outputs.json"
        path.write_text(json.dumps({name: {"value": value} for name, value in values.items()}))
        return StackOutputs(**{**values, "transform_accepted_window": WINDOW}, directory=self.directory)


@dataclass(frozen=True)
class Judged:
    """An audit's end."""

    sheet: Sheet
    results: dict[str, CheckResult]

    def outcome(self, check: str) -> Outcome:
        return self.results[check].outcome

    @property
    def failed(self) -> set[str]:
        return {name for name, found in self.results.items() if found.outcome is Outcome.FAILED}

    @property
    def open(self) -> set[str]:
        return {name for name, found in self.results.items() if found.outcome is Outcome.NOT_CONCLUDED}

    def said(self, check: str) -> str:
        found = self.results[check]
        return "\n".join((found.said, *(str(sample) for sample in found.samples)))


def judged(audit: Audit, *, late: bool = True, budget: Budget = DEFAULT_BUDGET) -> Judged:
    """Look once and judge, long after the deadline or (`late=False`) long before it."""
    audit.update()
    now = datetime.now(UTC)
    sheet = audit.sheet(now, timedelta(seconds=-1 if late else 3600))
    results = (*judge(sheet, audit.arrivals, budget, audit.unavailable), *audit.lake_results(no_rows_due=False))
    return Judged(sheet, {found.check.id: found for found in results})


def parquet(rows: Sequence[dict[str, Any]], *, int96: bool = True, row_group_size: int | None = None) -> bytes:
    """Rows as a file with the table's columns, the timestamp as INT96 or as INT64."""
    names = ("event_name", "user_id", "platform", "product_name", "sku")
    columns: dict[str, Any] = {"event_datetime": pa.array([row["event_datetime"] for row in rows], pa.timestamp("us"))}
    columns.update({name: pa.array([row[name] for row in rows], pa.string()) for name in names})
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body, use_deprecated_int96_timestamps=int96, row_group_size=row_group_size)
    return body.getvalue()
