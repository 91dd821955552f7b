"""One thing changed behind Terraform's back: an apply names exactly it, nothing else, and puts it right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from shapes import Shape, changed

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.parametrize("shape", ["prod"], indirect=True)]


@dataclass(frozen=True)
class Drift:
    """A change through the AWS API: which resource it hits, which of its arguments, and how the setting reads."""

    address: str
    attribute: str
    change: Callable[[Shape], object]
    read: Callable[[Shape], Any]


def destination(shape: Shape) -> dict[str, Any]:
    name = shape.outputs.delivery_stream_name
    return dict(shape.client("firehose").describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"])


def shorten_buffer(shape: Shape) -> None:
    described = destination(shape)
    shape.client("firehose").update_destination(
        DeliveryStreamName=described["DeliveryStreamName"],
        CurrentDeliveryStreamVersionId=described["VersionId"],
        DestinationId=described["Destinations"][0]["DestinationId"],
        ExtendedS3DestinationUpdate={"BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60}},
    )


def topic_function(shape: Shape) -> str:
    return f"user-events-{shape.name}-topic"


DRIFTS = {
    "bucket_versioning": Drift(
        "module.lake.aws_s3_bucket_versioning.this[0]",
        "versioning_configuration",
        lambda shape: shape.client("s3").put_bucket_versioning(
            Bucket=shape.outputs.bucket, VersioningConfiguration={"Status": "Suspended"}
        ),
        lambda shape: shape.client("s3").get_bucket_versioning(Bucket=shape.outputs.bucket)["Status"],
    ),
    "bucket_opened_to_the_public": Drift(
        "module.lake.aws_s3_bucket_public_access_block.this[0]",
        "block_public_acls",
        lambda shape: shape.client("s3").put_public_access_block(
            Bucket=shape.outputs.bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": False,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        ),
        lambda shape: shape.client("s3").get_public_access_block(Bucket=shape.outputs.bucket)["PublicAccessBlockConfiguration"],
    ),
    "function_memory": Drift(
        "module.kafka.aws_lambda_function.topic[0]",
        "memory_size",
        lambda shape: shape.client("lambda").update_function_configuration(FunctionName=topic_function(shape), MemorySize=512),
        lambda shape: shape.client("lambda").get_function_configuration(FunctionName=topic_function(shape))["MemorySize"],
    ),
    "stream_buffer": Drift(
        "module.delivery.aws_kinesis_firehose_delivery_stream.this",
        "extended_s3_configuration",
        shorten_buffer,
        lambda shape: destination(shape)["Destinations"][0]["ExtendedS3DestinationDescription"]["BufferingHints"],
    ),
}


@pytest.mark.parametrize("drift", DRIFTS.values(), ids=DRIFTS)
def test_a_drift_is_named_and_repaired(shape: Shape, drift: Drift) -> None:
    before = drift.read(shape)
    drift.change(shape)
    assert drift.read(shape) != before
    said = shape.operations("apply")
    assert changed(said) == {drift.address: "update"}
    assert drift.attribute in said.results["changes"][0]["changes"].split(", ")
    assert drift.read(shape) == before
