"""The stages together on a stepped clock, with an S3 that is a dictionary: from records to objects and back."""

from __future__ import annotations

import gzip
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from firehose_samples import answer, configuration, ok, plain_configuration

from local_aws.clock import SteppedClock
from local_aws.firehose import envelope
from local_aws.firehose.configuration import StreamConfiguration
from local_aws.firehose.delivery import Deliverer
from local_aws.firehose.error_log import ErrorLog
from local_aws.firehose.hive_types import columns
from local_aws.firehose.ledger import Ledger, read
from local_aws.firehose.metrics import UNITS, Metrics
from local_aws.firehose.pipeline import OUTSTANDING, Pipeline
from local_aws.firehose.position import Watermarks
from local_aws.firehose.problems import Problems
from local_aws.firehose.records import Batch, Outcome
from local_aws.firehose.results import classify
from local_aws.firehose.schema_source import Schema, SchemaSource, SchemaUnavailable
from local_aws.firehose.source import Read


class FakeS3:
    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.refusals: list[str] = []
        self.attempts: list[str] = []

    def put_object(self, **request: Any) -> None:
        self.attempts.append(request["Key"])
        if self.refusals:
            raise ClientError({"Error": {"Code": self.refusals.pop(0), "Message": "no"}}, "PutObject")
        self.objects[request["Key"]] = request


