"""The real process against real brokers: a stack that this project does not have, and other kinds of streams."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from firehose_stage import Stream, function_processor, ok, partitioned, per_record, plain

pytestmark = pytest.mark.integration

MakeStream = Callable[..., Stream]


def by_region(value: bytes) -> dict[str, Any]:
    """The foreign stack's function: passes the value on, partitioned by its own field."""
    return ok(value, region=json.loads(value)["region"])


def order(index: int, **changes: Any) -> bytes:
    value = {"id": index, "amount": index / 2, "tags": ["a", "b"], "at": "2026-11-24T03:15:16.5Z", "region": f"r{index % 2}", **changes}
    return json.dumps(value).encode()


def test_a_foreign_stack_is_delivered_by_its_own_columns_keys_and_function(make_stream: MakeStream) -> None:
    stream = make_stream("foreign", partitioned("foreign"), partitions=2)
    stream.aws.function = per_record(by_region)
    stream.send(*(order(index) for index in range(50)))
    stream.send(*(order(index) for index in range(50, 100)), partition=1)
    stream.until(lambda: len(stream.rows()) == 100)
    rows = {row["id"]: row for row in stream.rows()}
    assert sorted(rows) == list(range(100))
    assert {(row["folder"], row["id"] % 2) for row in rows.values()} == {("region=r0", 0), ("region=r1", 1)}
    assert rows[7]["amount"] == 3.5
    assert rows[7]["tags"] == ["a", "b"]
    assert rows[7]["at"].isoformat() == "2026-11-24T03:15:16.500000"
    assert set(rows[7]) == {"id", "amount", "tags", "at", "folder"}
    stream.until(lambda: stream.status()["positions"] == {"0": 50, "1": 50} and stream.status()["lag"] == 0)
    assert all("/foreign-1-" in key and key.endswith(".parquet") for key in stream.objects("data/"))


def test_each_bad_record_goes_to_the_error_output_alone_with_its_code(make_stream: MakeStream) -> None:
    stream = make_stream("quarantine", partitioned("quarantine"))
    answers = {
        b"failed": {"result": "ProcessingFailed"},
        b"dropped": {"result": "Dropped"},
        b"unknown": {"result": "Fine"},
        b"no value": {"result": "Ok"},
        b"no base64": {"result": "Ok", "kafkaRecordValue": "%%%"},
        b"no keys": {"result": "Ok", "kafkaRecordValue": base64.b64encode(b'{"id":1}').decode()},
        b"empty key": ok(b'{"id":2}', region=""),
        b"no json": ok(b"text", region="x"),
        b"wrong type": ok(b'{"id":"text"}', region="x"),
        b"": {"result": "ProcessingFailed"},
    }
    stream.aws.function = per_record(lambda value: answers.get(value) or by_region(value))
    stream.cluster.update_topic("quarantine", {"max.message.bytes": "8000000"}, None)
    stream.send(*(key or None for key in answers), order(1), b"x" * 7_000_000)
    stream.until(lambda: len(stream.errors()) == 10 and len(stream.rows()) == 1)
    assert {(error["type"], error.get("errorCode") or error["lastErrorCode"]) for error in stream.errors()} == {
        ("processing-failed", "Lambda.ProcessingFailedStatus"),
        ("processing-failed", "Lambda.FunctionError"),
        ("processing-failed", "DataReadFromSource.RecordTooLarge"),
        ("processing-failed", "Lambda.InvalidReturnFormat"),
        ("processing-failed", "Lambda.JsonMappingException"),
        ("metadata-extraction-failed", "DynamicPartitioning.MetadataExtractionFailed"),
        ("format-conversion-failed", "DataFormatConversion.ParseError"),
        ("format-conversion-failed", "DataFormatConversion.MalformedData"),
    }
    assert base64.b64decode(next(error for error in stream.errors() if error["type"] == "processing-failed")["rawData"]) == b"failed"
    stream.until(lambda: stream.status()["positions"] == {"0": 12})


