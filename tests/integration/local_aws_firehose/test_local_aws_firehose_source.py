"""Reading a topic of real brokers: what retention removed, transactions, the quota, and the lag."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from firehose_stage import REGION

import kafka_access
from kafka_access import confluent
from local_aws.firehose.source import BYTES_PER_SECOND, KafkaSource
from local_aws.kafka.cluster import Authentication, KafkaCluster

pytestmark = pytest.mark.integration

READ_AHEAD = 11 * 1024 * 1024
"""Bytes that may lie ready and come at once when a second's worth is left: the queue of a partition and a fetch."""


class Topic:
    """One topic of a single partition, its source, and what was read."""

    def __init__(self, cluster: KafkaCluster, name: str) -> None:
        cluster.create_topic(name, 1, 1, {})
        connection = kafka_access.Connection.of(cluster.bootstrap(Authentication.NONE), "none", REGION)
        self.settings = confluent.client_config(connection)
        self.name = name
        self.source = KafkaSource(self.settings, name, name)
        self.offsets: list[int] = []
        self.values: list[bytes] = []

    def send(self, *values: bytes) -> None:
        producer = Producer({**self.settings, "linger.ms": 5})
        for value in values:
            producer.produce(self.name, value)
        assert producer.flush(20) == 0

    def send_transaction(self, *values: bytes, commit: bool) -> None:
        producer = Producer({**self.settings, "transactional.id": self.name})
        producer.init_transactions(20)
        producer.begin_transaction()
        for value in values:
            producer.produce(self.name, value)
        producer.flush(20)
        if commit:
            producer.commit_transaction(20)
        else:
            producer.abort_transaction(20)

    def remove_below(self, offset: int) -> None:
        """What retention does, at once."""
        admin = AdminClient(self.settings)
        for future in admin.delete_records([TopicPartition(self.name, 0, offset)]).values():
            assert future.result(20).low_watermark == offset

    def read_until(self, question: Callable[[], object], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not question():
            assert time.monotonic() < deadline, self.offsets[-3:]
            for read in self.source.read(10_000, 0.05):
                self.offsets += read.offsets
                self.values += read.values

    @property
    def lag(self) -> int:
        return dict(self.source.lags())[0]


@pytest.fixture
def make_topic(cluster: KafkaCluster) -> Iterator[Callable[[str], Topic]]:
    made: list[Topic] = []

    def make(name: str) -> Topic:
        made.append(Topic(cluster, name))
        return made[-1]

    yield make
    for topic in made:
        topic.source.close()


def test_records_that_retention_removed_unread_are_told_and_reading_goes_on(
    make_topic: Callable[[str], Topic], caplog: pytest.LogCaptureFixture
) -> None:
    topic = make_topic("retained")
    topic.send(b"0", b"1", b"2")
    topic.source.assign({0: 0})
    topic.read_until(lambda: len(topic.offsets) == 3 and topic.lag == 0)
    topic.source.pause({0})
    topic.send(*(str(number).encode() for number in range(3, 10)))
    topic.remove_below(7)
    with caplog.at_level(logging.ERROR):
        topic.source.pause(set())
        topic.read_until(lambda: len(topic.offsets) == 6)
    assert topic.offsets == [0, 1, 2, 7, 8, 9]
    assert "the topic's retention removed offsets 3 to 6 unread" in caplog.text
    assert topic.source.lost_offsets == 4
    topic.send(b"10")
    topic.read_until(lambda: topic.offsets[-1] == 10 and topic.lag == 0)


def test_a_start_at_an_offset_that_is_gone_tells_what_is_lost_also_where_nothing_is_left(
    make_topic: Callable[[str], Topic], caplog: pytest.LogCaptureFixture
) -> None:
    topic = make_topic("emptied")
    topic.send(b"0", b"1", b"2")
    topic.remove_below(3)
    topic.source.assign({0: 1})
    topic.read_until(lambda: topic.source.lost_offsets)
    assert "the topic's retention removed offsets 1 to 2 unread" in caplog.text
    topic.read_until(lambda: topic.lag == 0)
    topic.send(b"3")
    topic.read_until(lambda: topic.offsets == [3])


def test_records_of_aborted_transactions_are_not_read_and_the_lag_ends_at_0(make_topic: Callable[[str], Topic]) -> None:
    topic = make_topic("transactions")
    topic.send_transaction(b"aborted", b"aborted", commit=False)
    topic.send_transaction(b"committed", commit=True)
    topic.source.assign({0: 0})
    topic.read_until(lambda: topic.values and topic.lag == 0)
    assert topic.values == [b"committed"]
    assert topic.offsets == [3]  # 0 and 1 were aborted; 2 and 4 are marks of an end
    assert topic.source.following == {0: 5}


def test_a_partition_is_read_at_its_quota_and_no_faster(make_topic: Callable[[str], Topic]) -> None:
    topic = make_topic("quota")
    count = 5 * BYTES_PER_SECOND // 500_000
    topic.send(*([b"x" * 500_000] * count))
    topic.source.assign({0: 0})
    started, size = time.monotonic(), 0
    while len(topic.offsets) < count:
        topic.source.pause(set())
        for read in topic.source.read(10_000, 0.02):
            topic.offsets += read.offsets
            size += read.size
        elapsed = time.monotonic() - started
        assert elapsed < 60
        # Beyond the quota: what one read gives, and what was fetched before the partition was paused.
        assert size <= BYTES_PER_SECOND * (1 + elapsed) + 2 * READ_AHEAD
