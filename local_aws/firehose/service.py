"""One stream's data plane: start, the loop, and an end that loses nothing.

The loop is one thread: it reads, moves batches and buffers on, commits positions and writes the status. Invocations,
deliveries and looking around have threads of their own. What is held in memory (open batches, batches being
transformed, buffers, deliveries) is bounded by `HELD_LIMIT` bytes of payload; at the limit the largest buffer is closed
early and reading stops until deliveries catch up.

SIGTERM: what is being put is finished, the position is committed, and the rest is left in Kafka to be read again; AWS
has no such moment. SIGKILL at any time is safe: see `position` and `ledger`.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local_aws.clock import Clock
from local_aws.firehose import startup, status
from local_aws.firehose.aws_access import Access
from local_aws.firehose.buffers import ClosedBy
from local_aws.firehose.configuration import Conversion, StreamConfiguration
from local_aws.firehose.delivery import Deliverer
from local_aws.firehose.error_log import ErrorLog
from local_aws.firehose.errors import CannotStart, NotSupportedLocally, NotYet, Suspended
from local_aws.firehose.invoke import TIMEOUT_SECONDS, Invoker, Observer, Stopped
from local_aws.firehose.ledger import Ledger
from local_aws.firehose.metrics import Metrics
from local_aws.firehose.pipeline import Pipeline
from local_aws.firehose.position import Position, PositionFile, Watermarks
from local_aws.firehose.schema_source import SchemaSource
from local_aws.firehose.source import BYTES_PER_SECOND, KafkaSource
from local_aws.firehose.status import Status
from local_aws.firehose.watch import Watch

log = logging.getLogger(__name__)

HELD_LIMIT = 512 * 1024 * 1024
_RESUME_BELOW = HELD_LIMIT * 3 // 4
_READ_RECORDS = 10_000
_READ_SECONDS = 0.05
_INVOCATIONS = 6
"""Invocations at a time over all partitions; AWS allows five a partition."""
_STATUS_SECONDS = 1.0
_CREATION_SECONDS = 120.0
_STOP_SECONDS = 7.0
_SETTLING_SECONDS = 3.0


class Service:
    """The data plane of one stream, from `run` to its end."""

    def __init__(self, stream: str, directory: Path, clock: Clock, region: str) -> None:
        self._stream = stream
        self._directory = directory
        self._clock = clock
        self._stopping = threading.Event()
        self._access = Access(stream, region)
        self._metrics = Metrics()
        self._error_log = ErrorLog()
        self._schemas: dict[Any, SchemaSource] = {}
        self._status = Status.CREATING
        self._failure: tuple[str, str] | None = None
        self._problem: str | None = None
        self._started = time.time()
        self._file = PositionFile(directory / "position.json")
        earlier = status.read(directory)
        self._earlier = dict(earlier.values) if earlier else {}
        """What an earlier process last said, until there is something newer to say."""
        self._pool = ThreadPoolExecutor(_INVOCATIONS, thread_name_prefix="invocation")

    def ask_to_stop(self) -> None:
        """Make `run` return soon; safe in a signal handler."""
        self._stopping.set()

    def run(self) -> Status:
        """Work until asked to stop, or until the stream cannot go on; returns the last status."""
        if self._file.read() is not None:
            self._status = Status.ACTIVE  # it was created before this start
        try:
            ready = self._start()
            if ready is not None:
                with contextlib.suppress(Stopped):
                    _Loop(self, *ready).run()
        except Suspended as error:
            self._end(Status.SUSPENDED, "UNKNOWN_ERROR", str(error))
        except CannotStart as error:
            self._end(Status.CREATING_FAILED, error.failure_type, str(error))
        except NotSupportedLocally as error:
            self._end(Status.CREATING_FAILED, "UNKNOWN_ERROR", str(error))
        return self._status

    def _start(self) -> tuple[StreamConfiguration, KafkaSource, Position] | None:
        deadline = time.monotonic() + _CREATION_SECONDS
        wait = 0.2
        while not self._stopping.is_set():
            self.write_status({})
            try:
                return self._prepare()
            except (NotYet, CannotStart) as error:
                created = self._status is Status.ACTIVE
                if not created and isinstance(error, CannotStart):
                    raise
                if not created and time.monotonic() > deadline:
                    raise CannotStart(str(error)) from error
                log.info("not yet: %s", error)
                self._problem = str(error)
            self._stopping.wait(wait)
            wait = min(wait * 2, 5.0)
        return None

    def _prepare(self) -> tuple[StreamConfiguration, KafkaSource, Position]:
        configuration = startup.describe(self._access, self._stream)
        startup.check_roles(self._access, configuration)
        if configuration.destination.conversion:
            startup.check_schema(self.schema(configuration.destination.conversion))
        source = startup.connect(self._access, configuration)
        try:
            position = startup.resume(source, configuration, self._file)
        except BaseException:
            source.close()
            raise
        self._problem = None
        return configuration, source, position

    def _end(self, last: Status, kind: str, details: str) -> None:
        log.error("%s: %s", last.value, details)
        self._status, self._failure = last, (kind, details)
        self.write_status({})

    def schema(self, conversion: Conversion) -> SchemaSource:
        """The source of one target schema."""
        reference = conversion.schema
        known = self._schemas.get(reference)
        if known is None:
            client = lambda: self._access.client("glue", reference.role_arn, region=reference.region)  # noqa: E731
            known = self._schemas.setdefault(reference, SchemaSource(reference, client))
        return known

    def write_status(self, values: dict[str, Any]) -> None:
        common = {
            "stream": self._stream,
            "pid": os.getpid(),
            "started": self._started,
            "updated": time.time(),
            "clock_speed": self._clock.speed,
            "problem": self._problem,
        }
        status.write(self._directory, self._status, self._failure, {**self._earlier, **common, **values})


class _Loop:
    """The loop of a stream that is ACTIVE."""

    def __init__(self, service: Service, configuration: StreamConfiguration, source: KafkaSource, position: Position) -> None:
        self._service = service
        self._clock = service._clock
        self._stopping = service._stopping
        self._metrics = service._metrics
        self._source = source
        self._topic_id = position.topic_id
        self._watermarks = Watermarks(dict(position.offsets))
        self._ledger = Ledger(service._directory / "ledger.jsonl")
        self._start_at = position
        self._pipeline = self._make_pipeline(configuration)
        self._deliverer = Deliverer(
            clock=self._clock,
            stopping=self._stopping,
            ledger=self._ledger,
            metrics=self._metrics,
            error_log=service._error_log,
            s3=lambda destination: service._access.client("s3", destination.role_arn),
            schema=service.schema,
        )
        self._watch = Watch(
            service._access,
            configuration,
            source,
            topic_id=position.topic_id,
            metrics=self._metrics,
            error_log=service._error_log,
            speed=self._clock.speed,
            measure=self._measure,
        )
        self._held_up = False
        self._lags: dict[int, int] = {}
        self._status_due = 0.0

    def run(self) -> None:
        self._ledger.recover(self._start_at.offsets, self._is_there)
        self._warn_of_lost_records()
        self._source.assign(self._start_at.offsets)
        self._service._status = Status.ACTIVE
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
        if self._held_bytes() > HELD_LIMIT and not len(self._deliverer):
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
        self._held_up = held > (_RESUME_BELOW if self._held_up else HELD_LIMIT)
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
        positions = self._watermarks.positions()
        self._service._file.write(Position(self._topic_id, positions))

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
        self._pipeline = self._make_pipeline(newest)

    def _make_pipeline(self, configuration: StreamConfiguration) -> Pipeline:
        return Pipeline(
            configuration,
            clock=self._clock,
            watermarks=self._watermarks,
            metrics=self._metrics,
            transform=self._transform(configuration),
            executor=self._service._pool,
        )

    def _transform(self, configuration: StreamConfiguration) -> Any:
        transform = configuration.destination.transform
        if transform is None:
            return None
        service = self._service

        def attempt(succeeded: bool, milliseconds: float) -> None:
            self._metrics.sample("ExecuteProcessing.Success", float(succeeded))
            self._metrics.sample("ExecuteProcessing.Duration", milliseconds)

        settings = Config(connect_timeout=5, read_timeout=TIMEOUT_SECONDS, retries={"total_max_attempts": 1}, max_pool_connections=32)
        return Invoker(
            configuration,
            transform,
            client=lambda: service._access.client("lambda", transform.role_arn, settings),
            clock=self._clock,
            stopping=self._stopping,
            observer=Observer(attempt, lambda code, message: service._error_log.add(configuration, code, message, transform.function_arn)),
            wall=time.monotonic,
        ).transform

    def _is_there(self, bucket: str, key: str, age: float) -> bool:
        """Whether an object that an earlier process may have put is in S3; asks until there is an answer.

        A request that was complete when its sender died may still be at work, so an absent object is believed only
        some seconds after it was about to be put.
        """
        role = self._pipeline.configuration.destination.role_arn
        believed = time.monotonic() + max(0.0, _SETTLING_SECONDS - age)
        while True:
            try:
                self._service._access.client("s3", role).head_object(Bucket=bucket, Key=key)
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

    def _warn_of_lost_records(self) -> None:
        for partition, offset in self._start_at.offsets.items():
            with contextlib.suppress(NotYet):
                oldest = self._source.oldest_kept(partition)
                if oldest > offset:
                    log.error("partition %s: the topic's retention removed offsets %s to %s unread", partition, offset, oldest - 1)

    def _measure(self) -> None:
        """Levels as they stand, before metrics are sent."""
        destination = self._pipeline.configuration.destination
        self._metrics.level("KafkaOffsetLag", sum(self._lags.values()))
        self._metrics.level("BytesPerSecondLimit", BYTES_PER_SECOND)
        self._metrics.level("DeliveryToS3.DataFreshness", self._freshness())
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
        self._lags = dict(self._source.lags())
        positions = self._watermarks.positions()
        self._service._problem = self._deliverer.failing
        self._service.write_status(
            {
                "version_id": self._pipeline.configuration.version_id,
                "lag": sum(self._lags.values()),
                "positions": positions,
                "read": self._source.following,
                "freshness_seconds": round(self._freshness(), 3),
                "held_bytes": self._held_bytes(),
                "held_limit_bytes": HELD_LIMIT,
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

    def _stop(self) -> None:
        self._stopping.set()
        self._service._pool.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + _STOP_SECONDS
        self._deliverer.cancel_waiting()
        while len(self._deliverer) and time.monotonic() < deadline:
            with contextlib.suppress(Stopped):
                self._commit()
            time.sleep(0.02)
        self._watch.stop()
        self._write_status()
        log.info("stopped; everything below %s is in S3", self._watermarks.positions())
