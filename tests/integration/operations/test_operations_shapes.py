"""Every environment's own tfvars, nothing cut down, applied on the local target: the second plan is empty, destroy leaves nothing.

`make test-shapes` runs this; it is too long for `make test`. The fixture `shape` applies, and
checks after its destroy that nothing is left.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from shapes import Shape, changed

pytestmark = [pytest.mark.integration, pytest.mark.long]

DIFFERENCES = Path(__file__).with_name("address_differences.toml")


def test_a_second_plan_is_empty(shape: Shape) -> None:
    found = shape.operations("plan").results["plan"]
    assert (found["empty"], found["add"], found["change"], found["replace"], found["destroy"]) == (True, 0, 0, 0, 0)


def test_its_parts_are_in_service(shape: Shape) -> None:
    states = {row["part"]: row["state"] for row in shape.operations("status").results["status"]}
    assert {part: state.upper() for part, state in states.items()} == {"cluster": "ACTIVE", "transform": "ACTIVE", "stream": "ACTIVE"}


@pytest.mark.parametrize("shape", ["prod"], indirect=True)
def test_local_and_prod_differ_by_the_listed_resources_alone(shape: Shape) -> None:
    listed = tomllib.loads(DIFFERENCES.read_text(encoding="utf-8"))
    local = set(changed(Shape("local", shape.home).operations("plan")))
    assert set(shape.applied - local) == set(listed["prod"])
    assert set(local - shape.applied) == set(listed["local"])
    assert all(len(reason) > 20 for environment in listed.values() for reason in environment.values())


@pytest.mark.parametrize("shape", ["prod"], indirect=True)
def test_production_is_not_destroyed_without_its_name(shape: Shape) -> None:
    refused = shape.operations("destroy", "--yes", expect=2)
    held = {row["kind"]: row["holds"] for row in refused.results["holds_data"]}
    assert held["bucket"] == "0 objects, 0.0 MiB"
    assert held["topic"] == "0 records, kept for 72 hours"
    assert held["state bucket (stays)"].startswith("1 objects")
    assert "--confirm prod" in refused.error["advice"][0]
    misspelt = shape.operations("destroy", "--confirm", "dev", expect=2)
    assert "Nothing was done" in misspelt.error["error"]


@pytest.mark.parametrize("shape", ["prod"], indirect=True)
def test_a_bucket_that_destroy_cannot_take_along_is_found_before_anything_is_destroyed(shape: Shape) -> None:
    s3, bucket = shape.client("s3"), shape.outputs.bucket
    s3.put_object(Bucket=bucket, Key="events/one", Body=b"x" * 2048)
    try:
        refused = shape.operations("destroy", "--confirm", "prod", expect=3)
        assert "holds 1 objects" in refused.error["error"]
        assert "bucket_force_destroy" in refused.error["error"]
    finally:
        versions = s3.list_object_versions(Bucket=bucket)["Versions"]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions]})
