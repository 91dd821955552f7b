"""Prefixes, Java patterns, and names of objects."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from local_aws.firehose.java_time import BadPattern, compile_pattern
from local_aws.firehose.prefixes import BadPrefix, ErrorType, Instance, Prefix, object_name, shortest

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
MOMENT_MS = int(MOMENT.timestamp() * 1000)


def instance(*keys: str, zone: str = "UTC", error_type: ErrorType | None = None) -> Instance:
    return Instance(MOMENT_MS, ZoneInfo(zone), keys, error_type)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy/MM/dd/HH", "2026/01/02/03"),
        ("'year='yyyy'/month='M", "year=2026/month=1"),
        ("yy", "26"),
        ("MMM MMMM EEE EEEE", "Jan January Fri Friday"),
        ("DDD", "002"),
        ("hh:mm:ss a", "03:04:05 AM"),
        ("SSS", "678"),
        ("''yyyy''", "'2026'"),
        ("yyyy-MM-dd'T'HH:mmX", "2026-01-02T03:04Z"),
        ("Q", "1"),
        ("[yyyy]", "2026"),
    ],
)
def test_a_java_pattern_formats_as_in_java(pattern: str, text: str) -> None:
    assert compile_pattern(pattern)(MOMENT) == text


def test_an_offset_is_that_of_the_zone() -> None:
    local = MOMENT.astimezone(ZoneInfo("Asia/Kolkata"))
    assert compile_pattern("XXX xx Z")(local) == "+05:30 +0530 +0530"


@pytest.mark.parametrize("pattern", ["YYYY", "ww", "b", "'open", "{yyyy}"])
def test_a_pattern_that_is_not_understood_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        compile_pattern(pattern)


def test_a_prefix_without_expressions_gets_the_hour_appended_literally() -> None:
    assert Prefix.parse("raw").evaluate(instance()) == "raw2026/01/02/03/"
    assert Prefix.parse("").evaluate(instance()) == "2026/01/02/03/"


def test_nothing_is_appended_to_a_prefix_with_any_expression() -> None:
    assert Prefix.parse("day=!{partitionKeyFromLambda:day}/").evaluate(instance("2026-01-02")) == "day=2026-01-02/"


def test_all_timestamps_of_a_prefix_share_the_instant_of_the_oldest_record_in_the_zone_of_the_stream() -> None:
    prefix = Prefix.parse("!{timestamp:yyyy-MM-dd}/!{timestamp:HH}/")
    assert prefix.evaluate(instance()) == "2026-01-02/03/"
    assert prefix.evaluate(instance(zone="America/New_York")) == "2026-01-01/22/"


def test_keys_are_used_as_often_as_the_prefix_names_them() -> None:
    prefix = Prefix.parse("!{partitionKeyFromLambda:a}/!{partitionKeyFromLambda:b}/!{partitionKeyFromLambda:a}/")
    assert prefix.lambda_keys == ("a", "b")
    assert prefix.evaluate(instance("x", "y")) == "x/y/x/"


def test_a_random_string_has_eleven_characters_and_is_new_at_every_use() -> None:
    first, second = Prefix.parse("!{firehose:random-string}/!{firehose:random-string}").evaluate(instance()).split("/")
    assert len(first) == len(second) == 11
    assert first != second


def test_an_error_prefix_tells_the_type_of_the_error() -> None:
    prefix = Prefix.parse("errors/!{firehose:error-output-type}/!{timestamp:yyyy}/")
    assert prefix.evaluate_error(instance(error_type=ErrorType.PROCESSING_FAILED)) == "errors/processing-failed/2026/"


def test_a_plain_error_prefix_gets_type_and_hour_appended() -> None:
    evaluated = Prefix.parse("errors/").evaluate_error(instance(error_type=ErrorType.FORMAT_CONVERSION_FAILED))
    assert evaluated == "errors/format-conversion-failed/2026/01/02/03/"


@pytest.mark.parametrize("text", ["!{timestamp:YYYY}/", "!{unknown:x}/", "!{firehose:other}", "!{timestamp:yyyy"])
def test_a_prefix_that_aws_would_not_understand_is_refused(text: str) -> None:
    with pytest.raises(BadPrefix):
        Prefix.parse(text)


def test_an_object_is_named_by_stream_version_instant_and_uuid() -> None:
    name = object_name("events", "3", oldest_ms=MOMENT_MS, zone=ZoneInfo("UTC"), unique="u-u", extension=".parquet")
    assert name == "events-3-2026-01-02-03-04-05-u-u.parquet"


def test_a_key_that_a_prefix_names_twice_counts_twice() -> None:
    prefix = Prefix.parse("a=!{partitionKeyFromLambda:a}/b=!{partitionKeyFromLambda:b}/again=!{partitionKeyFromLambda:a}/")
    keys = ("x" * 100, "yy")
    assert shortest(prefix, keys) == len(prefix.evaluate(instance(*keys)))
