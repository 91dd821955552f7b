"""A stack that runs gets one field more: nothing of value is replaced, and events with the field arrive as rows with it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shapes import Shape, changed, environment_of

from local_aws.home import CHECKOUT

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.parametrize("shape", ["prod"], indirect=True)]

ADDED = {"output": "Price", "input": "product_information.price", "type": "double", "nullable": True, "description": "Price paid."}
LEFT_OUT = (".git", ".venv", ".local", ".terraform", "tests", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")
DEADLINE_SECONDS = 120


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A copy of the checkout with one field more in the schema file and no other change."""
    copied = tmp_path / "checkout"
    shutil.copytree(CHECKOUT, copied, ignore=shutil.ignore_patterns(*LEFT_OUT))
    file = copied / "schema" / "user_events.json"
    document = json.loads(file.read_text())
    document["fields"].append(ADDED)
    file.write_text(json.dumps(document, indent=2))
    return copied


def tool(shape: Shape, checkout: Path, *words: str) -> str:
    command = [sys.executable, "-m", "operations", "tool", "--env", shape.name, "--target", "local", "--", *words]
    done = subprocess.run(command, env=environment_of(shape.home), cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_added_field_replaces_nothing_and_arrives(shape: Shape, newer: Path, tmp_path: Path) -> None:
    planned = shape.operations("plan", checkout=newer)
    assert planned.results["plan"]["replace"] == planned.results["plan"]["destroy"] == 0
    assert changed(planned)["module.lake.aws_glue_catalog_table.events"] == "update"
    assert changed(planned)["module.transform.aws_lambda_function.this"] == "update"
    untouched = ("aws_msk_cluster", "aws_lambda_invocation", "aws_kinesis_firehose_delivery_stream")
    assert not [address for address in changed(planned) if address.split(".")[-2] in untouched]

    assert changed(shape.operations("apply", checkout=newer)) == changed(planned)
    event = {"timestamp": datetime.now(UTC).isoformat(), "event_name": "bought", "product_information": {"SKU": "SKU-9", "price": 12.75}}
    (tmp_path / "events.jsonl").write_text(json.dumps(event) + "\n")
    tool(shape, newer, "producer_sim", "send", str(tmp_path / "events.jsonl"))
    ask = ("validation", "query", """select "Price", "SKU" from user_events where event_name = 'bought'""", "--output", "json")
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (rows := json.loads(tool(shape, newer, *ask).splitlines()[0])["rows"]):
        assert time.monotonic() < deadline, "the event did not arrive"
        time.sleep(1)
    assert rows == [{"Price": 12.75, "SKU": "SKU-9"}]
    empty_the_bucket(shape)


def empty_the_bucket(shape: Shape) -> None:
    """Production's destroy refuses a bucket that holds anything."""
    s3, bucket = shape.client("s3"), shape.outputs.bucket
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
