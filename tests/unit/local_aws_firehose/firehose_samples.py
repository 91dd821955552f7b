"""Samples that the unit tests of this room share: a stream's description, batches, and a function that answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.firehose.configuration import StreamConfiguration, parse
from local_aws.firehose.position import Watermarks
from local_aws.firehose.records import Batch

ROLE = "arn:aws:iam::123456789012:role/firehose"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:transform:3"


def description(**destination: Any) -> dict[str, Any]:
    """A stream with a function, partitions by `day` and conversion; `destination` replaces fields of its destination."""
    extended = {
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::lake",
        "Prefix": "data/day=!{partitionKeyFromLambda:day}/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 300},
        "CompressionFormat": "UNCOMPRESSED",
        "DynamicPartitioningConfiguration": {"Enabled": True, "RetryOptions": {"DurationInSeconds": 300}},
        "ProcessingConfiguration": {"Enabled": True, "Processors": [function_processor()]},
        "DataFormatConversionConfiguration": conversion(),
        **destination,
    }
    return {
        "DeliveryStreamName": "events",
        "DeliveryStreamARN": "arn:aws:firehose:us-east-1:123456789012:deliverystream/events",
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamType": "MSKAsSource",
        "VersionId": "1",
        "Source": {
            "MSKSourceDescription": {
                "MSKClusterARN": "arn:aws:kafka:us-east-1:123456789012:cluster/c/1",
                "TopicName": "events",
                "AuthenticationConfiguration": {"RoleARN": ROLE, "Connectivity": "PRIVATE"},
                "ReadFromTimestamp": 0,
            }
        },
        "Destinations": [{"DestinationId": "d", "ExtendedS3DestinationDescription": {k: v for k, v in extended.items() if v is not None}}],
        "HasMoreDestinations": False,
    }


def function_processor(**parameters: str) -> dict[str, Any]:
    values = {"LambdaArn": FUNCTION, **parameters}
    return {"Type": "Lambda", "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in values.items()]}


def query_processor(query: str = "{day:.day}", **parameters: str) -> dict[str, Any]:
    values = {"MetadataExtractionQuery": query, "JsonParsingEngine": "JQ-1.6", **parameters}
    return {
        "Type": "MetadataExtraction",
        "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in values.items()],
    }


def conversion(**openx: Any) -> dict[str, Any]:
    return {
        "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "db", "TableName": "events"},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": openx}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    }


def configuration(**destination: Any) -> StreamConfiguration:
    return parse(description(**destination))


def plain_configuration(**destination: Any) -> StreamConfiguration:
    """A stream without function, partitions or conversion."""
    nothing = dict.fromkeys(
        ("DynamicPartitioningConfiguration", "ProcessingConfiguration", "DataFormatConversionConfiguration", "ErrorOutputPrefix", "Prefix")
    )
    return configuration(**{**nothing, **destination})


def batch(*values: bytes, partition: int = 0, first: int = 0, watermarks: Watermarks | None = None) -> Batch:
    marks = watermarks or Watermarks({partition: first})
    count = len(values)
    ticket = marks.ticket(partition, first + count, 1000)
    return Batch(partition, list(range(first, first + count)), [1000 + index for index in range(count)], list(values), ticket)


def answer(*results: Mapping[str, Any]) -> bytes:
    return json.dumps({"records": results}).encode()


def ok(record_id: str, payload: bytes, keys: Mapping[str, Any] | None = None) -> dict[str, Any]:
    metadata = {"metadata": {"partitionKeys": keys}} if keys is not None else {}
    return {"recordId": record_id, "result": "Ok", "kafkaRecordValue": base64.b64encode(payload).decode(), **metadata}


def names(values: Sequence[Any]) -> list[str]:
    return [str(value.value) for value in values]
