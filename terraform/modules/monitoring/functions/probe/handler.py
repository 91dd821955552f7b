"""Puts metrics of what has none: whether the stream is ACTIVE, and how many new objects its error area holds.

    StreamActive             1 if the stream is ACTIVE, else 0 (also where there is no such stream)
    ErrorObjects             objects of the error area written within the window
    ProcessingFailedObjects  those of them that hold refusals and failures of the transform

Namespace `$NAMESPACE`, dimension DeliveryStreamName; and ErrorObjects once more for each error type that was seen, with the
dimension ErrorOutputType beside it.

A schedule calls this function. The counts are of a sliding window, longer than the schedule's rate: looks that overlap,
come late, come twice (Scheduler delivers at least once) or are missed change nothing as long as an alarm takes the
highest. The window is by the objects' LastModified, for the date in their keys is that of their oldest record
(Firehose developer guide, "Custom prefixes for Amazon S3 objects"), which may be days old.

It needs nothing beyond the runtime's boto3: DescribeDeliveryStream, ListObjectsV2 and PutMetricData are older than any
runtime that is still offered.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

LOG = logging.getLogger(__name__)

PROCESSING_FAILED = "processing-failed"
"""The error type of records that the transform refused or failed on ("Handle failure in data transformation")."""


@dataclass(frozen=True)
class Settings:
    """What the function's environment says."""

    stream: str
    bucket: str
    error_prefix: str
    """Ends in `/`; error type and date (`yyyy/MM/dd/`) follow in every key."""
    window: timedelta
    lookback: timedelta
    """How old the date in a new object's key may be."""
    namespace: str

    @staticmethod
    def of(environment: Mapping[str, str]) -> Settings:
        """Raises:
        KeyError, ValueError: a variable is missing, or no number; only the module sets them.
        """
        return Settings(
            stream=environment["STREAM_NAME"],
            bucket=environment["BUCKET"],
            error_prefix=environment["ERROR_PREFIX"],
            window=timedelta(minutes=int(environment["WINDOW_MINUTES"])),
            lookback=timedelta(days=int(environment["LOOKBACK_DAYS"])),
            namespace=environment["NAMESPACE"],
        )


@dataclass(frozen=True)
class StreamState:
    """What DescribeDeliveryStream says."""

    status: str
    """A DeliveryStreamStatus, or `ABSENT` where there is no such stream."""
    failure: Mapping[str, str] | None = None
    """FailureDescription: `Type` and `Details`, where there is one."""

    @property
    def active(self) -> bool:
        return self.status == "ACTIVE"


def stream_state(firehose: Any, stream: str) -> StreamState:
    """The state of a stream; one that is gone is a state too, any other error is raised."""
    try:
        description = firehose.describe_delivery_stream(DeliveryStreamName=stream)["DeliveryStreamDescription"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
        return StreamState("ABSENT")
    return StreamState(description["DeliveryStreamStatus"], description.get("FailureDescription"))


def error_objects(s3: Any, settings: Settings, now: datetime) -> dict[str, int]:
    """Objects written within the window that ends at `now`, by error type; a type without any is 0.

    One listing per error type, which starts at the oldest date that a new object may carry: keys are listed in order,
    so what the error area has gathered before costs nothing.
    """
    counts: dict[str, int] = {}
    first_date = (now - settings.lookback).strftime("%Y/%m/%d/")
    for prefix in _error_types(s3, settings):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=prefix, StartAfter=prefix + first_date)
        new = sum(1 for page in pages for found in page.get("Contents", ()) if now - settings.window <= found["LastModified"])
        counts[prefix.removeprefix(settings.error_prefix).rstrip("/")] = new
    return counts


def _error_types(s3: Any, settings: Settings) -> Iterator[str]:
    """The prefixes of the error types that there are, each with its slash."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=settings.error_prefix, Delimiter="/")
    for page in pages:
        for found in page.get("CommonPrefixes", ()):
            yield found["Prefix"]


def metric_data(stream: str, state: StreamState, objects: Mapping[str, int], now: datetime) -> list[dict[str, Any]]:
    """What PutMetricData is given."""

    def datum(name: str, value: int, **more: str) -> dict[str, Any]:
        dimensions = [{"Name": key, "Value": text} for key, text in {"DeliveryStreamName": stream, **more}.items()]
        return {"MetricName": name, "Dimensions": dimensions, "Timestamp": now, "Unit": "Count", "Value": value}

    return [
        datum("StreamActive", int(state.active)),
        datum("ErrorObjects", sum(objects.values())),
        datum("ProcessingFailedObjects", objects.get(PROCESSING_FAILED, 0)),
        *(datum("ErrorObjects", count, ErrorOutputType=kind) for kind, count in objects.items() if count),
    ]


def look(settings: Settings, firehose: Any, s3: Any, cloudwatch: Any, now: datetime) -> dict[str, Any]:
    """One look; what was found goes to the log and back to the caller.

    The state is put before the error area is listed: that the bucket cannot be read must not hide that the stream stands
    still.
    """
    state = stream_state(firehose, settings.stream)
    if not state.active:
        LOG.error("stream %s is %s; FailureDescription: %s", settings.stream, state.status, json.dumps(state.failure))
    try:
        objects = error_objects(s3, settings, now)
    except ClientError:
        cloudwatch.put_metric_data(Namespace=settings.namespace, MetricData=metric_data(settings.stream, state, {}, now)[:1])
        raise
    cloudwatch.put_metric_data(Namespace=settings.namespace, MetricData=metric_data(settings.stream, state, objects, now))
    return {"stream": settings.stream, "status": state.status, "failure": state.failure, "error_objects": objects}


@cache
def _clients() -> tuple[Any, Any, Any]:
    return boto3.client("firehose"), boto3.client("s3"), boto3.client("cloudwatch")


def handler(_event: object, _context: object) -> dict[str, Any]:
    """Look once; the event carries nothing."""
    logging.getLogger().setLevel(logging.INFO)
    found = look(Settings.of(os.environ), *_clients(), datetime.now(UTC))
    LOG.info("%s", json.dumps(found))
    return found
