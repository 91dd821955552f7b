"""What a function's response means for each record."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from firehose_samples import answer, batch, ok

from local_aws.firehose import envelope
from local_aws.firehose.batching import request_bytes
from local_aws.firehose.prefixes import ErrorType, Prefix
from local_aws.firehose.records import Outcome
from local_aws.firehose.results import classify, untransformed

PREFIX = Prefix.parse("day=!{partitionKeyFromLambda:day}/")
THREE = batch(b"a", b"b", b"c")
IDS = envelope.record_ids(THREE)


def outcome(response: bytes, prefix: Prefix = PREFIX) -> Outcome:
    return classify(THREE, IDS, response, prefix)


def codes(found: Outcome) -> dict[int, str]:
    return {one.index: one.code for one in found.rejected}


def good(index: int, day: str = "1") -> dict[str, Any]:
    return ok(IDS[index], b"out", {"day": day})


def test_good_records_are_grouped_by_their_keys() -> None:
    found = outcome(answer(good(0), good(1, "2"), good(2)))
    assert found.groups == {("1",): [0, 2], ("2",): [1]}
    assert found.payloads[0] == b"out"
    assert not found.rejected


def test_results_are_matched_by_id_in_any_order() -> None:
    found = outcome(answer(ok(IDS[2], b"third", {"day": "1"}), good(0), good(1)))
    assert found.payloads == [b"out", b"out", b"third"]


def test_ids_that_were_not_sent_are_ignored() -> None:
    found = outcome(answer(good(0), good(1), good(2), ok("other", b"x", {"day": "1"})))
    assert found.groups == {("1",): [0, 1, 2]}


def test_a_dropped_record_leaves_nothing() -> None:
    found = outcome(answer(good(0), {"recordId": IDS[1], "result": "Dropped"}, good(2)))
    assert found.groups == {("1",): [0, 2]}
    assert found.dropped == 1
    assert not found.rejected


@pytest.mark.parametrize(
    ("second", "code"),
    [
        ({"recordId": IDS[1], "result": "ProcessingFailed"}, "Lambda.ProcessingFailedStatus"),
        ({"recordId": IDS[1], "result": "Fine"}, "Lambda.FunctionError"),
        ({"recordId": IDS[1], "result": 1}, "Lambda.FunctionError"),
        ({"recordId": IDS[1]}, "Lambda.FunctionError"),
        ({"recordId": IDS[1], "result": "Ok"}, "Lambda.InvalidReturnFormat"),
        ({"recordId": IDS[1], "result": "Ok", "data": "eA=="}, "Lambda.InvalidReturnFormat"),
        ({"recordId": IDS[1], "result": "Ok", "kafkaRecordValue": "%"}, "Lambda.JsonMappingException"),
        ({"recordId": IDS[1], "result": "Ok", "kafkaRecordValue": 5}, "Lambda.JsonMappingException"),
        ({"recordId": "other", "result": "Ok", "kafkaRecordValue": "eA=="}, "Lambda.MissingRecordId"),
        ("no object", "Lambda.MissingRecordId"),
        ({"result": "Ok"}, "Lambda.MissingRecordId"),
        (ok(IDS[1], b"x"), "DynamicPartitioning.MetadataExtractionFailed"),
        (ok(IDS[1], b"x", {}), "DynamicPartitioning.MetadataExtractionFailed"),
        (ok(IDS[1], b"x", {"day": ""}), "DynamicPartitioning.MetadataExtractionFailed"),
        (ok(IDS[1], b"x", {"day": None}), "DynamicPartitioning.MetadataExtractionFailed"),
        (ok(IDS[1], b"x", {"day": 5}), "DynamicPartitioning.MetadataExtractionFailed"),
        (ok(IDS[1], b"x", {"day": "x" * 600}), "DynamicPartitioning.MetadataExtractionFailed"),
        ({**ok(IDS[1], b"x"), "metadata": "text"}, "DynamicPartitioning.MetadataExtractionFailed"),
    ],
)
def test_a_bad_result_fails_its_record_and_no_other(second: Any, code: str) -> None:
    found = outcome(answer(good(0), second, good(2)))
    assert codes(found) == {1: code}
    assert found.groups == {("1",): [0, 2]}


def test_an_id_that_comes_twice_fails_that_record() -> None:
    assert codes(outcome(answer(good(0), good(1), good(1), good(2)))) == {1: "Lambda.DuplicatedRecordId"}


@pytest.mark.parametrize("response", [b"null", b"{}", b'{"records":null}', b'{"records":{}}', b'"text"', b"no json", b'{"records":[]}'])
def test_a_response_without_usable_records_leaves_every_record_without_its_id(response: bytes) -> None:
    assert codes(outcome(response)) == dict.fromkeys(range(3), "Lambda.MissingRecordId")


def test_other_keys_of_the_metadata_are_ignored() -> None:
    assert outcome(answer(*(ok(one, b"x", {"day": "1", "other": "2"}) for one in IDS))).groups == {("1",): [0, 1, 2]}


def test_keys_do_not_matter_to_a_prefix_without_them() -> None:
    assert outcome(answer(*(ok(one, b"x") for one in IDS)), Prefix.parse("raw/")).groups == {(): [0, 1, 2]}


def test_a_failed_transformation_keeps_the_input_and_a_failed_partitioning_the_output() -> None:
    found = outcome(answer({"recordId": IDS[0], "result": "ProcessingFailed"}, ok(IDS[1], b"out"), good(2)))
    assert {(one.error_type, one.raw) for one in found.rejected} == {
        (ErrorType.PROCESSING_FAILED, b"a"),
        (ErrorType.METADATA_EXTRACTION_FAILED, b"out"),
    }


def test_without_a_function_all_records_pass_as_they_are() -> None:
    found = untransformed(THREE)
    assert found.groups == {(): [0, 1, 2]}
    assert list(found.payloads) == [b"a", b"b", b"c"]


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    def make(*values: bytes, **options: int) -> dict[str, Any]:
        made = batch(*values, **options)
        body = envelope.event(made, envelope.record_ids(made), cluster_arn="cluster", stream_arn="stream", region="eu-west-1")
        parsed: dict[str, Any] = json.loads(body)
        return parsed

    return make


def test_the_event_has_the_shape_of_an_msk_source(event: Callable[..., dict[str, Any]]) -> None:
    sent = event(b"value", partition=3, first=17)
    assert list(sent) == ["invocationId", "sourceMSKArn", "deliveryStreamArn", "region", "records"]
    (record,) = sent["records"]
    assert record["recordId"].isdigit()
    assert {key: value for key, value in record.items() if key != "recordId"} == {
        "approximateArrivalTimestamp": 1000,
        "mskRecordMetadata": {"offset": "17", "partitionId": "3", "approximateArrivalTimestamp": 1000},
        "kafkaRecordValue": "dmFsdWU=",
    }


def test_a_record_never_needs_more_of_the_request_than_is_reckoned() -> None:
    made = batch(b"x" * 100, partition=9999, first=10**12)
    body = envelope.event(made, envelope.record_ids(made), cluster_arn="c", stream_arn="s", region="r")
    assert len(body[body.index(b"[") :]) <= request_bytes(100)


def test_every_attempt_has_an_invocation_id_and_every_record_an_id_of_its_own(event: Callable[..., dict[str, Any]]) -> None:
    first, second = event(b"a", b"b"), event(b"a", b"b")
    assert first["invocationId"] != second["invocationId"]
    assert len({record["recordId"] for record in first["records"]}) == 2
    assert first["records"] == second["records"]
