"""Reading one MSK topic: partitions assigned by hand, no consumer group, no offset ever committed to Kafka.

AWS gives the source role DescribeGroup but never AlterGroup ("Grant Firehose access to ... Amazon MSK"), which joining
a group needs, so Firehose is taken to keep offsets itself; `position` does. Compression is undone by the client
("Writing to Firehose using Amazon MSK"), records of aborted transactions are not read, control records only leave
gaps. Each partition is read at 10 MB/s at most ("Amazon Data Firehose Quota"), on the wall.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from local_aws.firehose.errors import NotYet, Suspended

log = logging.getLogger(__name__)

BYTES_PER_SECOND = 10 * 1000 * 1000
_ASK_SECONDS = 10.0
_PLACE_SECONDS = 1.0
"""The loop waits for this answer; all others are had on other threads or before it starts."""
_PARTITION_QUEUE_KIB = 8 * 1024
_LARGEST_MESSAGE = 16 * 1024 * 1024


@dataclass(frozen=True)
class Topic:
    """What names one topic for ever, and how many partitions it has now."""

    identity: str
    partitions: int


@dataclass
class Read:
    """Records of one partition, in offset order."""

    partition: int
    offsets: list[int]
    arrivals: list[int]
    values: list[bytes]

    @property
    def size(self) -> int:
        return sum(map(len, self.values))


class _Allowance:
    """Bytes that a partition may be read now; it may run into debt by one fetch."""

    __slots__ = ("bytes", "refilled")

    def __init__(self, now: float) -> None:
        self.bytes = float(BYTES_PER_SECOND)
        self.refilled = now

    def spend(self, size: int, now: float) -> None:
        self.refill(now)
        self.bytes -= size

    def refill(self, now: float) -> None:
        self.bytes = min(float(BYTES_PER_SECOND), self.bytes + (now - self.refilled) * BYTES_PER_SECOND)
        self.refilled = now


class KafkaSource:
    """Reads one topic. For one thread."""

    def __init__(self, settings: Mapping[str, Any], topic: str, stream: str) -> None:
        self._topic = topic
        self._last_error = ""
        common = {**settings, "error_cb": self._hear, "log_level": 0, "reconnect.backoff.max.ms": 1000, "client.id": f"firehose-{stream}"}
        with ThreadPoolExecutor(2) as together:  # each client waits a second for its first token
            admin = together.submit(AdminClient, common)
            consumer = together.submit(Consumer, self._consumer_settings(common, stream))
        self._admin: AdminClient = admin.result()
        self._consumer: Consumer = consumer.result()
        self._next: dict[int, int] = {}
        self._allowances: dict[int, _Allowance] = {}
        self._paused: set[int] = set()
        self._misplaced: set[int] = set()
        """Partitions that have no record at the offset that is read next."""
        self.lost_offsets = 0
        """Offsets that the topic's retention removed before they were read, since the start."""

    @staticmethod
    def _consumer_settings(common: Mapping[str, Any], stream: str) -> dict[str, Any]:
        return {
            **common,
            "group.id": f"firehose-{stream}",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",  # "earliest" would pass over removed records without a word
            "fetch.wait.max.ms": 100,
            "fetch.message.max.bytes": 2 * 1024 * 1024,
            "queued.max.messages.kbytes": _PARTITION_QUEUE_KIB,
            "message.max.bytes": _LARGEST_MESSAGE,
        }

    def _hear(self, error: KafkaError) -> None:
        self._last_error = error.str()
        log.info("kafka: %s", error.str())

    def describe(self) -> Topic | None:
        """The topic as it is now; None where the cluster has none of this name.

        Raises:
            NotYet: no broker answers.
        """
        self._admin.poll(0)
        try:
            future = self._admin.describe_topics(TopicCollection([self._topic]), request_timeout=_ASK_SECONDS)[self._topic]
            found = future.result(_ASK_SECONDS + 1)
        except KafkaException as error:
            if error.args[0].code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):
                return None
            raise NotYet(f"kafka: the topic {self._topic} cannot be described: {error.args[0].str()} {self._last_error}") from error
        except TimeoutError as error:
            raise NotYet(f"kafka: no broker answers. {self._last_error}") from error
        return Topic(str(found.topic_id), len(found.partitions))

    def start_offsets(self, partitions: Iterable[int], read_from: datetime | None) -> dict[int, int]:
        """Where to start: the end of each partition, or the first record at or after `read_from`.

        Raises:
            NotYet: no broker answers.
        """
        wanted = list(partitions)
        try:
            if read_from is None:
                return {partition: self._ends(partition)[1] for partition in wanted}
            milliseconds = max(0, int(read_from.timestamp() * 1000))
            if milliseconds == 0:
                return {partition: self._ends(partition)[0] for partition in wanted}
            asked = [TopicPartition(self._topic, partition, milliseconds) for partition in wanted]
            found = self._consumer.offsets_for_times(asked, timeout=_ASK_SECONDS)
            return {one.partition: one.offset if one.offset >= 0 else self._ends(one.partition)[1] for one in found}
        except KafkaException as error:
            raise NotYet(f"kafka: offsets of {self._topic} cannot be had: {error.args[0].str()} {self._last_error}") from error

    def _ends(self, partition: int, timeout: float = _ASK_SECONDS) -> tuple[int, int]:
        ends: tuple[int, int] | None = self._consumer.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=timeout)
        if ends is None:
            raise NotYet(f"kafka: partition {partition} of {self._topic} does not answer. {self._last_error}")
        return ends

    def assign(self, offsets: Mapping[int, int]) -> None:
        """Read these partitions from these offsets, besides those that are read already."""
        now = time.monotonic()
        for partition, offset in offsets.items():
            self._next[partition] = offset
            self._allowances[partition] = _Allowance(now)
        assigned = [TopicPartition(self._topic, partition, offset) for partition, offset in offsets.items()]
        self._consumer.incremental_assign(assigned)

    def read(self, most: int, timeout: float) -> list[Read]:
        """What has arrived, at most `most` records, after at most `timeout` seconds."""
        for partition in list(self._misplaced):
            self._go_on_where_records_are(partition)
        found: dict[int, Read] = {}
        messages: list[Any] = self._consumer.consume(most, timeout)
        for message in messages:
            error = message.error()
            if error is not None:
                self._event(message, error)
                continue
            partition = message.partition()
            read = found.get(partition)
            if read is None:
                read = found[partition] = Read(partition, [], [], [])
            kind, stamp = message.timestamp()
            read.offsets.append(message.offset())
            read.arrivals.append(stamp if kind != TIMESTAMP_NOT_AVAILABLE and stamp >= 0 else time.time_ns() // 1_000_000)
            read.values.append(message.value() or b"")
        now = time.monotonic()
        for partition, read in found.items():
            self._next[partition] = max(self._next[partition], read.offsets[-1] + 1)  # an end that came with them may lie further
            self._allowances[partition].spend(read.size, now)
        return list(found.values())

    def _event(self, message: Any, error: KafkaError) -> None:
        code, partition = error.code(), message.partition()
        if code == KafkaError._PARTITION_EOF:
            self._next[partition] = max(self._next.get(partition, 0), message.offset())  # past control records at the end
        elif code == KafkaError._AUTO_OFFSET_RESET:
            self._misplaced.add(partition)
        else:
            log.info("kafka: partition %s: %s", partition, error.str())

    def _go_on_where_records_are(self, partition: int) -> None:
        """Place a partition anew whose next record is not there; where no broker answers, the next read tries again."""
        wanted = self._next[partition]
        try:
            oldest, end = self._ends(partition, _PLACE_SECONDS)
        except (NotYet, KafkaException) as error:
            log.info("kafka: partition %s has no offset %s, and its ends cannot be had: %s", partition, wanted, error)
            return
        if wanted < oldest:
            log.error("kafka: partition %s: the topic's retention removed offsets %s to %s unread", partition, wanted, oldest - 1)
            self.lost_offsets += oldest - wanted
        elif wanted > end:
            log.error("kafka: partition %s ends at %s, before offset %s; reading all of it again", partition, end, wanted)
        self._next[partition] = wanted if oldest <= wanted <= end else oldest
        self._consumer.incremental_unassign([TopicPartition(self._topic, partition)])  # a seek is refused in this state
        self._consumer.incremental_assign([TopicPartition(self._topic, partition, self._next[partition])])
        self._paused.discard(partition)
        self._misplaced.discard(partition)

    def pause(self, wanted: set[int]) -> set[int]:
        """Stop reading from `wanted` and from partitions over their quota, go on with the others; returns the latter."""
        now = time.monotonic()
        for allowance in self._allowances.values():
            allowance.refill(now)
        over = {partition for partition, allowance in self._allowances.items() if allowance.bytes < 0}
        stop = wanted | over
        if start := self._paused - stop:
            self._consumer.resume([TopicPartition(self._topic, partition) for partition in start])
        if fresh := stop - self._paused:
            self._consumer.pause([TopicPartition(self._topic, partition) for partition in fresh])
        self._paused = stop
        return over

    def lags(self) -> Iterator[tuple[int, int]]:
        """Partition, and how many offsets lie between the last read record and the newest."""
        for partition, following in self._next.items():
            _, high = self._consumer.get_watermark_offsets(TopicPartition(self._topic, partition), cached=True)
            yield partition, max(0, high - following) if high >= 0 else 0

    @property
    def partitions(self) -> set[int]:
        return set(self._next)

    @property
    def following(self) -> dict[int, int]:
        """The offset that is read next, by partition."""
        return dict(self._next)

    def close(self) -> None:
        self._consumer.close()


def check_identity(found: Topic | None, identity: str, topic: str) -> Topic:
    """The topic, or `Suspended` where it is gone or another one ("Troubleshoot Amazon MSK")."""
    if found is None:
        raise Suspended(f"The topic {topic} was deleted.", "The stream must be deleted and created again.")
    if found.identity != identity:
        raise Suspended(f"The topic {topic} was deleted and created again.", "The stream must be deleted and created again.")
    return found
