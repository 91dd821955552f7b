"""The fake lake as a fixture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from fake_lake import BUCKET, FakeLake
from moto import mock_aws


@pytest.fixture(scope="module")
def s3() -> Iterator[tuple[boto3.session.Session, Any]]:
    """One S3 in the process for all tests of a file, for making a client takes longer than most tests do."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            environment.delenv(name, raising=False)
        with mock_aws():
            session = boto3.session.Session(region_name="us-east-1")
            yield session, session.client("s3")


@pytest.fixture
def lake(s3: tuple[boto3.session.Session, Any], tmp_path: Path) -> Iterator[FakeLake]:
    session, client = s3
    client.create_bucket(Bucket=BUCKET)
    lake = FakeLake(client, session, tmp_path)
    yield lake
    lake.empty()
