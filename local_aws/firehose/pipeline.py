"""The way of records under one configuration of a stream: batches, invocations, keys by query, routing, buffers.

Invocations of a partition run side by side, up to five ("Amazon Data Firehose Quota": outstanding invocations per
shard), and their outcomes are taken in the order of the batches, so that a buffer holds its records in arrival order.
When the configuration changes, `drain` brings everything under way to closed buffers, which keep the old configuration.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future

from local_aws.clock import Clock
from local_aws.firehose.batching import Batcher
from local_aws.firehose.buffers import Buffers, Closed, ClosedBy
from local_aws.firehose.configuration import StreamConfiguration
from local_aws.firehose.conversion_settings import MIB
from local_aws.firehose.metrics import Metrics
from local_aws.firehose.position import Watermarks
from local_aws.firehose.prefixes import ErrorType
from local_aws.firehose.records import Batch, Outcome, Rejected
from local_aws.firehose.results import untransformed
from local_aws.firehose.routing import Router
from local_aws.firehose.source import Read

OUTSTANDING = 5
_QUEUED = 2
"""Closed batches that may wait for an invocation before their partition is no longer read."""

LARGEST_RECORD, LARGEST_RECORD_WITH_LAMBDA = 10 * MIB, 6 * MIB
TOO_LARGE = "DataReadFromSource.RecordTooLarge"
"""AWS documents that such records go to the error output, not their code."""


class Pipeline:
    """One configuration at work. For one thread; `transform` runs on the executor's.

    `before` is the drained pipeline of the configuration that this one replaces, whose buffers may still be delivered.
    """

    def __init__(
        self,
        configuration: StreamConfiguration,
        *,
        before: Pipeline | None = None,
        clock: Clock,
        watermarks: Watermarks,
        metrics: Metrics,
        transform: Callable[[Batch], Outcome] | None,
        executor: Executor,
        extract: Callable[[Outcome], Outcome] | None = None,
    ) -> None:
        self.configuration = configuration
        self._clock = clock
        self._watermarks = watermarks
        self._metrics = metrics
        self._extract = extract
        self._transform = transform if transform is None or extract is None else lambda batch: self._extracted(transform(batch))
        self._executor = executor
        settings = configuration.destination.transform
        self._batcher = Batcher(clock, watermarks, settings.size_bytes if settings else 0, settings.interval_seconds if settings else 0)
        self._largest = LARGEST_RECORD_WITH_LAMBDA if settings else LARGEST_RECORD
        self._waiting: dict[int, deque[Batch | Outcome]] = {}
        self._running: dict[int, deque[tuple[Batch, Future[Outcome]]]] = {}
        self._in_flight_bytes = 0
        self.buffers: Buffers = Buffers(clock, configuration, before.buffers.delivering if before else None)
        self._router = Router(configuration, self.buffers, metrics)

    @property
    def held_bytes(self) -> int:
        return self._batcher.held_bytes + self._in_flight_bytes + self.buffers.held_bytes

    @property
    def is_transforming(self) -> bool:
        """Whether any batch waits for its outcome."""
        return any(self._waiting.values()) or any(self._running.values())

    def oldest_open_ms(self) -> int | None:
        """Arrival of the oldest record in a batch that is not closed yet."""
        return self._batcher.oldest_ms()

    def full_partitions(self) -> set[int]:
        """Partitions that should not be read until their invocations catch up."""
        return {partition for partition, batches in self._waiting.items() if len(batches) > _QUEUED}

    def take(self, reads: Iterable[Read]) -> None:
        """Take records from the source."""
        for read in reads:
            if max(map(len, read.values)) > self._largest:
                self._take_with_oversized(read)
            else:
                self._queue(self._batcher.add(read.partition, read.offsets, read.arrivals, read.values))
        if self._transform is None:
            self._queue(self._batcher.due(everything=True))

    def _take_with_oversized(self, read: Read) -> None:
        for offset, arrival, value in zip(read.offsets, read.arrivals, read.values, strict=True):
            if len(value) <= self._largest:
                self._queue(self._batcher.add(read.partition, [offset], [arrival], [value]))
                continue
            self._queue(self._batcher.close(read.partition))
            self._metrics.add("FailedValidation.Records", 1)
            self._metrics.add("FailedValidation.Bytes", len(value))
            ticket = self._watermarks.ticket(read.partition, offset + 1, arrival)
            batch = Batch(read.partition, [offset], [arrival], [value], ticket)
            message = f"The record has {len(value)} bytes; the largest that is taken has {self._largest}."
            rejected = Rejected(0, ErrorType.PROCESSING_FAILED, TOO_LARGE, message, value)
            self._in_flight_bytes += len(value)
            self._waiting.setdefault(read.partition, deque()).append(
                Outcome(batch, [value], rejected=[rejected], ended_ms=self._clock.wall_ms())
            )

    def _queue(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            self._in_flight_bytes += batch.size
            self._waiting.setdefault(batch.partition, deque()).append(batch)

    def advance(self) -> Iterator[Closed]:
        """Move everything one step on; yield the buffers that closed."""
        self._queue(self._batcher.due())
        for partition, waiting in self._waiting.items():
            running = self._running.setdefault(partition, deque())
            yield from self._collect(running)
            while waiting and len(running) < OUTSTANDING:
                if isinstance(waiting[0], Outcome) or self._transform is None:
                    if running:
                        break  # in order: this one's turn comes after those
                    yield from self._route(self._settled(waiting.popleft()))
                else:
                    batch = waiting.popleft()
                    if isinstance(batch, Batch):
                        running.append((batch, self._executor.submit(self._transform, batch)))
        yield from self.buffers.due()

    def drain(self) -> Iterator[Closed]:
        """After the last record: close what is open. Call it again until `is_transforming` is false."""
        self._queue(self._batcher.due(everything=True))
        yield from self.advance()
        if not self.is_transforming:
            yield from self.buffers.close_all(ClosedBy.CONFIGURATION)

    def _collect(self, running: deque[tuple[Batch, Future[Outcome]]]) -> Iterator[Closed]:
        while running and running[0][1].done():
            _, future = running.popleft()
            outcome = future.result()
            failed = [one.index for one in outcome.rejected if one.error_type is ErrorType.PROCESSING_FAILED]
            failed_bytes = sum(len(outcome.batch.values[index]) for index in failed)
            self._metrics.add("SucceedProcessing.Records", len(outcome.batch.offsets) - len(failed))
            self._metrics.add("SucceedProcessing.Bytes", outcome.batch.size - failed_bytes)
            yield from self._route(outcome)

    def _route(self, outcome: Outcome) -> Iterator[Closed]:
        self._in_flight_bytes -= outcome.batch.size
        yield from self._router.route(outcome)

    def _settled(self, item: Batch | Outcome) -> Outcome:
        return self._extracted(untransformed(item)) if isinstance(item, Batch) else item

    def _extracted(self, outcome: Outcome) -> Outcome:
        """Partition keys by the query, after the transformation; on the executor's thread where there is one."""
        if self._extract is None:
            return outcome
        started = time.monotonic()
        extracted = self._extract(outcome)
        self._metrics.sample("JQProcessing.Duration", (time.monotonic() - started) * 1000)
        return extracted
