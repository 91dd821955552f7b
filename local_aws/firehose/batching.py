"""Lambda batches: per Kafka partition, closed by size hint or interval hint, whichever comes first.

"Transform source data with AWS Lambda" gives the hints (size 0.2 to 3 MB of record values, interval 0 to 900 s);
"Configure buffering hints" says that they work per shard or partition. An invocation takes at most 6 MB, and a record
grows by base64 and its envelope; how AWS reconciles a 3 MB hint with that is not documented, so a batch also closes
before its request would pass 6 MB.
"""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.clock import Clock
from local_aws.firehose.position import Watermarks
from local_aws.firehose.records import Batch

REQUEST_LIMIT = 6 * 1024 * 1024
ENVELOPE_BYTES = 256
"""What a record needs in the request beside its value, at most."""


def request_bytes(value_bytes: int) -> int:
    """What a record of this size adds to a request, at most."""
    return ENVELOPE_BYTES + (value_bytes + 2) // 3 * 4


class _Open:
    __slots__ = ("arrivals", "offsets", "opened", "request", "size", "values")

    def __init__(self, opened: float) -> None:
        self.opened = opened
        self.offsets: list[int] = []
        self.arrivals: list[int] = []
        self.values: list[bytes] = []
        self.size = 0
        self.request = 1024


class Batcher:
    """Collects records into batches; a `size_bytes` of 0 closes a batch at every `due`."""

    def __init__(self, clock: Clock, watermarks: Watermarks, size_bytes: int, interval_seconds: float) -> None:
        self._clock = clock
        self._watermarks = watermarks
        self._size = size_bytes
        self._interval = interval_seconds
        self._open: dict[int, _Open] = {}
        self.held_bytes = 0

    def add(self, partition: int, offsets: list[int], arrivals: list[int], values: list[bytes]) -> Iterator[Batch]:
        """Take consecutive records; yield the batches that they close."""
        start = 0
        while start < len(offsets):
            batch = self._open.get(partition)
            if batch is None:
                batch = self._open[partition] = _Open(self._clock.now())
            stop = self._fill(batch, values, start)
            batch.offsets += offsets[start:stop]
            batch.arrivals += arrivals[start:stop]
            batch.values += values[start:stop]
            start = stop
            if start < len(offsets) or (self._size and batch.size >= self._size):
                yield self._close(partition)

    def _fill(self, batch: _Open, values: list[bytes], start: int) -> int:
        """Count values into the batch until it is full; return where the next batch starts."""
        size, request, limit = batch.size, batch.request, self._size or REQUEST_LIMIT
        index = start
        for index in range(start, len(values)):
            length = len(values[index])
            more = request_bytes(length)
            if (size >= limit or request + more > REQUEST_LIMIT) and (index > start or batch.values):
                break
            size += length
            request += more
        else:
            index = len(values)
        self.held_bytes += size - batch.size
        batch.size, batch.request = size, request
        return index

    def close(self, partition: int) -> Iterator[Batch]:
        """The open batch of one partition, if it has one."""
        if partition in self._open:
            yield self._close(partition)

    def due(self, *, everything: bool = False) -> Iterator[Batch]:
        """The batches whose interval has passed, or all of them."""
        now = self._clock.now()
        for partition, batch in list(self._open.items()):
            if everything or now - batch.opened >= self._interval:
                yield self._close(partition)

    def oldest_ms(self) -> int | None:
        """Arrival of the oldest record in an open batch, or None."""
        return min((min(batch.arrivals) for batch in self._open.values() if batch.arrivals), default=None)

    def _close(self, partition: int) -> Batch:
        batch = self._open.pop(partition)
        self.held_bytes -= batch.size
        ticket = self._watermarks.ticket(partition, batch.offsets[-1] + 1, min(batch.arrivals))
        return Batch(partition, batch.offsets, batch.arrivals, batch.values, ticket)
