"""How far each partition is durable: everything below the low-watermark is in S3, as data or as an error.

A batch of consecutive records has a ticket; each buffer that holds a record of it holds the ticket. When nobody holds
it any more, all its records are durable, and the watermark passes it once it has passed those before. The position
file therefore never claims a record that could still be lost, and a restart reads again from the watermark: what lay
above it and was delivered comes twice (at least once, as AWS: "Understand data delivery").
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path


class Ticket:
    """Consecutive offsets of one partition, waiting to be durable. Made with one holder."""

    __slots__ = ("_holders", "_progress", "next_offset", "oldest_ms")

    def __init__(self, progress: _Progress, next_offset: int, oldest_ms: int) -> None:
        self._progress = progress
        self._holders = 1
        self.next_offset = next_offset
        self.oldest_ms = oldest_ms

    def hold(self) -> None:
        with self._progress.lock:
            self._holders += 1

    def release(self) -> None:
        """One holder less; the last one lets the watermark move."""
        with self._progress.lock:
            self._holders -= 1
            if self._holders == 0:
                self._progress.advance()

    @property
    def is_durable(self) -> bool:
        return self._holders == 0


@dataclass
class _Progress:
    lock: threading.Lock
    watermark: int
    waiting: deque[Ticket] = field(default_factory=deque)

    def advance(self) -> None:
        while self.waiting and self.waiting[0].is_durable:
            self.watermark = self.waiting.popleft().next_offset


class Watermarks:
    """The low-watermarks of a topic's partitions. Safe to use from several threads."""

    def __init__(self, positions: dict[int, int]) -> None:
        self._lock = threading.Lock()
        self._partitions = {partition: _Progress(self._lock, offset) for partition, offset in positions.items()}

    def add_partition(self, partition: int, offset: int) -> None:
        with self._lock:
            self._partitions.setdefault(partition, _Progress(self._lock, offset))

    def ticket(self, partition: int, next_offset: int, oldest_ms: int) -> Ticket:
        """A ticket for the records up to `next_offset`; tickets of a partition are taken in offset order."""
        with self._lock:
            progress = self._partitions[partition]
            ticket = Ticket(progress, next_offset, oldest_ms)
            progress.waiting.append(ticket)
            return ticket

    def positions(self) -> dict[int, int]:
        with self._lock:
            return {partition: progress.watermark for partition, progress in self._partitions.items()}

    def oldest_ms(self) -> int | None:
        """Arrival of the oldest record that is not durable, or None."""
        with self._lock:
            return min((ticket.oldest_ms for progress in self._partitions.values() for ticket in progress.waiting), default=None)


@dataclass(frozen=True)
class Position:
    """What the position file says."""

    topic_id: str
    offsets: dict[int, int]


class PositionFile:
    """The durable position of one stream: written whole, synced, then put in place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: Position | None = None

    def read(self) -> Position | None:
        """The position, or None where the stream has none yet."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        value = json.loads(text)
        return Position(value["topic_id"], {int(partition): offset for partition, offset in value["offsets"].items()})

    def write(self, position: Position) -> None:
        """Make a changed position durable."""
        if position == self._written:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(
                {"topic_id": position.topic_id, "offsets": {str(key): value for key, value in sorted(position.offsets.items())}}, file
            )
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        sync_directory(self._path.parent)
        self._written = position


def sync_directory(directory: Path) -> None:
    """Make a rename in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
