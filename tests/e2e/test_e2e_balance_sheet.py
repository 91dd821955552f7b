"""The balance sheet closes when all arrived, and fails exactly by what is missing or doubled."""

from __future__ import annotations

import io

import pyarrow.parquet
import pytest

pytestmark = pytest.mark.e2e

EVENTS = 6000


@pytest.fixture(scope="module")
def manifest(running_stack) -> str:
    """A seeded run, all classes of event in it; the path of its manifest."""
    running_stack.json("producer_sim", "load", "--events", str(EVENTS), "--rate", "max", "--seed", "7", "--run", "e2esheet")
    return str(running_stack.outputs.directory / "manifests" / "e2esheet.json")


def sheet(running_stack, manifest: str, *words: str, expect: int = 0) -> dict[str, dict]:
    """What `python -m validation lake` says of one run, by the names of its results; classes by name."""
    said = running_stack.json("validation", "lake", "--manifest", manifest, *words, expect=expect)
    by_name = {item["result"]: item for item in said}
    return {**by_name, "classes": {row["class"]: row for row in by_name["classes"]["rows"]}}


@pytest.fixture
def closed(running_stack, manifest):
    """The run's sheet, closed; and one data object of it to tamper with: key, body, number of rows."""
    total = sheet(running_stack, manifest, "--wait")["classes"]["total"]
    assert total["missing"] == total["in_flight"] == total["duplicates"] == 0
    assert total["row_count"] + total["error_count"] == total["sent"] > EVENTS
    objects = running_stack.objects(running_stack.outputs.data_prefix)
    of_this_run = {key: body for key, body in objects.items() if b"user_e2esheet_" in body}
    key = max(of_this_run, key=lambda name: len(of_this_run[name]))
    return key, objects[key], pyarrow.parquet.read_metadata(io.BytesIO(objects[key])).num_rows


def test_every_class_of_event_comes_to_rest_where_it_must(running_stack, manifest, closed):
    said = sheet(running_stack, manifest)
    assert {row["outcome"] for row in said["checks"]["rows"]} == {"passed"}
    for name, row in said["classes"].items():
        assert row["sent"] == row["row_count"] + row["error_count"], name


def test_a_deleted_object_is_missed_by_exactly_its_rows(running_stack, manifest, closed):
    key, body, rows = closed
    s3, bucket = running_stack.client("s3"), running_stack.outputs.bucket
    s3.delete_object(Bucket=bucket, Key=key)
    try:
        said = sheet(running_stack, manifest, "--wait", "--deadline", "2", expect=1)
        assert said["classes"]["total"]["missing"] == rows
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def test_a_copied_object_doubles_exactly_its_rows(running_stack, manifest, closed):
    key, _body, rows = closed
    s3, bucket = running_stack.client("s3"), running_stack.outputs.bucket
    copy = key.replace(".parquet", "-copy.parquet")
    s3.copy_object(Bucket=bucket, Key=copy, CopySource={"Bucket": bucket, "Key": key})
    try:
        assert sheet(running_stack, manifest, expect=1)["classes"]["total"]["duplicates"] == rows
    finally:
        s3.delete_object(Bucket=bucket, Key=copy)


def test_an_object_in_the_folder_of_another_date_is_found(running_stack, manifest, closed):
    key, body, _rows = closed
    s3, bucket = running_stack.client("s3"), running_stack.outputs.bucket
    folder = next(part for part in key.split("/") if part.startswith("event_date="))
    moved = key.replace(folder, "event_date=2021-02-03")
    s3.put_object(Bucket=bucket, Key=moved, Body=body)
    s3.delete_object(Bucket=bucket, Key=key)
    try:
        checks = sheet(running_stack, manifest, expect=1)["checks"]["rows"]
        assert next(row for row in checks if row["check"] == "own_date")["outcome"] == "failed"
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        s3.delete_object(Bucket=bucket, Key=moved)
