"""Partition keys by inline jq: what a query gives, and what becomes of records that give no key."""

from __future__ import annotations

import json

import pytest
from firehose_samples import batch

from local_aws.firehose.extraction import BadQuery, Extraction
from local_aws.firehose.prefixes import EVALUATED_LIMIT, ErrorType, Prefix
from local_aws.firehose.records import Outcome, Rejected
from local_aws.firehose.results import untransformed

BY_DAY = Prefix.parse("data/day=!{partitionKeyFromQuery:day}/")
FAILED = "DynamicPartitioning.MetadataExtractionFailed"


def extract(*payloads: bytes, query: str = "{day:.day}", prefix: Prefix = BY_DAY) -> Outcome:
    return Extraction(query, prefix).extract(untransformed(batch(*payloads)))


def test_records_are_grouped_by_what_the_query_gives() -> None:
    found = extract(b'{"day":"1"}', b'{"day":"2"}', b'{"day":"1"}')
    assert found.groups == {("1",): [0, 2], ("2",): [1]}
    assert found.rejected == []


def test_a_query_may_compute_its_key() -> None:
    found = extract(b'{"at":0}', query='{day: .at | strftime("%Y-%m-%d")}')
    assert found.groups == {("1970-01-01",): [0]}


@pytest.mark.parametrize(("value", "key"), [(5, "5"), (2.5, "2.5"), (5.0, "5"), (True, "true"), (False, "false"), ("a/b", "a/b")])
def test_a_key_that_is_no_text_becomes_text(value: object, key: str) -> None:
    assert extract(json.dumps({"day": value}).encode()).groups == {(key,): [0]}


@pytest.mark.parametrize("payload", [b"{}", b'{"day":null}', b'{"day":""}'])
def test_a_missing_null_or_empty_key_fails_its_record_with_the_message_of_aws(payload: bytes) -> None:
    found = extract(payload, b'{"day":"1"}')
    [failed] = found.rejected
    assert (failed.index, failed.error_type, failed.code) == (0, ErrorType.METADATA_EXTRACTION_FAILED, FAILED)
    assert (failed.message, failed.raw, failed.attempts) == ("partitionKeys values must not be null or empty", payload, 1)
    assert found.groups == {("1",): [1]}


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b"text", "Invalid literal"),
        (b"\xff{}", "not UTF-8"),
        (b"", "one object a record"),
        (b"[]", "Cannot index array"),
        (b'{"day":"1"}{"day":"1"}', "one object a record"),
        (b'{"day":{"a":1}}', "array or an object"),
    ],
)
def test_what_gives_no_key_fails_alone_and_says_why(payload: bytes, says: str) -> None:
    found = extract(b'{"day":"1"}', payload)
    assert found.groups == {("1",): [0]}
    [failed] = found.rejected
    assert (failed.code, failed.raw) == (FAILED, payload)
    assert says in failed.message


def test_a_query_that_gives_no_object_fails_its_records() -> None:
    assert [one.code for one in extract(b'{"day":"1"}', query=".day").rejected] == [FAILED]


def test_keys_of_function_and_query_together_make_the_prefix() -> None:
    prefix = Prefix.parse(
        "!{partitionKeyFromQuery:day}/!{partitionKeyFromLambda:region}/!{partitionKeyFromQuery:hour}/!{partitionKeyFromQuery:day}/"
    )
    assert (prefix.lambda_keys, prefix.query_keys) == (("region",), ("day", "hour"))
    start = untransformed(batch(b'{"day":"1","hour":7}', b'{"day":"2","hour":8}'))
    start.groups.clear()
    start.groups.update({("eu",): [0], ("us",): [1]})
    found = Extraction("{day,hour}", prefix).extract(start)
    assert found.groups == {("eu", "1", "7"): [0], ("us", "2", "8"): [1]}


def test_records_that_failed_before_are_left_as_they_are_and_keep_their_order() -> None:
    start = untransformed(batch(b"a", b"b", b'{"day":"1"}'))
    start.groups[()] = [0, 2]
    start.rejected.append(Rejected(1, ErrorType.PROCESSING_FAILED, "Lambda.FunctionError", "no", b"b"))
    found = Extraction("{day:.day}", BY_DAY).extract(start)
    assert [(one.index, one.code) for one in found.rejected] == [(0, FAILED), (1, "Lambda.FunctionError")]
    assert found.groups == {("1",): [2]}


def test_a_prefix_that_a_key_makes_too_long_fails_its_record() -> None:
    found = extract(json.dumps({"day": "x" * EVALUATED_LIMIT}).encode())
    assert found.groups == {}
    assert [one.code for one in found.rejected] == [FAILED]


def test_a_query_that_jq_refuses_is_refused_with_its_words() -> None:
    with pytest.raises(BadQuery, match="syntax error"):
        Extraction("{day:.day", BY_DAY)
