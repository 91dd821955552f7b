"""What surrounds the records: the schema in Glue, the error log, the status file, the topic's identity."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from firehose_samples import configuration

from local_aws.clock import SteppedClock
from local_aws.firehose import startup, status
from local_aws.firehose.conversion_settings import SchemaReference
from local_aws.firehose.error_log import ErrorLog
from local_aws.firehose.errors import CannotStart, NotYet, Suspended
from local_aws.firehose.hive_types import Column, Plain
from local_aws.firehose.schema_source import SchemaSource, SchemaUnavailable
from local_aws.firehose.service import Service
from local_aws.firehose.source import Topic, check_identity
from local_aws.firehose.startup import check_schema
from local_aws.firehose.status import Status


class Glue:
    def __init__(self, answer: Any = None) -> None:
        self.answer = answer if answer is not None else {"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "string"}]}}
        self.calls: list[dict[str, Any]] = []

    def _answer(self, request: dict[str, Any]) -> Any:
        self.calls.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def get_table(self, **request: Any) -> dict[str, Any]:
        return {"Table": self._answer(request)}

    def get_table_version(self, **request: Any) -> dict[str, Any]:
        return {"TableVersion": {"Table": self._answer(request)}}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetTable")


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def schema_source(glue: Glue, version: str = "LATEST", seconds: Callable[[], float] | None = None) -> SchemaSource:
    return SchemaSource(SchemaReference("role", "db", "t", "us-east-1", "123456789012", version), lambda: glue, seconds or Seconds())


def test_the_columns_are_those_of_the_storage_descriptor() -> None:
    glue = Glue()
    assert schema_source(glue).get().columns == (Column("a", Plain("string")),)
    assert glue.calls == [{"CatalogId": "123456789012", "DatabaseName": "db", "Name": "t"}]


def test_a_newer_table_is_followed_after_a_while() -> None:
    glue, seconds = Glue(), Seconds()
    source = schema_source(glue, seconds=seconds)
    source.get()
    glue.answer = {"StorageDescriptor": {"Columns": [{"Name": "b", "Type": "int"}]}}
    assert source.get().columns[0].name == "a"
    seconds.now += 10
    assert source.get().columns[0].name == "b"


def test_a_pinned_version_is_read_once() -> None:
    glue, seconds = Glue(), Seconds()
    source = schema_source(glue, "3", seconds)
    source.get()
    seconds.now += 1000
    source.get()
    assert [call["VersionId"] for call in glue.calls] == ["3"]


@pytest.mark.parametrize(
    ("answer", "code", "gone"),
    [
        (refused("EntityNotFoundException"), "DataFormatConversion.EntityNotFound", True),
        (refused("AccessDeniedException"), "DataFormatConversion.AccessDenied", False),
        (refused("AccessDenied"), "DataFormatConversion.InvalidGlueRole", False),
        (refused("ThrottlingException"), "DataFormatConversion.ThrottledByGlue", False),
        (EndpointConnectionError(endpoint_url="x"), "DataFormatConversion.ThrottledByGlue", False),
        ({"StorageDescriptor": None}, "DataFormatConversion.InvalidSchema", True),
        ({"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "binary"}]}}, "DataFormatConversion.InvalidSchema", True),
    ],
)
def test_without_a_usable_schema_the_code_of_aws_is_given(answer: Any, code: str, gone: bool) -> None:
    with pytest.raises(SchemaUnavailable) as unavailable:
        schema_source(Glue(answer)).get()
    assert (unavailable.value.code, unavailable.value.gone) == (code, gone)


def test_creation_fails_without_the_table_and_waits_for_glue() -> None:
    with pytest.raises(CannotStart, match="EntityNotFound"):
        check_schema(schema_source(Glue(refused("EntityNotFoundException"))))
    with pytest.raises(NotYet):
        check_schema(schema_source(Glue(EndpointConnectionError(endpoint_url="x"))))


class Logs:
    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def put_log_events(self, **request: Any) -> None:
        self.sent.append(request)


LOGGED = {"Enabled": True, "LogGroupName": "group", "LogStreamName": "stream"}


def test_a_line_of_the_error_log_has_the_fields_of_firehose() -> None:
    logs, error_log, stream = Logs(), ErrorLog(), configuration(CloudWatchLoggingOptions=LOGGED)
    error_log.add(stream, "S3.AccessDenied", "no", "arn:function")
    error_log.send(stream, lambda: logs)
    (request,) = logs.sent
    assert (request["logGroupName"], request["logStreamName"]) == ("group", "stream")
    assert json.loads(request["logEvents"][0]["message"]) == {
        "deliveryStreamARN": stream.arn,
        "destination": "arn:aws:s3:::lake",
        "deliveryStreamVersionId": 1,
        "message": "no",
        "errorCode": "S3.AccessDenied",
        "processor": "arn:function",
    }


def test_a_code_that_comes_often_is_logged_once_in_a_while() -> None:
    logs, error_log, stream = Logs(), ErrorLog(), configuration(CloudWatchLoggingOptions=LOGGED)
    for code in ("a", "a", "b", "a"):
        error_log.add(stream, code, "text")
    error_log.send(stream, lambda: logs)
    assert len(logs.sent[0]["logEvents"]) == 2


def test_nothing_is_logged_where_logging_is_off() -> None:
    logs, error_log = Logs(), ErrorLog()
    error_log.add(configuration(), "a", "text")
    error_log.send(configuration(), lambda: logs)
    assert logs.sent == []


def test_a_log_that_cannot_be_written_holds_nothing_up() -> None:
    error_log, stream = ErrorLog(), configuration(CloudWatchLoggingOptions=LOGGED)
    error_log.add(stream, "a", "text")

    def absent() -> Any:
        raise refused("ResourceNotFoundException")

    error_log.send(stream, absent)


def test_a_status_is_read_back_as_written(tmp_path: Path) -> None:
    assert status.read(tmp_path) is None
    status.write(tmp_path, Status.SUSPENDED, ("UNKNOWN_ERROR", "gone"), {"lag": 5, "status": "an earlier one"})
    report = status.read(tmp_path)
    assert report is not None
    assert (report.status, report.failure, report.values["lag"]) == (Status.SUSPENDED, ("UNKNOWN_ERROR", "gone"), 5)


@pytest.mark.parametrize("found", [None, Topic("other", 3)])
def test_a_topic_that_is_gone_or_another_one_suspends_the_stream(found: Topic | None) -> None:
    with pytest.raises(Suspended):
        check_identity(found, "mine", "events")


def test_a_topic_that_is_the_same_goes_on() -> None:
    assert check_identity(Topic("mine", 4), "mine", "events").partitions == 4


def test_a_crash_is_told_by_the_process_that_comes_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise ValueError("boom")

    monkeypatch.setattr(startup, "describe", crash)
    with pytest.raises(ValueError, match="boom"):
        Service("events", tmp_path, SteppedClock(), "us-east-1").run()
    after = Service("events", tmp_path, SteppedClock(), "us-east-1")

    def stop(*_: object) -> None:
        after.ask_to_stop()
        raise NotYet("away")

    monkeypatch.setattr(startup, "describe", stop)
    after.run()
    report = status.read(tmp_path)
    assert report is not None
    assert report.values["problem"] == "crashed: ValueError: boom"
    crashed = {**report.values, "crashed": report.values["crashed"] - 600}
    status.write(tmp_path, Status.ACTIVE, None, crashed)
    Service("events", tmp_path, SteppedClock(), "us-east-1")._write({"problem": None})
    report = status.read(tmp_path)
    assert report is not None and report.values["problem"] is None
