"""The stack as Terraform sees it: a second plan is empty, drift is named, and a foreign stack delivers as well."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet
import pytest
from confluent_kafka import Producer

import kafka_access
import lambda_package
from kafka_access import confluent
from operations.prerequisites import plugin_directory

pytestmark = pytest.mark.e2e

FOREIGN = Path(__file__).with_name("foreign_stack")


def test_a_second_plan_is_empty(running_stack):
    done = running_stack.json("operations", "plan")
    assert (done[-1]["result"], done[-1]["changes"], done[-1]["outputs"], done[-1]["empty"]) == ("plan", 0, [], True)


def test_up_is_harmless_on_a_running_stack(running_stack):
    before = running_stack.json("local_aws", "status")
    assert running_stack.run("operations", "up").returncode == 0
    after = running_stack.json("local_aws", "status")
    assert [item.get("pid") for item in after] == [item.get("pid") for item in before]


def test_roles_not_root_make_the_calls_of_delivery(running_stack):
    calls = [json.loads(line) for line in running_stack.home.call_log.read_text().splitlines()]
    assert {
        call["principal"].split("/")[-2]
        for call in calls
        if call["action"] == "GetBootstrapBrokers" and "assumed-role" in call["principal"]
    } == {f"{running_stack.outputs.delivery_stream_name}-source"}


def test_partition_keys_by_query_deliver_as_those_of_the_function_do(running_stack, tmp_path, eventually):
    """The fallback should Firehose not honour a function's keys for an MSK source: switched on and off again in place."""
    by_query = replace(running_stack, environment={**running_stack.environment, "TF_VAR_partition_key_source": "query"})
    firehose, name = running_stack.client("firehose"), running_stack.outputs.delivery_stream_name
    try:
        assert by_query.run("operations", "up").returncode == 0
        stream = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        destination = stream["Destinations"][0]["ExtendedS3DestinationDescription"]
        assert destination["Prefix"] == "events/event_date=!{partitionKeyFromQuery:event_date}/"
        kinds = [processor["Type"] for processor in destination["ProcessingConfiguration"]["Processors"]]
        assert sorted(kinds) == ["Lambda", "MetadataExtraction"]
        assert by_query.json("operations", "plan")[-1]["empty"] is True

        eventually(lambda: _data_plane(running_stack, name).get("version_id") == stream["VersionId"])
        lines = tmp_path / "events.jsonl"
        event = {"timestamp": "2021-02-03T23:59:59+00:00", "event_name": "by_query", "product_information": {"SKU": "Q-1"}}
        lines.write_text(json.dumps(event) + "\n")
        assert running_stack.run("producer_sim", "send", str(lines)).returncode == 0
        found = eventually(lambda: running_stack.objects("events/event_date=2021-02-03/"))
        [body] = found.values()
        [row] = pyarrow.parquet.read_table(io.BytesIO(body)).to_pylist()
        assert (row["event_name"], row["sku"]) == ("by_query", "Q-1")
        assert all(f"/{name}-{stream['VersionId']}-" in key for key in found)
    finally:
        assert running_stack.run("operations", "up").returncode == 0


def _data_plane(running_stack, name: str) -> dict[str, Any]:
    """What the stream's data plane says of itself."""
    file = running_stack.home.firehose / name / "status.json"
    return json.loads(file.read_text()) if file.exists() else {}


class Foreign:
    """The foreign stack's terraform, in a directory of its own, given nothing but the dotenv file's variables."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.directory = directory
        shutil.copytree(FOREIGN, directory, dirs_exist_ok=True)
        with zipfile.ZipFile(directory / "pass_through.zip", "w") as archive:
            archive.write(directory / "function" / "pass_through.py", "pass_through.py")
        runtime, architecture = lambda_package.machine()
        self.environment = {
            **environment,
            "TF_VAR_topic": "orders",
            "TF_VAR_function_zip": str(directory / "pass_through.zip"),
            "TF_VAR_function_runtime": runtime,
            "TF_VAR_function_architecture": architecture,
        }
        if not Path(os.environ.get("TF_CLI_CONFIG_FILE", "/")).exists():
            self.environment.pop("TF_CLI_CONFIG_FILE", None)

    def terraform(self, *words: str) -> str:
        command = ["terraform", f"-chdir={self.directory}", *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def foreign(running_stack, tmp_path):
    """The foreign stack, applied on the same target beside ours, its topic made by boto3; destroyed afterwards."""
    made = Foreign(tmp_path / "foreign", {**running_stack.environment, "TF_VAR_cluster_arn": running_stack.outputs.kafka_cluster_arn})
    kafka = running_stack.client("kafka")
    kafka.create_topic(ClusterArn=running_stack.outputs.kafka_cluster_arn, TopicName="orders", PartitionCount=3, ReplicationFactor=3)
    mirror = plugin_directory()
    made.terraform("init", "-no-color", *((f"-plugin-dir={mirror}",) if mirror else ()))
    made.terraform("apply", "-no-color", "-auto-approve")
    yield made
    made.terraform("destroy", "-no-color", "-auto-approve")
    kafka.delete_topic(ClusterArn=running_stack.outputs.kafka_cluster_arn, TopicName="orders")


def test_a_foreign_stack_delivers_too(running_stack, foreign, eventually, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "KAFKA_CA_FILE"):
        monkeypatch.setenv(name, running_stack.environment[name])
    bucket = foreign.terraform("output", "-raw", "bucket")
    outputs = running_stack.outputs
    connection = kafka_access.Connection.of(
        outputs.kafka_bootstrap_brokers, outputs.kafka_auth, outputs.aws_region, running_stack.environment
    )
    producer = Producer(confluent.client_config(connection))
    orders = [
        {
            "order_id": number,
            "amount": number / 4,
            "tags": ["new", f"t{number % 3}"],
            "placed": "2026-11-24T01:02:03Z",
            "region": ("eu", "us")[number % 2],
            "more": 1,
        }
        for number in range(500)
    ]
    for order in orders:
        producer.produce("orders", json.dumps(order).encode())
    producer.produce("orders", json.dumps({"order_id": "no number", "region": "eu"}).encode())
    assert producer.flush(30) == 0

    endpoint = running_stack.environment["AWS_ENDPOINT_URL"].removeprefix("http://")
    lake = pyarrow.fs.S3FileSystem(
        access_key=running_stack.environment["AWS_ACCESS_KEY_ID"],
        secret_key=running_stack.environment["AWS_SECRET_ACCESS_KEY"],
        region=outputs.aws_region,
        scheme="http",
        endpoint_override=endpoint,
    )

    def rows() -> list[dict]:
        if lake.get_file_info(f"{bucket}/orders").type is pyarrow.fs.FileType.NotFound:
            return []
        return pyarrow.dataset.dataset(f"{bucket}/orders/", filesystem=lake, format="parquet", partitioning="hive").to_table().to_pylist()

    eventually(lambda: len(rows()) == 500, every=1)
    found = {row["order_id"]: row for row in rows()}
    assert found[5]["amount"] == 1.25
    assert found[5]["tags"] == ["new", "t2"]
    assert found[5]["region"] == "us"
    assert found[5]["placed"].isoformat() == "2026-11-24T01:02:03"
    assert set(found[5]) == {"order_id", "amount", "tags", "placed", "region"}
    s3 = running_stack.client("s3")
    eventually(lambda: s3.list_objects_v2(Bucket=bucket, Prefix="failed/format-conversion-failed/").get("KeyCount"), every=1)
