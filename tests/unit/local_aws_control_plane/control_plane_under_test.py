"""What stands behind the control plane under test: fake brokers, functions and data planes, and a client for it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.config import Config

from local_aws.control_plane.principals import Principals
from local_aws.control_plane.services import Services
from local_aws.kafka.cluster import Authentication
from local_aws.kafka.errors import NoSuchTopic, TopicExists
from local_aws.lambda_runner.function import Function, InvocationResult

REGION = "us-east-1"
TOKEN = "the-token"
SESSION = boto3.session.Session()
"""One for all tests: it reads each service's model once."""


@dataclass
class FakeCluster:
    """Brokers that are not there."""

    asked: Mapping[str, Any]
    topics: dict[str, Any] = field(default_factory=dict)
    stopped: bool = False
    notices: tuple[str, ...] = ()
    brokers: tuple[Any, ...] = ()

    def bootstrap(self, authentication: Authentication) -> str:
        return {Authentication.IAM: "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3", Authentication.NONE: "127.0.0.1:11,127.0.0.1:12"}[authentication]

    def create_topic(self, name: str, partitions: int, replication_factor: int, configs: Mapping[str, str]) -> None:
        if name in self.topics:
            raise TopicExists(f"Topic {name} exists already.")
        details = tuple(SimpleNamespace(number=n, leader=1, replicas=(1, 2, 3), in_sync=(1, 2)) for n in range(partitions))
        self.topics[name] = SimpleNamespace(
            name=name, partitions=partitions, replication_factor=replication_factor, configs=dict(configs), partition_details=details
        )

    def describe_topic(self, name: str) -> Any:
        if name not in self.topics:
            raise NoSuchTopic(f"There is no topic {name}.")
        return self.topics[name]

    def list_topics(self) -> list[Any]:
        return list(self.topics.values())

    def update_topic(self, name: str, configs: Mapping[str, str] | None, partitions: int | None) -> None:
        topic = self.describe_topic(name)
        topic.configs.update(configs or {})
        topic.partitions = partitions or topic.partitions

    def delete_topic(self, name: str) -> None:
        self.describe_topic(name)
        del self.topics[name]

    def stop(self) -> None:
        self.stopped = True


@dataclass
class FakeBrokers:
    """Starts fake clusters when `may_start` is set, or fails."""

    may_start: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None
    started: list[FakeCluster] = field(default_factory=list)

    def __call__(self, **asked: Any) -> FakeCluster:
        assert self.may_start.wait(10)
        if self.failure:
            raise self.failure
        self.started.append(FakeCluster(asked))
        return self.started[-1]


class FakeFunctions:
    """Runs nothing; answers what `answer` says."""

    def __init__(self) -> None:
        self.answer: Callable[[Function, bytes], InvocationResult] = lambda function, payload: InvocationResult(
            payload, None, b"a log line", function.version, "req-1"
        )
        self.invoked: list[tuple[Function, bytes]] = []
        self.forgotten: list[str] = []

    def check(self, _runtime: str, _architecture: str) -> None:
        """Everything runs."""

    def invoke(self, function: Function, payload: bytes) -> InvocationResult:
        self.invoked.append((function, payload))
        return self.answer(function, payload)

    def forget(self, arn: str) -> None:
        self.forgotten.append(arn)

    def notices(self) -> list[str]:
        return ["5 log lines were lost."]

    def stop(self) -> None:
        """Nothing runs."""


class FakeDataPlanes:
    """Data planes whose state a test sets."""

    def __init__(self) -> None:
        self.states: dict[str, Any] = {}
        self.stopped: list[str] = []

    def start(self, stream_name: str, _credentials: Any) -> None:
        self.states[stream_name] = SimpleNamespace(status="CREATING", failure=None)

    def stop(self, stream_name: str) -> None:
        self.stopped.append(stream_name)

    def state(self, stream_name: str) -> Any:
        return self.states[stream_name]


@dataclass
class Plane:
    """The control plane under test and what is behind it."""

    url: str
    home: Path
    principals: Principals
    brokers: FakeBrokers
    functions: FakeFunctions
    data_planes: FakeDataPlanes
    services: Services

    def client(self, service: str, key: tuple[str, str, str | None] | None = None, region: str = REGION) -> Any:
        """A boto3 client that signs as root, or with another key."""
        root = self.principals.root
        access, secret, token = key or (root.access_key_id, root.secret_access_key, None)
        return SESSION.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"max_attempts": 0}, parameter_validation=False, s3={"addressing_style": "path"}),
        )

    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.home / "calls.jsonl").read_text(encoding="utf-8").splitlines()]


def eventually(what: Callable[[], Any], seconds: float = 5.0) -> Any:
    """The first true value of `what`."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)
    return value


CLUSTER = {
    "ClusterName": "events",
    "KafkaVersion": "3.9.x",
    "NumberOfBrokerNodes": 3,
    "BrokerNodeGroupInfo": {
        "InstanceType": "kafka.m7g.large",
        "ClientSubnets": ["subnet-a", "subnet-b", "subnet-c"],
        "StorageInfo": {"EbsStorageInfo": {"VolumeSize": 10}},
    },
    "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}},
}
PRIVATE = {"VpcConnectivity": {"ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}}}}


def active_cluster(kafka: Any, **changes: Any) -> str:
    """Make a cluster, wait until it is ACTIVE, and return its ARN."""
    arn = kafka.create_cluster(**{**CLUSTER, **changes})["ClusterArn"]
    eventually(lambda: kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]["State"] == "ACTIVE")
    return str(arn)


def turn_on_private_connectivity(kafka: Any, arn: str) -> str:
    version = kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]["CurrentVersion"]
    return str(kafka.update_connectivity(ClusterArn=arn, CurrentVersion=version, ConnectivityInfo=PRIVATE)["ClusterOperationArn"])
