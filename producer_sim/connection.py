"""A Kafka producer for one topic: confluent-kafka, idempotent, every message acknowledged by all in-sync replicas.

What happens to a message is told to its chunk: acknowledged, with partition and offset, or given up on, with the error's name.
librdkafka retries by itself until `delivery.timeout.ms`; nothing is dropped without a word.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from kafka_access import Connection
from kafka_access.confluent import client_config
from producer_sim.chunks import Chunk

Delivered = Callable[[KafkaError | None, Message], None]
DELIVERY_TIMEOUT_SECONDS = 120
_SETTINGS: dict[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "lz4",
    "linger.ms": 5,
    "batch.size": 512 * 1024,
    "queue.buffering.max.messages": 200_000,
    "queue.buffering.max.kbytes": 128 * 1024,
    "delivery.timeout.ms": DELIVERY_TIMEOUT_SECONDS * 1000,
    "log_level": 0,
}


class Client:
    """Sends the messages of chunks. Not for more than one thread."""

    def __init__(self, connection: Connection, topic: str, sampled: Callable[[float], None]) -> None:
        """`sampled` is told how long after its intended time a sampled message was acknowledged."""
        self._producer = Producer(client_config(connection) | _SETTINGS)
        self._topic = topic
        self._sampled = sampled
        self._delivered: tuple[Chunk, Delivered] | None = None
        self.done: deque[Chunk] = deque()
        """Chunks of which every message is settled; the caller takes them."""
        self.partitions: dict[int, list[int]] = {}
        """First offset, last offset and count of acknowledged messages, by partition."""
        self.last_acknowledged = 0.0
        """When, on the monotonic clock."""

    def connect(self, seconds: float) -> None:
        """Look the topic up, so that the first message need not wait for it.

        Raises:
            KafkaException: no broker answered in time.
        """
        self._producer.list_topics(self._topic, timeout=seconds)

    def send(self, chunk: Chunk, first: int, last: int, intended: float | None) -> int:
        """Hand over the chunk's messages from `first` up to `last`, excluded; return how many the queue took.

        The last of them is sampled against its `intended` time, where one is given.

        Raises:
            KafkaException: the producer cannot go on (librdkafka calls it fatal).
        """
        produce, topic = self._producer.produce, self._topic
        delivered = self._callback(chunk)
        sends = chunk.sends
        at = first
        try:
            for at in range(first, last - 1):
                produce(topic, sends[at], on_delivery=delivered)
            at = last - 1
            produce(topic, sends[at], on_delivery=delivered if intended is None else self._sampling(delivered, intended))
        except BufferError:
            return at - first
        except KafkaException as error:
            if error.args[0].code() != KafkaError.MSG_SIZE_TOO_LARGE:
                raise
            chunk.failed.append((error.args[0].name(), sends[at]))
            self._settle(chunk)
            return at - first + 1
        return last - first

    def cut(self, chunk: Chunk, place: int) -> None:
        """Hand over no more of a chunk than the messages before `place`."""
        chunk.cut(place)
        if chunk.sends and not chunk.pending:
            self.done.append(chunk)

    def poll(self, seconds: float) -> None:
        """Take in what the brokers said, waiting for it no longer than so many seconds."""
        self._producer.poll(seconds)

    def __len__(self) -> int:
        """Messages handed over and not settled."""
        return len(self._producer)

    def give_up(self) -> None:
        """Stop trying: what is queued or on its way fails at once, and is unconfirmed."""
        self._producer.purge(in_queue=True, in_flight=True, blocking=True)
        self._producer.poll(0)

    def _callback(self, chunk: Chunk) -> Delivered:
        """One callback for all of a chunk's messages: it runs for each, so it does as little as it can."""
        if self._delivered is not None and self._delivered[0] is chunk:
            return self._delivered[1]
        partitions, done, monotonic = self.partitions, self.done, time.monotonic

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                chunk.failed.append((error.name(), message.value()))
            else:
                offset, partition = message.offset() or 0, message.partition() or 0
                seen = partitions.get(partition)
                if seen is None:
                    partitions[partition] = [offset, offset, 1]
                else:
                    seen[1] = max(seen[1], offset)
                    seen[2] += 1
            chunk.pending -= 1
            if not chunk.pending:
                done.append(chunk)
                self.last_acknowledged = monotonic()

        self._delivered = (chunk, delivered)
        return delivered

    def _sampling(self, delivered: Delivered, intended: float) -> Delivered:
        def told(error: KafkaError | None, message: Message) -> None:
            if error is None:
                self._sampled(time.monotonic() - intended)
            delivered(error, message)

        return told

    def _settle(self, chunk: Chunk) -> None:
        chunk.pending -= 1
        if not chunk.pending:
            self.done.append(chunk)