def test_partition_keys_by_query_are_taken_from_what_the_function_returned(make_stream: MakeStream) -> None:
    query = {"MetadataExtractionQuery": "{region:.region}", "JsonParsingEngine": "JQ-1.6"}
    extraction = {
        "Type": "MetadataExtraction",
        "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in query.items()],
    }
    destination = partitioned(
        "queried",
        Prefix="queried/data/region=!{partitionKeyFromQuery:region}/",
        ProcessingConfiguration={"Enabled": True, "Processors": [extraction, function_processor()]},
    )
    stream = make_stream("queried", destination)
    stream.aws.function = per_record(lambda value: ok(value.replace(b"r0", b"zero")))
    stream.send(*(order(index) for index in range(4)), order(4, region=None), b"no json")
    stream.until(lambda: len(stream.rows()) == 4 and len(stream.errors()) == 2)
    assert sorted((row["id"], row["folder"]) for row in stream.rows()) == [
        (0, "region=zero"),
        (1, "region=r1"),
        (2, "region=zero"),
        (3, "region=r1"),
    ]
    assert {(error["type"], error["errorCode"]) for error in stream.errors()} == {
        ("metadata-extraction-failed", "DynamicPartitioning.MetadataExtractionFailed")
    }
    assert {base64.b64decode(error["rawData"]) for error in stream.errors()} == {order(4, region=None), b"no json"}
    stream.until(lambda: stream.status()["positions"] == {"0": 6})


def test_a_stream_without_read_from_timestamp_reads_on_from_when_it_became_active_and_added_partitions_whole(
    make_stream: MakeStream,
) -> None:
    stream = make_stream("latest", plain("latest"), read_from=None, start=False)
    stream.send(b"before")
    stream.supervisor.start("latest", stream.aws.service)
    stream.until(lambda: stream.supervisor.state("latest").status.value == "ACTIVE")
    stream.send(b"after")
    stream.cluster.update_topic("latest", None, 2)
    stream.until(lambda: _sent(stream, b"added", 1))
    stream.until(lambda: b"added" in b"".join(stream.objects().values()))
    assert sorted(b"".join(stream.objects().values())) == sorted(b"afteradded")


def test_an_update_of_the_destination_closes_open_buffers_under_the_old_configuration(make_stream: MakeStream) -> None:
    stream = make_stream("updated", plain("updated", BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900}))
    stream.send(b"old")
    stream.until(lambda: stream.status().get("open_buffers") == 1)
    changed = plain("updated", Prefix="updated/data/new/")
    described = dict(stream.aws.streams["updated"])
    described |= {"VersionId": "2", "Destinations": [{"DestinationId": "1", "ExtendedS3DestinationDescription": changed}]}
    stream.aws.streams["updated"] = described
    stream.until(stream.objects)
    stream.until(lambda: stream.status()["version_id"] == "2")
    stream.send(b"new")
    stream.until(lambda: len(stream.objects()) == 2)
    delivered = {body: key for key, body in stream.objects().items()}
    assert "/updated-1-" in delivered[b"old"]
    assert delivered[b"new"].startswith("updated/data/new/") and "/updated-2-" in delivered[b"new"]
    assert [line["closed_by"] for line in stream.ledger() if line["event"] == "intent"] == ["configuration", "interval"]


def _sent(stream: Stream, value: bytes, partition: int) -> bool:
    metadata = stream.producer.list_topics(stream.name, timeout=5)
    if len(metadata.topics[stream.name].partitions) <= partition:
        return False
    stream.send(value, partition=partition)
    return True


def test_a_stream_that_is_created_again_starts_at_its_own_read_from_timestamp_not_where_the_one_before_was(make_stream: MakeStream) -> None:
    stream = make_stream("replaced", plain("replaced"))
    stream.send(b"one")
    stream.until(lambda: stream.status().get("positions") == {"0": 1})
    stream.supervisor.stop("replaced")
    stream.supervisor.start("replaced", stream.aws.service)
    stream.until(lambda: list(stream.objects().values()) == [b"one", b"one"])
    assert stream.status()["redelivered_records"] == 0  # to this stream they are new
