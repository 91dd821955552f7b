"""What of a stack holds data, before it is destroyed: objects, former versions, records that the topic still keeps.

Read-only. A count that would take too long stops at a limit, and says so; brokers that cannot be reached from here (on
AWS they are in private subnets) leave the records uncounted, never counted as none.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.exceptions
from confluent_kafka import Consumer, KafkaException, TopicPartition

import kafka_access
from console import PipelineError
from kafka_access import confluent
from stack import StackOutputs

LONGEST_COUNT = 100_000
"""Versions of objects after which a bucket's count stops: 100 requests."""
_BROKER_SECONDS = 5.0


@dataclass(frozen=True)
class Objects:
    """What a bucket holds: versions of objects, former ones and delete markers too, since each keeps a bucket from going."""

    count: int
    bytes: int
    complete: bool
    """False where counting stopped at the limit: there are more."""

    def __str__(self) -> str:
        return f"{'' if self.complete else 'more than '}{self.count:,} objects, {self.bytes / 2**20:,.1f} MiB"


@dataclass(frozen=True)
class Holding:
    """One thing that holds data; `holds` is for people."""

    kind: str
    name: str
    holds: str
    empty: bool | None
    """None where it could not be told."""


def of(outputs: StackOutputs, backend: Mapping[str, Any], session: boto3.session.Session) -> list[Holding]:
    """What of this stack holds data. The state's bucket stays; it is named so that nobody looks for it."""
    state = boto3.session.Session(region_name=backend.get("region")).client("s3")
    return [
        _bucket("bucket", outputs.bucket, session.client("s3")),
        _topic(outputs, session),
        _bucket("state bucket (stays)", str(backend["bucket"]), state),
    ]


def objects(s3: Any, bucket: str, limit: int = LONGEST_COUNT) -> Objects:
    """Count a bucket's versions and delete markers, up to about `limit`."""
    count = size = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": min(limit, 1_000)}):
        versions = page.get("Versions", [])
        count += len(versions) + len(page.get("DeleteMarkers", []))
        size += sum(version["Size"] for version in versions)
        if count >= limit and page.get("IsTruncated"):
            return Objects(count, size, complete=False)
    return Objects(count, size, complete=True)


def _bucket(kind: str, name: str, s3: Any) -> Holding:
    try:
        found = objects(s3, name)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        return Holding(kind, name, f"not counted: {error}", None)
    return Holding(kind, name, str(found), found.count == 0)


def _topic(outputs: StackOutputs, session: boto3.session.Session) -> Holding:
    try:
        described = session.client("kafka").describe_topic(ClusterArn=outputs.kafka_cluster_arn, TopicName=outputs.kafka_topic)
        kept = f"kept {_retention(described.get('Configs'))}"
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        return Holding("topic", outputs.kafka_topic, f"not described: {error}", None)
    try:
        records = _records(outputs, int(described["PartitionCount"]))
    except (KafkaException, PipelineError) as error:
        return Holding("topic", outputs.kafka_topic, f"records not counted ({str(error).splitlines()[0]}), {kept}", None)
    return Holding("topic", outputs.kafka_topic, f"{records:,} records, {kept}", records == 0)


def _records(outputs: StackOutputs, partitions: int) -> int:
    """Offsets that the topic keeps; control records and compacted gaps count as well."""
    connection = kafka_access.Connection.of(outputs.kafka_bootstrap_brokers, outputs.kafka_auth, outputs.aws_region)
    kafka_access.check(connection, outputs.kafka_topic, timeout=_BROKER_SECONDS)
    consumer = Consumer(confluent.client_config(connection) | {"group.id": "operations-holdings", "enable.auto.commit": False})
    try:
        ends = (
            consumer.get_watermark_offsets(TopicPartition(outputs.kafka_topic, number), timeout=_BROKER_SECONDS)
            for number in range(partitions)
        )
        return sum(high - low for low, high in ends)
    finally:
        consumer.close()


def _retention(configs: str | None) -> str:
    """`for 72 hours` from a topic's configuration: base64 of a JSON object (MSK API reference, DescribeTopic)."""
    found = json.loads(base64.b64decode(configs)) if configs else {}
    milliseconds = str(found.get("retention.ms", ""))
    if milliseconds == "-1":
        return "without end"
    return f"for {int(milliseconds) / 3_600_000:g} hours" if milliseconds.isdecimal() else "for an unknown time"
