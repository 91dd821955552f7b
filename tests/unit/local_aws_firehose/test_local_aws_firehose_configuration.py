"""Reading a stream's configuration: AWS's defaults, and refusals by name."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from firehose_samples import (
    FUNCTION,
    ROLE,
    configuration,
    conversion,
    description,
    function_processor,
    plain_configuration,
    query_processor,
)

from local_aws.firehose.configuration import parse
from local_aws.firehose.conversion_settings import MIB, OpenX
from local_aws.firehose.errors import NotSupportedLocally, RefusedByAws


def test_a_description_is_read_whole() -> None:
    stream = configuration()
    assert (stream.name, stream.version_id, stream.region, stream.account) == ("events", "1", "us-east-1", "123456789012")
    assert stream.source.read_from == datetime(1970, 1, 1, tzinfo=UTC)
    assert stream.destination.bucket == "lake"
    assert stream.destination.extension == ".parquet"
    assert stream.destination.partition_limit == 500


def test_the_input_of_create_delivery_stream_is_read_alike() -> None:
    described = description()
    request = {
        "DeliveryStreamName": "events",
        "DeliveryStreamType": "MSKAsSource",
        "MSKSourceConfiguration": described["Source"]["MSKSourceDescription"],
        "ExtendedS3DestinationConfiguration": described["Destinations"][0]["ExtendedS3DestinationDescription"],
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert parse(request).destination.transform == parse(described).destination.transform


def test_absent_processor_parameters_have_the_defaults_of_aws() -> None:
    transform = configuration().destination.transform
    assert transform is not None
    assert (transform.function_arn, transform.role_arn) == (FUNCTION, ROLE)
    assert (transform.retries, transform.size_bytes, transform.interval_seconds) == (3, MIB, 60)


def test_absent_buffering_hints_have_the_defaults_of_aws() -> None:
    assert configuration(BufferingHints=None).destination.size_bytes == 128 * MIB
    plain = plain_configuration(BufferingHints=None).destination
    assert (plain.size_bytes, plain.interval_seconds) == (5 * MIB, 300)


def test_absent_enabled_means_on_for_conversion_and_off_for_processing() -> None:
    assert configuration().destination.conversion is not None
    processing = {"Processors": [function_processor()]}
    assert plain_configuration(ProcessingConfiguration=processing).destination.transform is None


def test_conversion_that_is_switched_off_is_not_done() -> None:
    assert configuration(DataFormatConversionConfiguration={**conversion(), "Enabled": False}).destination.conversion is None


def test_openx_settings_are_read() -> None:
    settings = conversion(CaseInsensitive=False, ConvertDotsInJsonKeysToUnderscores=True, ColumnToJsonKeyMappings={"ts": "timestamp"})
    found = configuration(DataFormatConversionConfiguration=settings).destination.conversion
    assert found is not None
    assert found.openx == OpenX(False, True, {"ts": "timestamp"})


def test_a_delimiter_is_appended_where_a_processor_asks_for_it() -> None:
    processing = {"Enabled": True, "Processors": [{"Type": "AppendDelimiterToRecord", "Parameters": []}]}
    assert plain_configuration(ProcessingConfiguration=processing).destination.delimiter == b"\n"


BY_QUERY = {"Prefix": "data/day=!{partitionKeyFromQuery:day}/"}


@pytest.mark.parametrize("processors", [[function_processor(), query_processor()], [query_processor(), function_processor()]])
def test_a_query_and_a_function_are_read_in_either_order(processors: list[dict[str, Any]]) -> None:
    destination = configuration(ProcessingConfiguration={"Enabled": True, "Processors": processors}, **BY_QUERY).destination
    assert destination.query == "{day:.day}"
    assert destination.transform is not None
    assert (destination.prefix.lambda_keys, destination.prefix.query_keys) == ((), ("day",))


def test_a_query_needs_no_function() -> None:
    destination = configuration(ProcessingConfiguration={"Enabled": True, "Processors": [query_processor()]}, **BY_QUERY).destination
    assert (destination.transform, destination.query) == (None, "{day:.day}")


def _conversion_with(part: str, *path: str, value: Any) -> dict[str, Any]:
    changed: dict[str, Any] = copy.deepcopy(conversion())
    place = changed[part]
    for step in path[:-1]:
        place = place.setdefault(step, {})
    place[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"CompressionFormat": "ZIP"}, "CompressionFormat"),
        ({"CompressionFormat": "Snappy"}, "CompressionFormat"),
        ({"S3BackupMode": "Enabled"}, "S3BackupMode"),
        ({"SomethingNew": {"Enabled": True}}, "SomethingNew"),
        ({"CustomTimeZone": "Nowhere/City"}, "CustomTimeZone"),
        ({"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "RecordDeAggregation"}]}}, "Processors[0].Type"),
        ({"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Decompression"}]}}, "Processors[0].Type"),
        ({"ProcessingConfiguration": {"Enabled": True, "Processors": [query_processor(Other="x")]}, **BY_QUERY}, "Other"),
        ({"ProcessingConfiguration": {"Enabled": True, "Processors": [function_processor(SubRecordType="JSON")]}}, "SubRecordType"),
        (
            {"DataFormatConversionConfiguration": _conversion_with("OutputFormatConfiguration", "Serializer", value={"OrcSerDe": {}})},
            "Serializer",
        ),
        (
            {
                "DataFormatConversionConfiguration": _conversion_with(
                    "InputFormatConfiguration", "Deserializer", value={"HiveJsonSerDe": {}}
                )
            },
            "HiveJsonSerDe",
        ),
        (
            {
                "DataFormatConversionConfiguration": _conversion_with(
                    "OutputFormatConfiguration", "Serializer", "ParquetSerDe", "MaxPaddingBytes", value=8
                )
            },
            "MaxPaddingBytes",
        ),
    ],
)
def test_what_is_not_implemented_is_refused_by_the_name_of_its_field(change: dict[str, Any], named: str) -> None:
    with pytest.raises(NotSupportedLocally) as refused:
        configuration(**change)
    assert named in refused.value.path
    assert named in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        {"ErrorOutputPrefix": None},
        {"ErrorOutputPrefix": "errors/!{timestamp:yyyy}/"},
        {"ErrorOutputPrefix": "errors/!{partitionKeyFromLambda:day}/!{firehose:error-output-type}/"},
        {"Prefix": "!{firehose:error-output-type}/"},
        {"Prefix": "data/"},
        {"Prefix": "data/!{timestamp:YYYY}/"},
        {"DynamicPartitioningConfiguration": None},
        {"ProcessingConfiguration": None},
        {"BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 60}},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [function_processor(), function_processor()]}},
        {"Prefix": "!{partitionKeyFromQuery:day}/"},
        {"ErrorOutputPrefix": "errors/!{partitionKeyFromQuery:day}/!{firehose:error-output-type}/"},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "MetadataExtraction"}]}, **BY_QUERY},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [query_processor("{day:.day")]}, **BY_QUERY},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [query_processor(JsonParsingEngine="JQ-1.7")]}, **BY_QUERY},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [query_processor(), query_processor()]}, **BY_QUERY},
        {"ProcessingConfiguration": {"Enabled": False, "Processors": [query_processor()]}, **BY_QUERY},
    ],
)
def test_what_aws_refuses_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RefusedByAws):
        configuration(**change)


@pytest.mark.parametrize("kind", ["DirectPut", "KinesisStreamAsSource", "DatabaseAsSource"])
def test_other_sources_are_refused(kind: str) -> None:
    with pytest.raises(NotSupportedLocally, match="DeliveryStreamType"):
        parse(description() | {"DeliveryStreamType": kind})


def test_other_destinations_are_refused() -> None:
    described = description()
    described["Destinations"] = [{"DestinationId": "d", "HttpEndpointDestinationDescription": {"EndpointConfiguration": {}}}]
    with pytest.raises(NotSupportedLocally, match="HttpEndpointDestinationDescription"):
        parse(described)
