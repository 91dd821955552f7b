"""The event that Firehose sends to a transformation function for an MSK source.

No developer guide page shows the whole event; the shape is that of AWS's own Java events library (class
MSKFirehoseEvent): `offset` and `partitionId` are strings, timestamps are milliseconds, the payload is
`kafkaRecordValue`. The record id is opaque; here it is the partition and the offset in as many digits as AWS uses, so
that it is the same when a batch is read again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import msgspec

from local_aws.firehose.records import Batch


class _Metadata(msgspec.Struct, gc=False):
    offset: str
    partitionId: str
    approximateArrivalTimestamp: int


class _Record(msgspec.Struct, gc=False):
    recordId: str
    approximateArrivalTimestamp: int
    mskRecordMetadata: _Metadata
    kafkaRecordValue: bytes


class _Event(msgspec.Struct):
    invocationId: str
    sourceMSKArn: str
    deliveryStreamArn: str
    region: str
    records: list[_Record]


_encode = msgspec.json.Encoder().encode


def record_ids(batch: Batch) -> list[str]:
    """One id a record, in order."""
    partition = f"{batch.partition:030d}"
    return [f"{partition}{offset:032d}" for offset in batch.offsets]


def event(batch: Batch, ids: Sequence[str], *, cluster_arn: str, stream_arn: str, region: str) -> bytes:
    """The request body of one invocation; each attempt has an id of its own."""
    partition = str(batch.partition)
    records = [
        _Record(record_id, arrival, _Metadata(str(offset), partition, arrival), value)
        for record_id, offset, arrival, value in zip(ids, batch.offsets, batch.arrivals, batch.values, strict=True)
    ]
    return _encode(_Event(str(uuid.uuid4()), cluster_arn, stream_arn, region, records))