class Deferred(Executor):
    """Runs nothing until a test says so; the order is the test's."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, function: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: function(*arguments)))
        return future

    def finish(self, index: int = 0) -> None:
        future, call = self.waiting.pop(index)
        future.set_result(call())


class FakeSchema(SchemaSource):
    def __init__(self) -> None:
        self.problems: list[SchemaUnavailable] = []

    def get(self) -> Schema:
        if self.problems:
            raise self.problems.pop(0)
        return Schema(columns([{"Name": "id", "Type": "int"}, {"Name": "name", "Type": "string"}]), "LATEST")


class Stage:
    """One stream, from records in Kafka to objects in S3."""

    def __init__(self, directory: Path, configured: StreamConfiguration, say: Callable[[bytes], dict[str, Any]] | None) -> None:
        self.clock = SteppedClock()
        self.s3 = FakeS3()
        self.schema = FakeSchema()
        self.metrics = Metrics()
        self.error_log = ErrorLog()
        self.problems = Problems()
        self.marks = Watermarks({0: 0, 1: 0})
        self.functions = Deferred()
        self.stopping = threading.Event()
        self.path = directory / "ledger.jsonl"
        self.ledger = Ledger(self.path)
        self.deliverer = Deliverer(
            clock=self.clock,
            stopping=self.stopping,
            ledger=self.ledger,
            metrics=self.metrics,
            error_log=self.error_log,
            problems=self.problems,
            s3=lambda _: self.s3,
            schema=lambda _: self.schema,
        )
        self._say = say
        self._next = {0: 0, 1: 0}
        self.pipeline = Pipeline(
            configured,
            clock=self.clock,
            watermarks=self.marks,
            metrics=self.metrics,
            transform=self._transform if say else None,
            executor=self.functions,
        )

    def _transform(self, batch: Batch) -> Outcome:
        ids = envelope.record_ids(batch)
        results = [{"recordId": one, **self._say(value)} for one, value in zip(ids, batch.values, strict=True)] if self._say else []
        return classify(batch, ids, answer(*results), self.pipeline.configuration.destination.prefix)

    def receive(self, *values: bytes, partition: int = 0) -> None:
        first = self._next[partition]
        self._next[partition] += len(values)
        offsets = list(range(first, first + len(values)))
        self.pipeline.take([Read(partition, offsets, [self.clock.wall_ms()] * len(values), list(values))])
        self.step()

    def step(self) -> None:
        for closed in self.pipeline.advance():
            self.deliverer.submit(closed)

    def pass_seconds(self, seconds: float) -> None:
        """Let time pass, functions answer, and deliveries end."""
        self.clock.advance(seconds)
        self.step()
        while self.functions.waiting:
            self.functions.finish()
        self.step()

    def delivered(self) -> dict[str, bytes]:
        """Wait for the deliveries under way; then bodies by key."""
        deadline = time.monotonic() + 10
        while len(self.deliverer):
            for closed in self.deliverer.finished():
                self.pipeline.buffers.delivered(closed)
            assert time.monotonic() < deadline
            time.sleep(0.002)
        return {key: request["Body"] for key, request in self.s3.objects.items()}

    def errors(self) -> list[dict[str, Any]]:
        return [json.loads(line) for key, body in self.delivered().items() if key.startswith("errors/") for line in body.splitlines()]

    def rows(self) -> list[dict[str, Any]]:
        files = [body for key, body in self.delivered().items() if key.endswith(".parquet")]
        return [row for body in files for row in pq.read_table(io.BytesIO(body)).to_pylist()]


def by_day(value: bytes) -> dict[str, Any]:
    result = ok("", value, {"day": json.loads(value).get("day", "1")})
    del result["recordId"]
    return result


@pytest.fixture
def make_stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def make(configured: StreamConfiguration | None = None, say: Callable[[bytes], dict[str, Any]] | None = by_day) -> Stage:
        made.append(Stage(tmp_path / str(len(made)), configured or configuration(), say))
        return made[-1]

    yield make
    for stage in made:
        stage.stopping.set()
        stage.deliverer.cancel_waiting()


def record(index: int, **changes: Any) -> bytes:
    return json.dumps({"id": index, "name": "n", **changes}).encode()


def test_records_become_rows_in_the_partition_of_their_keys(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.receive(record(1, day="a"), record(2, day="b"))
    stage.receive(record(3, day="a"), partition=1)
    stage.pass_seconds(60)
    assert stage.delivered() == {}
    stage.pass_seconds(300)
    assert sorted(row["id"] for row in stage.rows()) == [1, 2, 3]
    assert sorted(key.split("/")[1] for key in stage.delivered()) == ["day=a", "day=b"]
    assert stage.marks.positions() == {0: 2, 1: 1}


def test_an_object_is_named_and_labelled_as_firehose_does(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.receive(record(1))
    stage.pass_seconds(60)
    stage.pass_seconds(300)
    (key,) = stage.delivered()
    assert key.startswith("data/day=1/events-1-2026-11-24-00-00-00-")
    assert key.endswith(".parquet")
    assert stage.s3.objects[key]["ContentType"] == "application/octet-stream"
    assert "ContentEncoding" not in stage.s3.objects[key]


def test_the_position_waits_for_error_objects_too(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(say=lambda value: by_day(value) if value != b"bad" else {"result": "ProcessingFailed"})
    stage.receive(record(1), b"bad")
    stage.pass_seconds(60)
    assert stage.marks.positions()[0] == 0
    stage.pass_seconds(300)
    assert len(stage.errors()) == 1
    assert stage.marks.positions()[0] == 2


def test_the_lines_of_failed_transformations_have_the_captured_shape(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(say=lambda value: {"result": "ProcessingFailed"})
    stage.receive(b"bad")
    stage.pass_seconds(60)
    stage.pass_seconds(300)
    (key,) = stage.delivered()
    assert key.startswith("errors/processing-failed/events-1-")
    assert "." not in key
    (line,) = stage.errors()
    assert list(line) == ["rawData", "errorCode", "errorMessage", "attemptsMade", "arrivalTimestamp", "attemptEndingTimestamp", "lambdaARN"]
    assert (line["rawData"], line["attemptsMade"], line["arrivalTimestamp"]) == ("YmFk", 1, 1_795_478_400_000)


def test_a_record_that_does_not_convert_goes_to_the_error_output_and_its_neighbours_are_rows(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.receive(record(1), record(2, id="bad"), record(3))
    stage.pass_seconds(60)
    stage.pass_seconds(300)
    assert [row["id"] for row in stage.rows()] == [1, 3]
    (line,) = stage.errors()
    assert line["lastErrorCode"] == "DataFormatConversion.MalformedData"
    assert line["sequenceNumber"] == "1"
    assert line["dataCatalogTable"]["tableName"] == "events"
    assert stage.marks.positions()[0] == 3
    assert [(one["kind"], one["records"]) for one in read(stage.path) if one["event"] == "intent"] == [
        ("data", 2),
        ("format-conversion-failed", 1),
    ]
    assert (stage.metrics.totals["SucceedConversion.Records"], stage.metrics.totals["FailedConversion.Records"]) == (2, 1)


def test_a_buffer_in_which_nothing_converts_gives_an_error_object_only(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.receive(record(1, id="bad"))
    stage.pass_seconds(60)
    stage.pass_seconds(300)
    assert [key.split("/")[0] for key in stage.delivered()] == ["errors"]


def test_records_beyond_the_partition_limit_go_to_the_error_output(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.receive(*(record(index, day=str(index)) for index in range(502)))
    stage.pass_seconds(60)
    stage.pass_seconds(300)
    found = stage.errors()
    assert len(found) == 2
    assert {line["errorCode"] for line in found} == {"DynamicPartitioning.ActivePartitionsLimitExceeded"}
    assert sum(key.startswith("errors/activePartitionExceeded/") for key in stage.delivered()) == 1
    assert len(stage.rows()) == 500


def test_a_dropped_record_is_passed_by_the_position_and_leaves_nothing(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(say=lambda value: {"result": "Dropped"})
    stage.receive(b"a", b"b")
    stage.pass_seconds(60)
    assert stage.delivered() == {}
    assert stage.marks.positions()[0] == 2


def test_outcomes_are_taken_in_the_order_of_the_batches(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    for index in range(3):
        stage.receive(record(index))
        stage.clock.advance(60)
        stage.step()
    stage.functions.finish(2)
    stage.functions.finish(1)
    stage.step()
    assert len(stage.pipeline.buffers) == 0
    stage.functions.finish()
    stage.step()
    stage.clock.advance(300)
    stage.step()
    assert [row["id"] for row in stage.rows()] == [0, 1, 2]


def test_a_partition_has_five_invocations_outstanding_at_most(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    for index in range(9):
        stage.receive(record(index))
        stage.clock.advance(60)
        stage.step()
    assert len(stage.functions.waiting) == OUTSTANDING
    assert stage.pipeline.full_partitions() == {0}


def test_an_oversized_record_keeps_its_place_and_costs_nobody_else(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.receive(record(1), b"x" * (6 * 1024 * 1024 + 1), record(2))
    stage.pass_seconds(60)
    stage.pass_seconds(60)
    stage.pass_seconds(300)
    assert sorted(row["id"] for row in stage.rows()) == [1, 2]
    assert [line["errorCode"] for line in stage.errors()] == ["DataReadFromSource.RecordTooLarge"]
    assert stage.marks.positions()[0] == 3
    assert stage.metrics.totals["FailedValidation.Records"] == 1


def test_s3_is_tried_again_with_the_same_key_until_it_takes_the_object(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.s3.refusals = ["AccessDenied", "NoSuchBucket", "SlowDown"]
    stage.receive(record(1))
    stage.pass_seconds(60)
    stage.pass_seconds(300)
    deadline = time.monotonic() + 10
    while not stage.s3.objects and time.monotonic() < deadline:
        stage.clock.advance(10)
        time.sleep(0.01)
    assert len(stage.delivered()) == 1
    assert len(stage.s3.attempts) == 4
    assert len(set(stage.s3.attempts)) == 1
    assert stage.problems.text() is None


def test_without_a_schema_data_waits_and_nothing_is_put(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.schema.problems = [SchemaUnavailable("DataFormatConversion.EntityNotFound", "gone")] * 2
    stage.receive(record(1))
    stage.pass_seconds(60)
    stage.pass_seconds(300)
    deadline = time.monotonic() + 10
    while not stage.s3.objects and time.monotonic() < deadline:
        stage.clock.advance(10)
        time.sleep(0.01)
    assert len(stage.rows()) == 1


def test_a_change_of_configuration_closes_what_is_open_under_the_old_one(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.receive(record(1))
    assert list(stage.pipeline.drain()) == []
    assert stage.pipeline.is_transforming
    stage.functions.finish()
    (closed,) = stage.pipeline.drain()
    assert not stage.pipeline.is_transforming
    assert (closed.closed_by.value, closed.configuration.version_id) == ("configuration", "1")
    assert stage.pipeline.held_bytes == 0


def test_a_plain_stream_concatenates_values_as_they_are(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(plain_configuration(Prefix="raw/"), None)
    stage.receive(b"a", b"", b"b\n")
    stage.pass_seconds(300)
    ((key, body),) = stage.delivered().items()
    assert body == b"ab\n"
    assert key.startswith("raw/2026/11/24/00/events-1-2026-11-24-00-00-00-")
    assert stage.marks.positions()[0] == 3


def test_gzip_and_delimiters_are_applied_where_they_are_configured(make_stage: Callable[..., Stage]) -> None:
    processing = {"Enabled": True, "Processors": [{"Type": "AppendDelimiterToRecord", "Parameters": []}]}
    stage = make_stage(plain_configuration(CompressionFormat="GZIP", ProcessingConfiguration=processing), None)
    stage.receive(b"a", b"b")
    stage.pass_seconds(300)
    ((key, body),) = stage.delivered().items()
    assert gzip.decompress(body) == b"a\nb\n"
    assert key.endswith(".gz")
    assert stage.s3.objects[key]["ContentEncoding"] == "gzip"


def test_held_bytes_come_back_to_zero_when_all_is_delivered(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.receive(record(1), record(2))
    assert stage.pipeline.held_bytes == len(record(1)) + len(record(2))
    stage.pass_seconds(60)
    stage.pass_seconds(300)
    stage.delivered()
    assert (stage.pipeline.held_bytes, stage.deliverer.held_bytes) == (0, 0)


def test_every_metric_that_is_sent_has_a_unit_and_the_dimension_of_the_stream(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.receive(record(1))
    stage.pass_seconds(60)
    stage.pass_seconds(300)
    stage.delivered()
    stage.metrics.sample("ExecuteProcessing.Duration", 5.0)
    sent = list(stage.metrics.take("events"))
    assert {"DeliveryToS3.Records", "DeliveryToS3.Success", "SucceedProcessing.Records", "ExecuteProcessing.Duration"} <= {
        one["MetricName"] for one in sent
    }
    assert all(one["Unit"] == UNITS[one["MetricName"]] for one in sent)
    assert {one["Dimensions"][0]["Value"] for one in sent} == {"events"}
    assert list(stage.metrics.take("events")) == []


def test_bytes_of_conversion_are_counted_for_the_records_that_failed_and_for_the_others(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    good, bad = record(1), record(2, id="bad", name="longer than the other")
    stage.receive(good, bad)
    stage.pass_seconds(60)
    stage.pass_seconds(300)
    stage.delivered()
    assert (stage.metrics.totals["SucceedConversion.Bytes"], stage.metrics.totals["FailedConversion.Bytes"]) == (len(good), len(bad))
