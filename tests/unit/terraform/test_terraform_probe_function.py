"""The probe: what it puts for each state of a stream and each content of an error area, against AWS's APIs as botocore checks them."""

from __future__ import annotations

import importlib.util
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

SOURCE = Path(__file__).resolve().parents[3] / "terraform" / "modules" / "monitoring" / "functions" / "probe" / "handler.py"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ENVIRONMENT = {
    "STREAM_NAME": "events",
    "BUCKET": "lake",
    "ERROR_PREFIX": "errors/",
    "WINDOW_MINUTES": "15",
    "LOOKBACK_DAYS": "4",
    "NAMESPACE": "UserEvents/Monitoring",
}


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("probe_function_handler", SOURCE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


PROBE = _load()
SETTINGS = PROBE.Settings.of(ENVIRONMENT)


class Aws:
    """Stubbed clients of the three services, each answering in order."""

    def __init__(self) -> None:
        keys = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
        self.firehose, self.s3, self.cloudwatch = (boto3.client(name, **keys) for name in ("firehose", "s3", "cloudwatch"))
        self.stubs = {client: Stubber(client) for client in (self.firehose, self.s3, self.cloudwatch)}
        for stub in self.stubs.values():
            stub.activate()

    def has_stream(self, status: str, **more: Any) -> None:
        description = {
            "DeliveryStreamName": "events",
            "DeliveryStreamARN": "arn:aws:firehose:us-east-1:1:deliverystream/events",
            "DeliveryStreamStatus": status,
            "DeliveryStreamType": "MSKAsSource",
            "VersionId": "1",
            "Destinations": [],
            "HasMoreDestinations": False,
            **more,
        }
        self.stubs[self.firehose].add_response(
            "describe_delivery_stream", {"DeliveryStreamDescription": description}, {"DeliveryStreamName": "events"}
        )

    def has_errors(self, **ages: list[int]) -> None:
        """Error objects by type, each by its age in minutes."""
        types = [{"Prefix": f"errors/{kind.replace('_', '-')}/"} for kind in ages]
        self.stubs[self.s3].add_response(
            "list_objects_v2", {"CommonPrefixes": types}, {"Bucket": "lake", "Prefix": "errors/", "Delimiter": "/"}
        )
        for prefix, minutes in zip(types, ages.values(), strict=True):
            found = [{"Key": f"{prefix['Prefix']}x{age}", "LastModified": NOW - timedelta(minutes=age)} for age in minutes]
            asked = {"Bucket": "lake", **prefix, "StartAfter": f"{prefix['Prefix']}2026/11/20/"}
            self.stubs[self.s3].add_response("list_objects_v2", {"Contents": found}, asked)

    def expects(self, *data: tuple[str, int] | tuple[str, int, str]) -> None:
        def datum(name: str, value: int, kind: str | None = None) -> dict[str, Any]:
            dimensions = [{"Name": "DeliveryStreamName", "Value": "events"}]
            dimensions += [{"Name": "ErrorOutputType", "Value": kind}] if kind else []
            return {"MetricName": name, "Dimensions": dimensions, "Timestamp": NOW, "Unit": "Count", "Value": value}

        asked = {"Namespace": "UserEvents/Monitoring", "MetricData": [datum(*one) for one in data]}
        self.stubs[self.cloudwatch].add_response("put_metric_data", {}, asked)

    def look(self) -> dict[str, Any]:
        found: dict[str, Any] = PROBE.look(SETTINGS, self.firehose, self.s3, self.cloudwatch, NOW)
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()
        return found


@pytest.fixture
def aws() -> Aws:
    return Aws()


def test_an_active_stream_without_errors(aws: Aws) -> None:
    aws.has_stream("ACTIVE")
    aws.has_errors()
    aws.expects(("StreamActive", 1), ("ErrorObjects", 0), ("ProcessingFailedObjects", 0))
    assert aws.look() == {"stream": "events", "status": "ACTIVE", "failure": None, "error_objects": {}}


@pytest.mark.parametrize("status", ["SUSPENDED", "CREATING", "CREATING_FAILED", "DELETING", "DELETING_FAILED"])
def test_every_other_state_is_not_active(aws: Aws, status: str) -> None:
    aws.has_stream(status)
    aws.has_errors()
    aws.expects(("StreamActive", 0), ("ErrorObjects", 0), ("ProcessingFailedObjects", 0))
    assert aws.look()["status"] == status


def test_what_failed_stands_in_the_log(aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    aws.has_stream("CREATING_FAILED", FailureDescription={"Type": "UNKNOWN_ERROR", "Details": "the topic is not there"})
    aws.has_errors()
    aws.expects(("StreamActive", 0), ("ErrorObjects", 0), ("ProcessingFailedObjects", 0))
    aws.look()
    assert "stream events is CREATING_FAILED" in caplog.text
    assert "the topic is not there" in caplog.text


def test_a_stream_that_is_gone_is_not_active(aws: Aws) -> None:
    aws.stubs[aws.firehose].add_client_error("describe_delivery_stream", "ResourceNotFoundException", "no such stream")
    aws.has_errors()
    aws.expects(("StreamActive", 0), ("ErrorObjects", 0), ("ProcessingFailedObjects", 0))
    assert aws.look()["status"] == "ABSENT"


def test_a_refusal_to_describe_is_no_state(aws: Aws) -> None:
    aws.stubs[aws.firehose].add_client_error("describe_delivery_stream", "AccessDeniedException", "no")
    with pytest.raises(ClientError):
        aws.look()


def test_objects_within_the_window_are_counted_by_type(aws: Aws) -> None:
    aws.has_stream("ACTIVE")
    aws.has_errors(processing_failed=[1, 14, 16], format_conversion_failed=[0, 15, 600], metadata_extraction_failed=[16])
    aws.expects(
        ("StreamActive", 1), ("ErrorObjects", 4), ("ProcessingFailedObjects", 2),
        ("ErrorObjects", 2, "processing-failed"), ("ErrorObjects", 2, "format-conversion-failed"),
    )  # fmt: skip
    assert aws.look()["error_objects"] == {"processing-failed": 2, "format-conversion-failed": 2, "metadata-extraction-failed": 0}


def test_a_bucket_that_cannot_be_listed_does_not_hide_the_state(aws: Aws) -> None:
    aws.has_stream("SUSPENDED")
    aws.stubs[aws.s3].add_client_error("list_objects_v2", "AccessDenied", "no")
    aws.expects(("StreamActive", 0))
    with pytest.raises(ClientError):
        aws.look()
    aws.stubs[aws.cloudwatch].assert_no_pending_responses()


def test_more_objects_than_a_page_are_all_counted(aws: Aws) -> None:
    aws.has_stream("ACTIVE")
    stub, prefix = aws.stubs[aws.s3], "errors/processing-failed/"
    stub.add_response("list_objects_v2", {"CommonPrefixes": [{"Prefix": prefix}]})
    new = [{"Key": f"{prefix}{number}", "LastModified": NOW} for number in range(1000)]
    stub.add_response("list_objects_v2", {"Contents": new, "IsTruncated": True, "NextContinuationToken": "more"})
    stub.add_response("list_objects_v2", {"Contents": new[:1], "IsTruncated": False})
    aws.expects(("StreamActive", 1), ("ErrorObjects", 1001), ("ProcessingFailedObjects", 1001), ("ErrorObjects", 1001, "processing-failed"))
    assert aws.look()["error_objects"] == {"processing-failed": 1001}
