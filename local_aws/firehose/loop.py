"""The loop of one stream: read, move batches and buffers on, deliver, commit positions, say how it stands.

The loop is one thread; invocations, deliveries and looking around have threads of their own. What is held in memory
(open batches, batches being transformed, buffers, deliveries) is bounded by `held_limit` bytes of payload; at the limit
the largest buffer is closed early and reading stops until deliveries catch up.

A stop finishes what is being put, commits the position, and leaves the rest in Kafka to be read again; AWS has no such
moment. Being killed at any time is safe: see `position` and `ledger`.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local_aws.clock import Clock
from local_aws.firehose import startup
from local_aws.firehose.aws_access import Access
from local_aws.firehose.buffers import ClosedBy
from local_aws.firehose.configuration import StreamConfiguration
from local_aws.firehose.conversion_settings import Conversion, SchemaReference
from local_aws.firehose.delivery import Deliverer
from local_aws.firehose.error_log import ErrorLog
from local_aws.firehose.extraction import Extraction
from local_aws.firehose.invoke import TIMEOUT_SECONDS, Invoker, Observer, Stopped
from local_aws.firehose.ledger import Ledger
from local_aws.firehose.metrics import Metrics
from local_aws.firehose.pipeline import Pipeline
from local_aws.firehose.position import Position, PositionFile, Watermarks
from local_aws.firehose.problems import Problems
from local_aws.firehose.records import Outcome
from local_aws.firehose.schema_source import SchemaSource
from local_aws.firehose.source import BYTES_PER_SECOND, KafkaSource
from local_aws.firehose.watch import Watch

log = logging.getLogger(__name__)

_READ_RECORDS = 10_000
_READ_SECONDS = 0.05
_STATUS_SECONDS = 1.0
_STOP_SECONDS = 7.0
_SETTLING_SECONDS = 3.0


@dataclass(frozen=True)
class Parts:
    """What the loop works with and does not make itself."""

    clock: Clock
    stopping: threading.Event
    access: Access
    metrics: Metrics
    error_log: ErrorLog
    problems: Problems
    directory: Path
    file: PositionFile
    pool: ThreadPoolExecutor
    held_limit: int
    report: Callable[[Mapping[str, Any]], None]
    """Writes the status of an ACTIVE stream."""


class Loop:
    """The loop of a stream that is ACTIVE. Its thread is the one that calls `run`."""

    def __init__(self, parts: Parts, configuration: StreamConfiguration, source: KafkaSource, position: Position) -> None:
        self._parts = parts
        self._clock = parts.clock
        self._stopping = parts.stopping
        self._metrics = parts.metrics
        self._schemas: dict[SchemaReference, SchemaSource] = {}
        self._source = source
        self._topic_id = position.topic_id
        self._watermarks = Watermarks(dict(position.offsets))
        self._ledger = Ledger(parts.directory / "ledger.jsonl")
        self._start_at = position
        self._pipeline = self._make_pipeline(configuration)
        self._deliverer = Deliverer(
            clock=self._clock,
            stopping=self._stopping,
            ledger=self._ledger,
            metrics=self._metrics,
            error_log=parts.error_log,
            problems=parts.problems,
            s3=lambda destination: parts.access.client("s3", destination.role_arn),
            schema=self._schema,
        )
        self._watch = Watch(
            parts.access,
            configuration,
            source,
            topic_id=position.topic_id,
            metrics=self._metrics,
            error_log=parts.error_log,
            problems=parts.problems,
            speed=self._clock.speed,
        )
        self._held_up = False
        self._status_due = 0.0

    def run(self) -> None:
        self._ledger.recover(self._start_at.offsets, self._is_there)
        self._source.assign(self._start_at.offsets)
        self._write_status()
        log.info("ACTIVE, reading from %s", self._start_at.offsets)
        self._watch.start()
        gc.freeze()
        gc.set_threshold(200_000, 100, 1000)
        try:
            while not self._stopping.is_set():
                self._turn()
                if self._watch.ended is not None:
                    raise self._watch.ended
        finally:
            self._stop()

    def _turn(self) -> None:
        self._hold_back()
        self._pipeline.take(self._read())
        for closed in self._pipeline.advance():
            self._deliverer.submit(closed)
        if self._held_bytes() > self._parts.held_limit and not len(self._deliverer):
            for closed in self._pipeline.buffers.close_largest(ClosedBy.MEMORY):
                self._deliverer.submit(closed)
        self._commit()
        self._follow_changes()
        if time.monotonic() >= self._status_due:
            self._write_status()

    def _read(self) -> list[Any]:
        reads = self._source.read(_READ_RECORDS, _READ_SECONDS)
        if reads:
            self._metrics.add("DataReadFromSource.Records", sum(len(read.offsets) for read in reads))
            self._metrics.add("DataReadFromSource.Bytes", sum(read.size for read in reads))
        return reads

    def _hold_back(self) -> None:
        """Pause what should not be read now, resume the rest."""
        held = self._held_bytes()
        limit = self._parts.held_limit
        self._held_up = held > (limit * 3 // 4 if self._held_up else limit)
        wanted = self._source.partitions if self._held_up else self._pipeline.full_partitions()
        over_quota = self._source.pause(wanted)
        if self._held_up or over_quota:
            self._metrics.flag("DataReadFromSource.Backpressured", True)

    def _held_bytes(self) -> int:
        return self._pipeline.held_bytes + self._deliverer.held_bytes

    def _commit(self) -> None:
        finished = self._deliverer.finished()
        for closed in finished:
            self._pipeline.buffers.delivered(closed)
        self._write_position()

    def _write_position(self) -> None:
        self._parts.file.write(Position(self._topic_id, self._watermarks.positions()))

    def _follow_changes(self) -> None:
        """Take up a new configuration, and new partitions of the topic."""
        newest = self._watch.configuration
        if newest != self._pipeline.configuration and newest.version_id != self._pipeline.configuration.version_id:
            self._change_to(newest)
        if self._watch.partitions is not None:
            added = {partition: 0 for partition in range(self._watch.partitions) if partition not in self._source.partitions}
            if added:
                for partition, offset in added.items():
                    self._watermarks.add_partition(partition, offset)
                self._commit()
                self._source.assign(added)

    def _change_to(self, newest: StreamConfiguration) -> None:
        log.info("the configuration changed from version %s to %s", self._pipeline.configuration.version_id, newest.version_id)
        old = self._pipeline
        while not self._stopping.is_set():
            for closed in old.drain():
                self._deliverer.submit(closed)
            if not old.is_transforming:
                break
            self._commit()
            time.sleep(0.02)
        self._pipeline = self._make_pipeline(newest, old)

    def _make_pipeline(self, configuration: StreamConfiguration, before: Pipeline | None = None) -> Pipeline:
        return Pipeline(
            configuration,
            before=before,
            clock=self._clock,
            watermarks=self._watermarks,
            metrics=self._metrics,
            transform=self._transform(configuration),
            executor=self._parts.pool,
            extract=_extract(configuration),
        )

    def _transform(self, configuration: StreamConfiguration) -> Any:
        transform = configuration.destination.transform
        if transform is None:
            return None
        parts = self._parts

        def attempt(succeeded: bool, milliseconds: float) -> None:
            self._metrics.sample("ExecuteProcessing.Success", float(succeeded))
            self._metrics.sample("ExecuteProcessing.Duration", milliseconds)

        settings = Config(connect_timeout=5, read_timeout=TIMEOUT_SECONDS, retries={"total_max_attempts": 1}, max_pool_connections=32)
        return Invoker(
            configuration,
            transform,
            client=lambda: parts.access.client("lambda", transform.role_arn, settings),
            clock=self._clock,
            stopping=self._stopping,
            observer=Observer(
                attempt,
                lambda code, message: parts.error_log.add(configuration, code, message, transform.function_arn),
                away=lambda what, why: parts.problems.start(what, f"Lambda does not answer, and is asked again: {why}"),
                answered=parts.problems.end,
            ),
            wall=time.monotonic,
        ).transform

    def _schema(self, conversion: Conversion) -> SchemaSource:
        reference = conversion.schema
        known = self._schemas.get(reference)
        return known if known is not None else self._schemas.setdefault(reference, startup.schema_source(self._parts.access, reference))

    def _is_there(self, bucket: str, key: str, age: float) -> bool:
        """Whether an object that an earlier process may have put is in S3; asks until there is an answer.

        A request that was complete when its sender died may still be at work, so an absent object is believed only
        some seconds after it was about to be put.
        """
        role = self._pipeline.configuration.destination.role_arn
        believed = time.monotonic() + max(0.0, _SETTLING_SECONDS - age)
        while True:
            try:
                self._parts.access.client("s3", role).head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchBucket", "NotFound"):
                    if time.monotonic() >= believed:
                        return False
                else:
                    log.info("not settled yet, %s: %s", key, error)
            except BotoCoreError as error:
                log.info("not settled yet, %s: %s", key, error)
            else:
                return True
            if self._stopping.wait(0.25):
                raise Stopped

    def _measure(self, lag: int, freshness: float) -> None:
        """Levels as they stand, for the watch to send: it may not look at what this thread changes."""
        destination = self._pipeline.configuration.destination
        self._metrics.level("KafkaOffsetLag", lag)
        self._metrics.level("BytesPerSecondLimit", BYTES_PER_SECOND)
        self._metrics.level("DeliveryToS3.DataFreshness", freshness)
        self._metrics.flag("DataReadFromSource.Backpressured", False)
        if destination.partitioned:
            self._metrics.level("ActivePartitionsLimit", destination.partition_limit)
            self._metrics.level("PartitionCount", self._pipeline.buffers.active_partitions)
            self._metrics.flag("PartitionCountExceeded", False)

    def _freshness(self) -> float:
        """Age of the oldest record that is read and not durable, in seconds of the clock."""
        ages = [one for one in (self._watermarks.oldest_ms(), self._pipeline.oldest_open_ms()) if one is not None]
        return max(0, self._clock.wall_ms() - min(ages)) / 1000 * self._clock.speed if ages else 0.0

    def _write_status(self) -> None:
        self._status_due = time.monotonic() + _STATUS_SECONDS
        lag, freshness = sum(dict(self._source.lags()).values()), self._freshness()
        self._measure(lag, freshness)
        positions = self._watermarks.positions()
        self._parts.report(
            {
                "problem": self._parts.problems.text(),
                "version_id": self._pipeline.configuration.version_id,
                "lag": lag,
                "positions": positions,
                "read": self._source.following,
                "lost_offsets": self._source.lost_offsets,
                "freshness_seconds": round(freshness, 3),
                "held_bytes": self._held_bytes(),
                "held_limit_bytes": self._parts.held_limit,
                "held_up": self._held_up,
                "open_buffers": len(self._pipeline.buffers),
                "delivering": len(self._deliverer),
                "last_delivery_ms": self._deliverer.last_delivery_ms,
                "objects": self._ledger.objects,
                "delivered_records": self._ledger.records,
                "redelivered_records": self._ledger.redelivered_records,
                "totals": dict(self._metrics.totals),
            }
        )

    def _finish_deliveries(self) -> None:
        """Commit what is delivered; what failed is left in Kafka, and must not hide why the loop ended."""
        try:
            self._commit()
        except Stopped:
            pass
        except Exception:
            log.exception("a delivery failed during the stop; its records will be read again")

    def _stop(self) -> None:
        self._stopping.set()
        self._parts.pool.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + _STOP_SECONDS
        self._deliverer.cancel_waiting()
        try:
            while len(self._deliverer) and time.monotonic() < deadline:
                self._finish_deliveries()
                time.sleep(0.02)
            self._write_position()  # a delivery that was stopped keeps `_commit` from writing what others released
            self._write_status()
        finally:
            self._watch.stop()
        log.info("stopped; everything below %s is in S3", self._watermarks.positions())


def _extract(configuration: StreamConfiguration) -> Callable[[Outcome], Outcome] | None:
    """What takes partition keys out of records, where the stream has a query for it."""
    destination = configuration.destination
    return None if destination.query is None else Extraction(destination.query, destination.prefix).extract
