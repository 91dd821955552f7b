"""What is shown before a destroy: counts that are true, or are said not to be known."""

from __future__ import annotations

import base64
import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from operations import holdings


@pytest.fixture
def s3() -> Any:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="lake")
        yield client


def test_an_empty_bucket_is_empty(s3: Any) -> None:
    assert str(holdings.objects(s3, "lake")) == "0 objects, 0.0 MiB"


def test_former_versions_and_delete_markers_count_since_they_keep_a_bucket_from_going(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket="lake", Key="events/a", Body=b"x" * 2**20)
    s3.delete_object(Bucket="lake", Key="events/a")
    assert str(holdings.objects(s3, "lake")) == "3 objects, 2.0 MiB"


def test_a_count_that_would_take_too_long_says_that_there_is_more(s3: Any) -> None:
    for number in range(5):
        s3.put_object(Bucket="lake", Key=f"{number}", Body=b"")
    assert str(holdings.objects(s3, "lake", limit=2)) == "more than 2 objects, 0.0 MiB"


def test_a_bucket_that_cannot_be_read_is_not_called_empty(s3: Any) -> None:
    found = holdings._bucket("bucket", "none", s3)
    assert found.empty is None
    assert found.holds.startswith("not counted: ")


@pytest.mark.parametrize(("milliseconds", "said"), [("259200000", "for 72 hours"), ("-1", "without end")])
def test_retention_is_read_from_the_topics_configuration(milliseconds: str, said: str) -> None:
    configs = base64.b64encode(json.dumps({"retention.ms": milliseconds}).encode()).decode()
    assert holdings._retention(configs) == said
    assert holdings._retention(None) == "for an unknown time"
