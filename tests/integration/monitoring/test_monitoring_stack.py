"""The monitoring module by itself on a local target: applied, looked at, set off, heard of in Slack, planned again, destroyed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

import lambda_package
import stack
from local_aws.home import CHECKOUT, Home
from operations.prerequisites import plugin_directory

pytestmark = pytest.mark.integration

SOURCE = Path(__file__).parent / "stack"


@dataclass
class Watched:
    """The applied module."""

    directory: Path
    environment: dict[str, str]

    def terraform(self, *words: str, expect: int = 0) -> str:
        done = subprocess.run(
            ["terraform", f"-chdir={self.directory}", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout

    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self.terraform("output", "-json")).items()}

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def highest(self, metric: str) -> float | None:
        """The highest value that the probe put of late."""
        now = datetime.now(UTC)
        points = self.client("cloudwatch").get_metric_statistics(
            Namespace="UserEvents/Monitoring", MetricName=metric, Dimensions=[{"Name": "DeliveryStreamName", "Value": "watched"}],
            StartTime=now - timedelta(hours=1), EndTime=now + timedelta(minutes=1), Period=3600, Statistics=["Maximum"],
        )["Datapoints"]  # fmt: skip
        return max((point["Maximum"] for point in points), default=None)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A local target without brokers, with the module applied; destroyed and stopped afterwards, which must leave nothing."""
    directory = tmp_path_factory.mktemp("monitoring")
    home = Home(directory / "home")
    shutil.copytree(CHECKOUT / "terraform" / "modules", directory / "terraform" / "modules")
    shutil.copytree(SOURCE, directory / "stack")
    runtime, architecture = lambda_package.machine()
    zips = {
        f"TF_VAR_{name}_function": str(lambda_package.build(name, runtime, architecture, directory / f"{name}.zip").path)
        for name in ("probe", "slack")
    }
    local_aws = [sys.executable, "-m", "local_aws"]
    started = subprocess.run(
        [*local_aws, "start", "--home", str(home.root), "--clock-speed", "60"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert started.returncode == 0, started.stdout + started.stderr
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_", "KAFKA_", "LOCAL_AWS_"))}
    settings = {"TF_VAR_lambda_runtime": runtime, "TF_VAR_lambda_architecture": architecture, **zips}
    made = Watched(directory / "stack", {**kept, **stack.read_dotenv(home.env_file), **settings})
    try:
        mirror = plugin_directory()
        made.terraform("init", "-no-color", *((f"-plugin-dir={mirror}",) if mirror else ()))
        made.terraform("apply", "-no-color", "-auto-approve")
        yield made
        made.terraform("destroy", "-no-color", "-auto-approve")
        assert made.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
        assert made.client("logs").describe_metric_filters()["metricFilters"] == []
        assert made.client("secretsmanager").list_secrets()["SecretList"] == []
        assert made.client("scheduler").list_schedules()["Schedules"] == []
    finally:
        subprocess.run([*local_aws, "stop", "--home", str(home.root)], cwd=CHECKOUT, capture_output=True, check=False)


def eventually(what: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first true value of `what`."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.5)
    return value


def state_of(watched: Watched, alarm: str) -> str:
    found = watched.client("cloudwatch").describe_alarms(AlarmNames=[alarm], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return str([*found["MetricAlarms"], *found["CompositeAlarms"]][0]["StateValue"])


def test_a_second_plan_is_empty(watched: Watched) -> None:
    watched.terraform("plan", "-no-color", "-detailed-exitcode")


def test_every_alarm_is_there_and_its_name_is_an_output(watched: Watched) -> None:
    found = watched.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    names = {alarm["AlarmName"] for alarm in (*found["MetricAlarms"], *found["CompositeAlarms"])}
    assert names == set(watched.outputs()["alarm_names"])
    assert "watched-records-anomaly" in names and "watched-rejected-bad-timestamp" in names


def test_the_probe_counts_what_is_new_in_the_error_area(watched: Watched) -> None:
    s3, outputs = watched.client("s3"), watched.outputs()
    day = datetime.now(UTC).strftime("%Y/%m/%d")
    for key in (f"processing-failed/{day}/a", f"format-conversion-failed/{day}/b", "format-conversion-failed/2020/01/01/old"):
        s3.put_object(Bucket="watched-lake", Key=f"errors/{key}", Body=b"{}\n")
    answer = watched.client("lambda").invoke(FunctionName=outputs["probe_function_name"])
    found = json.loads(answer["Payload"].read())
    assert answer.get("FunctionError") is None, found
    assert (found["status"], found["error_objects"]) == ("ABSENT", {"processing-failed": 1, "format-conversion-failed": 1})
    assert (watched.highest("StreamActive"), watched.highest("ErrorObjects"), watched.highest("ProcessingFailedObjects")) == (0, 2, 1)
    eventually(lambda: state_of(watched, "watched-error-objects") == "ALARM")


def test_access_errors_in_the_delivery_log_set_off_their_alarm(watched: Watched) -> None:
    line = {"deliveryStreamARN": "arn", "errorCode": "S3.AccessDenied", "message": "Access was denied."}

    def put_and_look() -> bool:
        event = {"timestamp": int(time.time() * 1000), "message": json.dumps(line)}
        watched.client("logs").put_log_events(
            logGroupName="/aws/kinesisfirehose/watched", logStreamName="DestinationDelivery", logEvents=[event]
        )
        return state_of(watched, "watched-access-errors") == "ALARM"

    eventually(put_and_look)


def test_an_alarm_reaches_slack_by_the_url_in_the_secret(watched: Watched) -> None:
    received: list[dict[str, Any]] = []

    class Slack(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slack)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        secret = watched.outputs()["slack_secret_arn"]
        watched.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=f"http://127.0.0.1:{server.server_port}/services/x")
        # Nobody has made the stream: its state is in alarm as soon as it is looked at, and with it the composite alarm.
        for alarm in ("watched-stream-state", "watched-data-late-or-lost"):
            watched.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="a test")
        told = eventually(lambda: {message["text"] for message in received} >= {"watched-stream-state is in alarm"} and received)
        [message] = [one for one in told if one["text"] == "watched-stream-state is in alarm"][:1]
        assert "docs/runbooks/stream-state.md" in json.dumps(message)
        eventually(lambda: "watched-data-late-or-lost is in alarm" in {message["text"] for message in received})
    finally:
        server.shutdown()
        server.server_close()


def test_the_webhook_is_in_no_state(watched: Watched) -> None:
    state = (watched.directory / "terraform.tfstate").read_text(encoding="utf-8")
    assert "slack_secret_arn" in state
    assert "/services/x" not in state and "aws_secretsmanager_secret_version" not in state
