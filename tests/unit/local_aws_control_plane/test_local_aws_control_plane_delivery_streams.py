"""Delivery streams from MSK: what is kept and told, how their state moves, and what is refused."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from control_plane_under_test import Plane, active_cluster, turn_on_private_connectivity

from console import PipelineError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def firehose(plane: Plane) -> Any:
    return plane.client("firehose")


@pytest.fixture
def request_(plane: Plane, kafka: Any) -> dict[str, Any]:
    """A CreateDeliveryStream request that AWS takes, with everything it needs in place."""
    arn = active_cluster(kafka)
    turn_on_private_connectivity(kafka, arn)
    allow = {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "kafka:CreateVpcConnection", "Resource": arn}
    kafka.put_cluster_policy(ClusterArn=arn, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    role = plane.client("iam").create_role(RoleName="delivery", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    glue = plane.client("glue")
    glue.create_database(DatabaseInput={"Name": "lake"})
    glue.create_table(
        DatabaseName="lake", TableInput={"Name": "events", "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "string"}]}}
    )
    lambda_arn = "arn:aws:lambda:us-east-1:123456789012:function:transform:$LATEST"
    return {
        "DeliveryStreamName": "events",
        "DeliveryStreamType": "MSKAsSource",
        "MSKSourceConfiguration": {
            "MSKClusterARN": arn,
            "TopicName": "events",
            "AuthenticationConfiguration": {"RoleARN": role, "Connectivity": "PRIVATE"},
            "ReadFromTimestamp": EPOCH,
        },
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": role,
            "BucketARN": "arn:aws:s3:::lake",
            "Prefix": "events/event_date=!{partitionKeyFromLambda:event_date}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
            "DynamicPartitioningConfiguration": {"Enabled": True},
            "ProcessingConfiguration": {
                "Enabled": True,
                "Processors": [{"Type": "Lambda", "Parameters": [{"ParameterName": "LambdaArn", "ParameterValue": lambda_arn}]}],
            },
            "DataFormatConversionConfiguration": {
                "SchemaConfiguration": {"RoleARN": role, "DatabaseName": "lake", "TableName": "events"},
                "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
                "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
            },
        },
        "Tags": [{"Key": "team", "Value": "lake"}],
    }


def described(firehose: Any) -> dict[str, Any]:
    found: dict[str, Any] = firehose.describe_delivery_stream(DeliveryStreamName="events")["DeliveryStreamDescription"]
    return found


def test_the_source_is_told_as_it_was_given(firehose: Any, request_: dict[str, Any]) -> None:
    firehose.create_delivery_stream(**request_)
    found = described(firehose)
    source = found["Source"]["MSKSourceDescription"]
    assert source["MSKClusterARN"] == request_["MSKSourceConfiguration"]["MSKClusterARN"]
    assert source["AuthenticationConfiguration"] == request_["MSKSourceConfiguration"]["AuthenticationConfiguration"]
    assert source["ReadFromTimestamp"] == EPOCH
    assert "DeliveryStartTimestamp" in source
    assert (found["DeliveryStreamType"], found["VersionId"]) == ("MSKAsSource", "1")
    assert "LastUpdateTimestamp" not in found


def test_the_destination_is_told_with_the_defaults_that_aws_fills_in(firehose: Any, request_: dict[str, Any]) -> None:
    firehose.create_delivery_stream(**request_)
    destination = described(firehose)["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert destination["CompressionFormat"] == "UNCOMPRESSED"
    assert destination["S3BackupMode"] == "Disabled"
    assert destination["EncryptionConfiguration"] == {"NoEncryptionConfig": "NoEncryption"}
    assert destination["ProcessingConfiguration"] == request_["ExtendedS3DestinationConfiguration"]["ProcessingConfiguration"]


def test_a_stream_is_active_when_its_data_plane_says_so(plane: Plane, firehose: Any, request_: dict[str, Any]) -> None:
    firehose.create_delivery_stream(**request_)
    assert described(firehose)["DeliveryStreamStatus"] == "CREATING"
    plane.data_planes.states["events"] = SimpleNamespace(status="ACTIVE", failure=None)
    assert described(firehose)["DeliveryStreamStatus"] == "ACTIVE"


def test_a_description_waits_for_the_stream_but_never_its_own_data_plane(plane: Plane, firehose: Any, request_: dict[str, Any]) -> None:
    plane.services.longest_poll_seconds = 30
    firehose.create_delivery_stream(**request_)
    key = plane.principals.service("firehose.amazonaws.com")
    own = plane.client("firehose", (key.access_key_id, key.secret_access_key, None))
    assert described(own)["DeliveryStreamStatus"] == "CREATING"
    active = SimpleNamespace(status="ACTIVE", failure=None)
    threading.Timer(0.3, plane.data_planes.states.update, [{"events": active}]).start()
    assert described(firehose)["DeliveryStreamStatus"] == "ACTIVE"


def test_a_stream_whose_process_is_started_again_stays_active(plane: Plane, firehose: Any, request_: dict[str, Any]) -> None:
    firehose.create_delivery_stream(**request_)
    plane.data_planes.states["events"] = SimpleNamespace(status="ACTIVE", failure=None)
    described(firehose)
    plane.data_planes.states["events"] = SimpleNamespace(status="CREATING", failure=None)
    assert described(firehose)["DeliveryStreamStatus"] == "ACTIVE"


def test_a_stream_that_could_not_be_created_says_why(plane: Plane, firehose: Any, request_: dict[str, Any]) -> None:
    firehose.create_delivery_stream(**request_)
    plane.data_planes.states["events"] = SimpleNamespace(status="CREATING_FAILED", failure=("UNKNOWN_ERROR", "The topic is not there."))
    found = described(firehose)
    assert found["DeliveryStreamStatus"] == "CREATING_FAILED"
    assert found["FailureDescription"] == {"Type": "UNKNOWN_ERROR", "Details": "The topic is not there."}


def test_without_a_cluster_policy_creation_fails_and_the_name_stays_taken(kafka: Any, firehose: Any, request_: dict[str, Any]) -> None:
    kafka.delete_cluster_policy(ClusterArn=request_["MSKSourceConfiguration"]["MSKClusterARN"])
    firehose.create_delivery_stream(**request_)
    found = described(firehose)
    assert found["DeliveryStreamStatus"] == "CREATING_FAILED"
    assert found["FailureDescription"]["Type"] == "VPC_INTERFACE_ENDPOINT_SERVICE_ACCESS_DENIED"
    with pytest.raises(firehose.exceptions.ResourceInUseException):
        firehose.create_delivery_stream(**request_)


def test_a_deleted_stream_is_gone_and_its_data_plane_stopped(plane: Plane, firehose: Any, request_: dict[str, Any]) -> None:
    firehose.create_delivery_stream(**request_)
    firehose.delete_delivery_stream(DeliveryStreamName="events")
    assert plane.data_planes.stopped == ["events"]
    with pytest.raises(firehose.exceptions.ResourceNotFoundException):
        described(firehose)


def test_each_update_adds_one_to_the_version_and_keeps_what_it_does_not_name(firehose: Any, request_: dict[str, Any]) -> None:
    firehose.create_delivery_stream(**request_)
    update = {"BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 300}}
    firehose.update_destination(
        DeliveryStreamName="events", CurrentDeliveryStreamVersionId="1", DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate=update,
    )  # fmt: skip
    found = described(firehose)
    destination = found["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert found["VersionId"] == "2"
    assert destination["BufferingHints"] == update["BufferingHints"]
    assert destination["Prefix"] == request_["ExtendedS3DestinationConfiguration"]["Prefix"]
    assert "LastUpdateTimestamp" in found


@pytest.mark.parametrize(
    ("version", "update", "error"),
    [
        ("7", {"Prefix": "x/"}, "ConcurrentModificationException"),
        ("1", {"DynamicPartitioningConfiguration": {"Enabled": False}, "Prefix": "x/"}, "InvalidArgumentException"),
        ("1", {"BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300}}, "InvalidArgumentException"),
    ],
)
def test_an_update_that_aws_refuses_changes_nothing(
    firehose: Any, request_: dict[str, Any], version: str, update: dict[str, Any], error: str
) -> None:
    firehose.create_delivery_stream(**request_)
    with pytest.raises(getattr(firehose.exceptions, error)):
        firehose.update_destination(
            DeliveryStreamName="events", CurrentDeliveryStreamVersionId=version, DestinationId="destinationId-000000000001",
            ExtendedS3DestinationUpdate=update,
        )  # fmt: skip
    assert described(firehose)["VersionId"] == "1"


def destination(**changes: Any) -> Change:
    return lambda request: request["ExtendedS3DestinationConfiguration"].update(changes)


def source(**changes: Any) -> Change:
    return lambda request: request["MSKSourceConfiguration"].update(changes)


def schema(**changes: Any) -> Change:
    return lambda request: request["ExtendedS3DestinationConfiguration"]["DataFormatConversionConfiguration"]["SchemaConfiguration"].update(
        changes
    )


def top(**changes: Any) -> Change:
    return lambda request: request.update(changes)


def without(*names: str, **changes: Any) -> Change:
    def change(request: dict[str, Any]) -> None:
        for name in names:
            del request[name]
        request.update(changes)

    return change


ABSENT_ROLE = "arn:aws:iam::123456789012:role/absent"
REFUSED: dict[str, tuple[Change, str]] = {
    "buffer below 64": (destination(BufferingHints={"SizeInMBs": 63, "IntervalInSeconds": 60}), "must be at least 64"),
    "buffer above 128": (destination(BufferingHints={"SizeInMBs": 129, "IntervalInSeconds": 60}), "between 1 and 128"),
    "interval above 900": (destination(BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 901}), "between 0 and 900"),
    "interval below 60": (destination(BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 59}), "at least 60"),
    "half of the hints": (destination(BufferingHints={"SizeInMBs": 64}), "the other must be given too"),
    "compression": (destination(CompressionFormat="GZIP"), "must be UNCOMPRESSED when data format conversion"),
    "no output format": (
        destination(
            DataFormatConversionConfiguration={
                "SchemaConfiguration": {"RoleARN": "r"},
                "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
            }
        ),
        "OutputFormatConfiguration must not be null",
    ),
    "no error prefix": (destination(ErrorOutputPrefix=""), "ErrorOutputPrefix is required"),
    "keys in the error prefix": (
        destination(ErrorOutputPrefix="e/!{firehose:error-output-type}/!{partitionKeyFromLambda:event_date}/"),
        "cannot contain expressions with partition keys",
    ),
    "error prefix without type": (destination(ErrorOutputPrefix="e/!{timestamp:yyyy}/"), "must contain !{firehose:error-output-type}"),
    "prefix without key": (destination(Prefix="events/"), "must contain an expression with a partition key"),
    "keys without partitioning": (destination(DynamicPartitioningConfiguration={"Enabled": False}), "Dynamic Partitioning is not enabled"),
    "keys without a function": (destination(ProcessingConfiguration={"Enabled": False}), "no Lambda processor"),
    "retries": (
        destination(
            ProcessingConfiguration={
                "Enabled": True,
                "Processors": [{"Type": "Lambda", "Parameters": [{"ParameterName": "NumberOfRetries", "ParameterValue": "301"}]}],
            }
        ),
        "NumberOfRetries is '301'",
    ),
    "backup": (destination(S3BackupMode="Enabled"), "S3BackupMode Enabled is not supported"),
    "no table": (schema(TableName="absent"), "EntityNotFoundException"),
    "no schema role": (schema(RoleARN=ABSENT_ROLE), "unable to assume role"),
    "no delivery role": (destination(RoleARN=ABSENT_ROLE), "unable to assume role"),
    "no source role": (source(AuthenticationConfiguration={"RoleARN": ABSENT_ROLE, "Connectivity": "PRIVATE"}), "unable to assume role"),
    "public": (
        source(AuthenticationConfiguration={"RoleARN": ABSENT_ROLE, "Connectivity": "PUBLIC"}),
        "does not implement .*Connectivity PUBLIC",
    ),
    "no cluster": (source(MSKClusterARN="arn:aws:kafka:us-east-1:123456789012:cluster/none/1"), "does not exist"),
    "another region's cluster": (source(MSKClusterARN="arn:aws:kafka:mars-1:123456789012:cluster/none/1"), "does not exist"),
    "encryption": (top(DeliveryStreamEncryptionConfigurationInput={"KeyType": "AWS_OWNED_CMK"}), "not supported for MSKAsSource"),
    "direct put": (without("MSKSourceConfiguration", "DeliveryStreamType"), "does not implement DeliveryStreamType DirectPut"),
    "kinesis": (
        without("MSKSourceConfiguration", DeliveryStreamType="KinesisStreamAsSource"),
        "does not implement DeliveryStreamType KinesisStreamAsSource",
    ),
    "source of another type": (top(DeliveryStreamType="DirectPut"), "only applicable for MSKAsSource"),
    "no source": (without("MSKSourceConfiguration"), "MSKSourceConfiguration is required"),
    "plain s3": (
        without("ExtendedS3DestinationConfiguration", S3DestinationConfiguration={"RoleARN": "r", "BucketARN": "b"}),
        "does not implement S3DestinationConfiguration",
    ),
    "two destinations": (top(S3DestinationConfiguration={"RoleARN": "r", "BucketARN": "b"}), "Exactly one destination"),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_a_stream_that_aws_or_this_target_refuses_is_not_made(firehose: Any, request_: dict[str, Any], case: str) -> None:
    change, said = REFUSED[case]
    request = copy.deepcopy(request_)
    change(request)
    with pytest.raises(firehose.exceptions.InvalidArgumentException, match=said):
        firehose.create_delivery_stream(**request)
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []


def test_without_private_connectivity_a_stream_is_refused(kafka: Any, firehose: Any, request_: dict[str, Any]) -> None:
    request_["MSKSourceConfiguration"]["MSKClusterARN"] = active_cluster(kafka, ClusterName="other")
    with pytest.raises(firehose.exceptions.InvalidArgumentException, match="private connectivity for IAM is not turned on"):
        firehose.create_delivery_stream(**request_)


def test_what_the_data_plane_does_not_implement_is_refused_with_its_words(plane: Plane, firehose: Any, request_: dict[str, Any]) -> None:
    def refuse(_description: Any) -> None:
        raise PipelineError("ExtendedS3DestinationConfiguration.FileExtension '.x' is not supported by the local target: why.")

    plane.services.check_stream = refuse
    with pytest.raises(firehose.exceptions.InvalidArgumentException, match=r"FileExtension '\.x' is not supported"):
        firehose.create_delivery_stream(**request_)


def test_records_cannot_be_put(firehose: Any, request_: dict[str, Any]) -> None:
    firehose.create_delivery_stream(**request_)
    with pytest.raises(firehose.exceptions.InvalidArgumentException, match="Direct PUT"):
        firehose.put_record(DeliveryStreamName="events", Record={"Data": b"x"})
    with pytest.raises(firehose.exceptions.InvalidArgumentException, match="encryption"):
        firehose.start_delivery_stream_encryption(DeliveryStreamName="events")


def test_tags_of_a_stream(firehose: Any, request_: dict[str, Any]) -> None:
    firehose.create_delivery_stream(**request_)
    firehose.tag_delivery_stream(DeliveryStreamName="events", Tags=[{"Key": "stage", "Value": "test"}])
    firehose.untag_delivery_stream(DeliveryStreamName="events", TagKeys=["team"])
    assert firehose.list_tags_for_delivery_stream(DeliveryStreamName="events")["Tags"] == [{"Key": "stage", "Value": "test"}]


def test_a_stream_in_another_region_than_the_targets_is_refused_by_name(plane: Plane, request_: dict[str, Any]) -> None:
    elsewhere = plane.client("firehose", region="eu-west-1")
    with pytest.raises(elsewhere.exceptions.InvalidArgumentException, match=r"delivery streams in eu-west-1: it runs in us-east-1"):
        elsewhere.create_delivery_stream(**request_)
    assert plane.data_planes.states == {}
