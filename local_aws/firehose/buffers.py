"""Buffers of one delivery stream: one per partition of the prefix, closed by size or by age.

A buffer holds what one object will hold, in arrival order. It closes when its bytes reach the size hint or its first
record has been in it for the interval hint, whichever comes first ("Configure buffering hints"; with dynamic
partitioning one buffer per evaluated prefix, "Buffering for dynamic partitioning"). The size counted is that of the
payloads after transformation and before conversion: AWS does not say, and a Parquet object is several times smaller
than the hint on AWS too. Error output has buffers of its own, one per error type, with the same hints.

Timestamps in a prefix are evaluated when a buffer closes, from its oldest record, so they do not tell buffers apart.
Nothing here touches S3 or Kafka.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from local_aws.clock import Clock
from local_aws.firehose.configuration import StreamConfiguration
from local_aws.firehose.position import Ticket
from local_aws.firehose.prefixes import ErrorType


class ClosedBy(Enum):
    """Why a buffer was closed."""

    SIZE = "size"
    INTERVAL = "interval"
    CONFIGURATION = "configuration"
    """The destination was updated; the buffer is delivered as it was configured when it opened."""
    MEMORY = "memory"
    """This process reached its limit of held bytes; AWS has no such limit to show."""


@dataclass(frozen=True)
class Slice:
    """Records of one batch that go into one buffer. Made with a hold on the batch's ticket."""

    partition: int
    offsets: Sequence[int]
    arrivals: Sequence[int]
    payloads: Sequence[bytes]
    size: int
    source_bytes: int
    """What the records had in Kafka."""
    ticket: Ticket


@dataclass(frozen=True, eq=False)
class Closed:
    """A buffer on its way to S3. Equal only to itself."""

    configuration: StreamConfiguration
    keys: tuple[str, ...]
    error_type: ErrorType | None
    slices: tuple[Slice, ...]
    closed_by: ClosedBy
    size: int

    @property
    def oldest_ms(self) -> int:
        return min(min(one.arrivals) for one in self.slices)

    @property
    def records(self) -> int:
        return sum(len(one.offsets) for one in self.slices)

    def offsets(self) -> dict[int, list[int]]:
        """Offsets by partition, in the order of the records."""
        found: dict[int, list[int]] = {}
        for one in self.slices:
            found.setdefault(one.partition, []).extend(one.offsets)
        return found

    def release(self) -> None:
        """Everything in it is durable."""
        for one in self.slices:
            one.ticket.release()


class _Open:
    __slots__ = ("opened", "size", "slices")

    def __init__(self, opened: float) -> None:
        self.opened = opened
        self.size = 0
        self.slices: list[Slice] = []


_Key = tuple[ErrorType | None, tuple[str, ...]]


class Buffers:
    """The open buffers of one configuration of a stream. For one thread."""

    def __init__(self, clock: Clock, configuration: StreamConfiguration, delivering: Counter[tuple[str, ...]] | None = None) -> None:
        self._clock = clock
        self._configuration = configuration
        self._open: dict[_Key, _Open] = {}
        self.delivering: Counter[tuple[str, ...]] = Counter() if delivering is None else delivering
        """Closed buffers that are not delivered yet, by partition. The stream's next configuration goes on with it: what
        the one before closed is active until it is delivered, and `delivered` may tell of it only then."""
        self.held_bytes = 0

    @property
    def active_partitions(self) -> int:
        """Partitions with records that are not delivered yet; one that cannot be delivered stays active."""
        return len({keys for error_type, keys in self._open if error_type is None} | set(self.delivering))

    def __len__(self) -> int:
        return len(self._open)

    def admits(self, keys: tuple[str, ...]) -> bool:
        """Whether a record with these keys fits below the limit of active partitions."""
        destination = self._configuration.destination
        if not destination.partitioned or (None, keys) in self._open or keys in self.delivering:
            return True
        return self.active_partitions < destination.partition_limit

    def add(self, error_type: ErrorType | None, keys: tuple[str, ...], records: Slice) -> Iterator[Closed]:
        """Put records into their buffer; yield it where that fills it."""
        key = (error_type, keys)
        buffer = self._open.get(key)
        if buffer is None:
            buffer = self._open[key] = _Open(self._clock.now())
        buffer.slices.append(records)
        buffer.size += records.size
        self.held_bytes += records.size
        if buffer.size >= self._configuration.destination.size_bytes:
            yield self._close(key, ClosedBy.SIZE)

    def due(self) -> Iterator[Closed]:
        """The buffers whose interval has passed."""
        now, interval = self._clock.now(), self._configuration.destination.interval_seconds
        for key, buffer in list(self._open.items()):
            if now - buffer.opened >= interval:
                yield self._close(key, ClosedBy.INTERVAL)

    def close_all(self, closed_by: ClosedBy) -> Iterator[Closed]:
        for key in list(self._open):
            yield self._close(key, closed_by)

    def close_largest(self, closed_by: ClosedBy) -> Iterator[Closed]:
        if self._open:
            yield self._close(max(self._open, key=lambda key: self._open[key].size), closed_by)

    def delivered(self, closed: Closed) -> None:
        """A closed buffer is in S3: its partition is active no more, unless it opened again."""
        if closed.error_type is None:
            self.delivering[closed.keys] -= 1
            if not self.delivering[closed.keys]:
                del self.delivering[closed.keys]

    def _close(self, key: _Key, closed_by: ClosedBy) -> Closed:
        error_type, keys = key
        buffer = self._open.pop(key)
        self.held_bytes -= buffer.size
        if error_type is None:
            self.delivering[keys] += 1
        return Closed(self._configuration, keys, error_type, tuple(buffer.slices), closed_by, buffer.size)
