"""The schema file is the only list of columns: a field added to it, and to nothing else, reaches all four that read it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.home import CHECKOUT
from operations.prerequisites import plugin_directory

pytestmark = pytest.mark.integration

ROOMS = ("console", "kafka_access", "manifest", "producer_sim", "schema", "simulated_events", "stack", "transform", "validation")
ADDED = {"output": "Price", "input": "product_information.price", "type": "double", "nullable": True, "description": "Price paid."}

ASK = """
import json, io
from datetime import UTC, date, datetime
import boto3, pyarrow as pa, pyarrow.parquet as pq
from moto import mock_aws
import schema
from simulated_events.classes import assemble
from transform.events import Transform
from transform.window import AcceptedWindow
from validation.lake import Lake
from validation.storage import Storage

wanted = schema.load()
event = {"timestamp": "2023-10-23T12:34:56Z", "product_information": {"price": 9.5}}
row = Transform(wanted, AcceptedWindow(date(2020, 1, 1), None, 24))(json.dumps(event).encode(), int(datetime.now(UTC).timestamp() * 1000))
classes = [found.name for found in assemble(wanted)]
with mock_aws():
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="lake")
    file = io.BytesIO()
    pq.write_table(pa.table({"event_datetime": pa.array([0], pa.timestamp("us")), "price": [9.5]}), file)
    s3.put_object(Bucket="lake", Key="events/event_date=1970-01-01/one.parquet", Body=file.getvalue())
    lake = Lake(Storage(boto3.session.Session(region_name="us-east-1"), "lake"), "events/", wanted)
    (table,) = (part.table for part in lake.read(lake.list().objects) if hasattr(part, "table"))
said = {"row": json.loads(row.record), "classes": classes, "columns": table.column_names, "price": table["Price"].to_pylist()}
print(json.dumps(said))
"""

RUNS = """
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name             = "user-events-test"
  schema_file      = "../schema/user_events.json"
  first_event_date = "2020-01-01"
}

run "takes_the_added_field_from_the_file" {
  command = plan

  module {
    source = "./modules/lake"
  }

  assert {
    condition     = contains(aws_glue_catalog_table.events.storage_descriptor[0].columns[*].name, "price")
    error_message = "The table lacks the added column."
  }
}
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout's rooms, copied, with one field more in the schema file and no other change."""
    directory = tmp_path_factory.mktemp("checkout")
    for room in (*ROOMS, "terraform"):
        shutil.copytree(CHECKOUT / room, directory / room, ignore=shutil.ignore_patterns("__pycache__", ".terraform"))
    file = directory / "schema" / "user_events.json"
    document = json.loads(file.read_text())
    document["fields"].append(ADDED)
    file.write_text(json.dumps(document))
    return directory


def test_an_added_field_reaches_transform_simulator_and_validation(copy: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(copy), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    environment.pop("AWS_ENDPOINT_URL", None)
    done = subprocess.run([sys.executable, "-c", ASK], cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["row"]["Price"] == 9.5
    assert {"missing:product_information.price", "wrong_type:product_information.price"} <= set(said["classes"])
    assert said["columns"][-1] == "Price"
    assert said["price"] == [9.5]


def test_an_added_field_reaches_the_glue_table(copy: Path, tmp_path: Path) -> None:
    for file in (copy / "terraform" / "tests").glob("*.tftest.hcl"):
        file.unlink()
    (copy / "terraform" / "tests" / "added.tftest.hcl").write_text(RUNS)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))} | {
        "TF_DATA_DIR": str(tmp_path)
    }
    plugins = plugin_directory()
    for words in (("init", "-backend=false", "-lockfile=readonly", *((f"-plugin-dir={plugins}",) if plugins else ())), ("test",)):
        command = ["terraform", f"-chdir={copy / 'terraform'}", words[0], "-no-color", *words[1:]]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed, 0 failed" in done.stdout
