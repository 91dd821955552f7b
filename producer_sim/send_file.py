"""Lines of a file to the topic as they are: bytes, without the line's `\\n` and with nothing else taken away or added.

These records belong to no run, so no manifest is written; what arrives of them is foreign to every balance sheet.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

import numpy as np

from kafka_access import Connection
from producer_sim.chunks import Chunk
from producer_sim.connection import DELIVERY_TIMEOUT_SECONDS, Client
from simulated_events.generator import Batch

_LINES = 1000


@dataclass(frozen=True)
class Sent:
    """What became of a file's lines."""

    lines: int
    acknowledged: int
    partitions: dict[int, tuple[int, int, int]]
    """First and last offset and messages."""
    errors: Counter[str]
    """Lines that were given up on, by librdkafka's error name."""


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines without their end. A file that ends in a line's end has no empty line after it."""
    for line in file:
        yield line[:-1] if line.endswith(b"\n") else line


def send(connection: Connection, topic: str, lines: Iterable[bytes]) -> Sent:
    """Send every line, and wait until each is acknowledged or given up on.

    Raises:
        KafkaException: the producer cannot go on.
    """
    client = Client(connection, topic, lambda _: None)
    errors: Counter[str] = Counter()
    handed = 0
    remaining = iter(lines)
    while values := list(islice(remaining, _LINES)):
        chunk = _chunk(handed, values)
        place = 0
        while place < len(values):
            place += client.send(chunk, place, len(values), None)
            client.poll(0 if place == len(values) else 0.05)
        handed += len(values)
        _count(client, errors)
    deadline = time.monotonic() + DELIVERY_TIMEOUT_SECONDS + 5
    while len(client) and time.monotonic() < deadline:
        client.poll(0.1)
    if len(client):
        client.give_up()
    _count(client, errors)
    partitions = {partition: (seen[0], seen[1], seen[2]) for partition, seen in sorted(client.partitions.items())}
    return Sent(handed, sum(count for _, _, count in partitions.values()), partitions, errors)


def _chunk(first: int, values: list[bytes]) -> Chunk:
    nothing = np.zeros(len(values), np.int64)
    return Chunk.of(Batch(0, first, list(values), nothing, nothing, []))


def _count(client: Client, errors: Counter[str]) -> None:
    while client.done:
        errors.update(code for code, _ in client.done.popleft().failed)
