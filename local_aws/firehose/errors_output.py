"""Error objects: one JSON document a line, in the shapes that Firehose was seen to write.

"Handle failure in data transformation" and "Handling errors for data format conversion" document the fields; captured
objects differ from the pages: `lambdaARN`, counts and times as numbers, `lastErrorCode` and `lastErrorMessage`,
`roleArn` at the end of `dataCatalogTable`. The captured spelling is written here. No capture shows a record that failed
for its partition keys; it gets the fields of a failed transformation, with what the function returned as `rawData`.
`rawData` of a conversion failure is likewise what conversion received.
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from local_aws.firehose.configuration import StreamConfiguration
from local_aws.firehose.records import Rejected

_encode = msgspec.json.Encoder().encode


def rejected_line(configuration: StreamConfiguration, rejected: Rejected, arrival_ms: int, ended_ms: int) -> bytes:
    """The line of a record that failed before it reached a buffer."""
    transform = configuration.destination.transform
    line: dict[str, Any] = {
        "rawData": base64.b64encode(rejected.raw).decode(),
        "errorCode": rejected.code,
        "errorMessage": rejected.message,
        "attemptsMade": rejected.attempts,
        "arrivalTimestamp": arrival_ms,
        "attemptEndingTimestamp": ended_ms,
    }
    if transform is not None:
        line["lambdaARN"] = transform.function_arn
    return _encode(line) + b"\n"


def conversion_line(
    configuration: StreamConfiguration, *, code: str, message: str, raw: bytes, offset: int, arrival_ms: int, ended_ms: int, version: str
) -> bytes:
    """The line of a record that did not convert; `sequenceNumber` is its Kafka offset (for MSK: AWS unknown)."""
    conversion = configuration.destination.conversion
    if conversion is None:
        raise ValueError("a stream without conversion has no conversion errors")
    schema = conversion.schema
    return (
        _encode(
            {
                "attemptsMade": 1,
                "arrivalTimestamp": arrival_ms,
                "lastErrorCode": code,
                "lastErrorMessage": message,
                "attemptEndingTimestamp": ended_ms,
                "rawData": base64.b64encode(raw).decode(),
                "sequenceNumber": str(offset),
                "subSequenceNumber": None,
                "dataCatalogTable": {
                    "catalogId": schema.catalog_id,
                    "databaseName": schema.database,
                    "tableName": schema.table,
                    "region": schema.region,
                    "versionId": version,
                    "catalogArn": None,
                    "roleArn": schema.role_arn,
                },
            }
        )
        + b"\n"
    )
