"""Starting and stopping a target by its command line, with real processes and, once, real brokers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local_aws import processes
from local_aws.home import CHECKOUT, Home

pytestmark = pytest.mark.integration


def local_aws(home: Path, *words: str, **environment: str) -> tuple[int, dict[str, Any], str]:
    """Run one command; its exit code, its result (or its error) as JSON, and what it said besides."""
    done = subprocess.run(
        [sys.executable, "-m", "local_aws", *words, "--home", str(home), "--output", "json"],
        capture_output=True, text=True, check=False, cwd=CHECKOUT, timeout=120, env={**os.environ, **environment},
    )  # fmt: skip
    lines = done.stdout.splitlines() or done.stderr.splitlines()
    return done.returncode, json.loads(lines[-1]), done.stderr


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    local_aws(tmp_path / "home", "stop")
    assert [record.name for record in processes.recorded(Home(tmp_path / "home")) if processes.is_running(record)] == []


def client(home: Path, service: str) -> Any:
    environment = dict(line.split("=", 1) for line in (home / "env").read_text(encoding="utf-8").splitlines())
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"max_attempts": 0}),
    )


def runs(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in "ZX"
    return False


def wait_until(what: Any, seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)
    return value


def test_a_second_start_finds_the_first_and_a_second_stop_nothing(home: Path) -> None:
    code, first, _ = local_aws(home, "start", "--clock-speed", "30")
    assert (code, first["started"], first["state"], first["clock_speed"]) == (0, True, "running", 30)
    code, second, said = local_aws(home, "start")
    assert (code, second["started"], second["pid"]) == (0, False, first["pid"])
    assert "keeps the clock speed" in said
    assert stat.S_IMODE((home / "env").stat().st_mode) == 0o600
    assert client(home, "sts").get_caller_identity()["Arn"].endswith(":root")
    code, stopped, _ = local_aws(home, "stop")
    assert (code, stopped["was_running"]) == (0, True)
    assert not runs(first["pid"])
    assert not (home / "env").exists()
    assert local_aws(home, "stop")[1]["was_running"] is False
    assert local_aws(home, "status")[:2] == (1, {**local_aws(home, "status")[1], "state": "stopped"})


def test_two_homes_side_by_side_do_not_meet(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    try:
        local_aws(home, "start")
        local_aws(other, "start")
        client(home, "s3").create_bucket(Bucket="mine")
        assert client(other, "s3").list_buckets()["Buckets"] == []
        local_aws(other, "stop")
        assert [bucket["Name"] for bucket in client(home, "s3").list_buckets()["Buckets"]] == ["mine"]
    finally:
        local_aws(other, "stop")


def test_a_hung_control_plane_is_said_to_be_and_is_stopped(home: Path) -> None:
    pid = local_aws(home, "start")[1]["pid"]
    os.kill(pid, signal.SIGSTOP)
    assert local_aws(home, "status")[1]["state"] == "hung"
    assert "is hung" in local_aws(home, "start")[1]["error"]
    assert local_aws(home, "stop")[1]["was_running"] is True
    assert not runs(pid)


def test_a_killed_target_leaves_no_broker_and_starts_afresh(home: Path) -> None:
    """With real brokers: they die with their control plane, and a new start is an empty account."""
    pid = local_aws(home, "start")[1]["pid"]
    kafka = client(home, "kafka")
    arn = kafka.create_cluster(
        ClusterName="events",
        KafkaVersion="3.9.x",
        NumberOfBrokerNodes=3,
        BrokerNodeGroupInfo={"InstanceType": "kafka.m7g.large", "ClientSubnets": ["a", "b", "c"]},
        ClientAuthentication={"Sasl": {"Iam": {"Enabled": True}}},
    )["ClusterArn"]
    info = wait_until(lambda: (found := kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"])["State"] != "CREATING" and found, 60)
    assert info["State"] == "ACTIVE", info
    kafka.create_topic(ClusterArn=arn, TopicName="t", PartitionCount=3, ReplicationFactor=3)
    assert kafka.describe_topic(ClusterArn=arn, TopicName="t")["PartitionCount"] == 3
    shown = local_aws(home, "status")[1]
    assert [(one["name"], one["state"], len(one["brokers"])) for one in shown["clusters"]] == [("events", "ACTIVE", 3)]
    brokers = [process["pid"] for process in shown["processes"] if process["name"].startswith("kafka-")]
    assert len(brokers) == 3
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(runs(broker) for broker in brokers))
    assert local_aws(home, "status")[1]["state"] == "dead"
    (home / "cache").mkdir(exist_ok=True)
    (home / "manifests").mkdir()
    again = local_aws(home, "start")[1]
    assert again["started"] and again["clusters"] == []
    assert (home / "manifests").is_dir()
    assert (home / "logs" / "previous" / "calls.jsonl").exists()


def test_a_taken_port_is_said_before_anything_starts(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, error, _ = local_aws(home, "start", "--port", str(taken.getsockname()[1]))
    assert code == 3
    assert "is taken" in error["error"]
    assert not (home / "status.json").exists()


def test_a_home_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, error, _ = local_aws(tmp_path / "file" / "home", "start")
    assert code == 2
    assert "cannot write in" in error["error"]


def test_without_java_nothing_starts(home: Path) -> None:
    code, error, _ = local_aws(home, "start", PATH="/nowhere", JAVA_HOME="")
    assert code == 3
    assert "java" in error["error"]
    assert "Install" in error["advice"][0]
    assert not (home / "status.json").exists()


@pytest.mark.parametrize(("words", "said"), [(("--clock-speed", "0"), "--clock-speed 0"), (("--port", "70000"), "--port 70000")])
def test_numbers_out_of_range_are_usage_errors(home: Path, words: tuple[str, str], said: str) -> None:
    code, error, _ = local_aws(home, "start", *words)
    assert code == 2
    assert said in error["error"]


def test_a_target_that_never_was_is_absent(home: Path) -> None:
    assert local_aws(home, "status")[1]["state"] == "absent"
