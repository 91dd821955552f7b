"""One real broker, plaintext, for the simulator's integration tests; a topic and an outputs file for each test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

import manifest
from local_aws.home import CHECKOUT, Home
from local_aws.kafka.cluster import Authentication, KafkaCluster
from manifest import Manifest

PARTITIONS = 3


@dataclass(frozen=True)
class Place:
    """A topic, and the outputs file that names it."""

    outputs: Path
    bootstrap: str
    topic: str

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "producer_sim", *words, "--outputs", str(self.outputs)]

    def run(self, *words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.command(*words), cwd=CHECKOUT, env=environment(), capture_output=True, check=False, timeout=60, **options
        )

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """The command as a process of its own group, as a shell starts it."""
        return subprocess.Popen(
            self.command(*words), cwd=CHECKOUT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )

    def manifest(self, run: str) -> Manifest:
        return manifest.read(manifest.path_of(self.outputs.parent, run))

    def wait_for(self, run: str, events: int) -> Manifest:
        """The manifest of a run that goes on, once it has so many acknowledged events."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if manifest.path_of(self.outputs.parent, run).exists() and (found := self.manifest(run)).acknowledged_events >= events:
                return found
            time.sleep(0.05)
        raise AssertionError(f"run {run} did not acknowledge {events} events within 30 s")

    def messages(self) -> list[tuple[int, int, bytes | None]]:
        """Everything in the topic: partition, offset, value."""
        ends = self.ends()
        with self._consumer() as consumer:
            consumer.assign([TopicPartition(self.topic, number, 0) for number in ends])
            found: list[tuple[int, int, bytes | None]] = []
            deadline = time.monotonic() + 30
            while len(found) < sum(ends.values()) and time.monotonic() < deadline:
                found += [(message.partition(), message.offset(), message.value()) for message in consumer.consume(10_000, 0.2)]
        assert len(found) == sum(ends.values())
        return found

    def ends(self) -> dict[int, int]:
        """The offset after the last message, by partition."""
        with self._consumer() as consumer:
            return {number: consumer.get_watermark_offsets(TopicPartition(self.topic, number))[1] for number in range(PARTITIONS)}

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "tests", "enable.auto.commit": False})
        try:
            yield consumer
        finally:
            consumer.close()


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KAFKA_", "STACK_"))}


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    found = KafkaCluster.start(
        Home(tmp_path_factory.mktemp("kafka")),
        name="simulator",
        brokers=1,
        kafka_version="3.9.x",
        authentication=frozenset({Authentication.NONE}),
        configuration={},
        secret_url="http://127.0.0.1:9/never-asked",
        token="none",
        region="us-east-1",
    )
    yield found
    found.stop()


@pytest.fixture
def place(cluster: KafkaCluster, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    topic = f"events-{abs(hash(request.node.name)) % 10**9}"
    cluster.create_topic(topic, PARTITIONS, 1, {})
    return place_at(cluster.bootstrap(Authentication.NONE), topic, tmp_path)


@pytest.fixture
def place_of() -> Callable[[str, str, Path], Place]:
    return place_at


def place_at(bootstrap: str, topic: str, directory: Path) -> Place:
    """A place for commands: an outputs file as a stack has it."""
    values: dict[str, Any] = {
        "aws_region": "us-east-1",
        "kafka_cluster_arn": "arn:aws:kafka:us-east-1:123456789012:cluster/simulator/1",
        "kafka_bootstrap_brokers": bootstrap,
        "kafka_auth": "none",
        "kafka_topic": topic,
        "delivery_stream_name": "none",
        "delivery_buffer_interval_seconds": 60,
        "transform_buffer_interval_seconds": 10,
        "bucket": "none",
        "data_prefix": "events/",
        "error_prefix": "errors/",
        "glue_database": "none",
        "glue_table": "none",
        "transform_function_name": "none",
        "transform_accepted_window": {"earliest_event_date": "2020-01-01", "max_event_age_days": None, "max_future_skew_hours": 24},
        "athena_workgroup": "none",
    }
    path = directory / "outputs.json"
    path.write_text(json.dumps({name: {"value": value} for name, value in values.items()}))
    return Place(path, bootstrap, topic)
