"""Delivery of closed buffers: objects into S3, in the ledger before and after, tried again without end.

"Understand data delivery" (retries): for an MSK source there is no end to retries until the topic's retention removes
the data; only failed transformations and conversions go to the error output. A retry puts the same key. What cannot be
delivered stays held, so reading stops at the limit of held bytes: backpressure, never loss.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.clock import Clock
from local_aws.firehose.buffers import Closed
from local_aws.firehose.configuration import Destination
from local_aws.firehose.conversion_settings import Conversion
from local_aws.firehose.error_log import ErrorLog
from local_aws.firehose.invoke import Stopped
from local_aws.firehose.ledger import Intent, Ledger
from local_aws.firehose.metrics import Metrics
from local_aws.firehose.objects import ObjectMaker, S3Object
from local_aws.firehose.problems import Problems
from local_aws.firehose.schema_source import Schema, SchemaSource, SchemaUnavailable

log = logging.getLogger(__name__)

_THREADS = 4
_LONGEST_WAIT = 60.0
_CODES = {
    "AccessDenied": (
        "S3.AccessDenied",
        "Access was denied. Ensure that the trust policy for the provided IAM role allows Firehose to assume the role, and the "
        "access policy allows access to the S3 bucket.",
    ),
    "NoSuchBucket": (
        "S3.NoSuchBucket",
        "The specified bucket does not exist. Create the bucket or use a different bucket that does exist.",
    ),
    "MethodNotAllowed": ("S3.MethodNotAllowed", "The specified method is not allowed against this resource."),
    "KMS.NotFoundException": ("S3.KMS.NotFoundException", "The provided AWS KMS key was not found."),
}


class Deliverer:
    """Delivers buffers on threads of its own; `finished` gives them back to the loop's thread, in order of completion."""

    def __init__(
        self,
        *,
        clock: Clock,
        stopping: threading.Event,
        ledger: Ledger,
        metrics: Metrics,
        error_log: ErrorLog,
        problems: Problems,
        s3: Callable[[Destination], Any],
        schema: Callable[[Conversion], SchemaSource],
        maker: ObjectMaker | None = None,
    ) -> None:
        self._clock = clock
        self._stopping = stopping
        self._ledger = ledger
        self._metrics = metrics
        self._error_log = error_log
        self._problems = problems
        self._s3 = s3
        self._schema = schema
        self._maker = maker or ObjectMaker()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="delivery")
        self._running: dict[Future[None], Closed] = {}
        self.held_bytes = 0
        self.last_delivery_ms: int | None = None

    def __len__(self) -> int:
        return len(self._running)

    def submit(self, closed: Closed) -> None:
        """Start to deliver a buffer."""
        self.held_bytes += closed.size
        self._running[self._pool.submit(self._deliver, closed)] = closed

    def finished(self) -> list[Closed]:
        """The buffers that are in S3 since the last call.

        Raises:
            Exception: what a delivery met that no retry heals; the process ends, and reads again when restarted.
        """
        done = [future for future in self._running if future.done()]
        closed: list[Closed] = []
        for future in done:
            one = self._running.pop(future)
            self.held_bytes -= one.size
            future.result()
            one.release()
            closed.append(one)
        return closed

    def cancel_waiting(self) -> None:
        """Start nothing more; what is being put goes on, and `finished` still tells of it."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._running = {future: closed for future, closed in self._running.items() if not future.cancelled()}

    def _deliver(self, closed: Closed) -> None:
        for made in self._objects(closed):
            intent = Intent(
                closed.configuration.destination.bucket,
                made.key,
                made.prefix,
                made.kind,
                closed.closed_by.value,
                made.records,
                len(made.body),
                made.offsets,
            )
            self._ledger.intend(intent)
            self._put(closed, made)
            self._ledger.done(intent)
            self._metrics.add("DeliveryToS3.Records", made.records)
            if closed.configuration.destination.partitioned:
                self._metrics.add("DeliveryToS3.ObjectCount", 1)
        self._metrics.add("DeliveryToS3.Bytes", sum(one.source_bytes for one in closed.slices))
        self.last_delivery_ms = self._clock.wall_ms()

    def _objects(self, closed: Closed) -> list[S3Object]:
        conversion = closed.configuration.destination.conversion
        if conversion is None or closed.error_type is not None:
            return [self._maker.plain(closed)]
        schema = self._await_schema(closed, conversion)
        made, result = self._maker.converted(closed, conversion, schema, self._clock.wall_ms())
        failed = len(result.failures)
        sizes = [len(payload) for one in closed.slices for payload in one.payloads] if failed else []
        failed_bytes = sum(sizes[failure.index] for failure in result.failures)
        self._metrics.add("SucceedConversion.Records", closed.records - failed)
        self._metrics.add("SucceedConversion.Bytes", closed.size - failed_bytes)
        self._metrics.add("FailedConversion.Records", failed)
        self._metrics.add("FailedConversion.Bytes", failed_bytes)
        for failure in result.failures[:1]:
            self._error_log.add(closed.configuration, failure.code, failure.message)
        return made

    def _await_schema(self, closed: Closed, conversion: Conversion) -> Schema:
        tries = 0
        while True:
            try:
                schema = self._schema(conversion).get()
            except SchemaUnavailable as error:
                tries += 1
                self._failed(closed, error.code, str(error), tries)
            else:
                self._problems.end(closed)
                return schema

    def _put(self, closed: Closed, made: S3Object) -> None:
        destination = closed.configuration.destination
        request: dict[str, Any] = {
            "Bucket": destination.bucket,
            "Key": made.key,
            "Body": made.body,
            "ContentType": "application/octet-stream",
        }
        if made.encoding:
            request["ContentEncoding"] = made.encoding
        if destination.kms_key:
            request |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": destination.kms_key}
        tries = 0
        while True:
            try:
                self._s3(destination).put_object(**request)
            except ClientError as error:
                code, message = _CODES.get(error.response["Error"]["Code"], ("InternalError", str(error)))
            except BotoCoreError as error:
                code, message = "InternalError", f"An internal error occurred while attempting to deliver data: {error}"
            else:
                self._problems.end(closed)
                self._metrics.sample("DeliveryToS3.Success", 1)
                return
            tries += 1
            self._metrics.sample("DeliveryToS3.Success", 0)
            self._failed(closed, code, message, tries)

    def _failed(self, closed: Closed, code: str, message: str, tries: int) -> None:
        self._problems.start(closed, f"{code}: {message}")
        self._error_log.add(closed.configuration, code, message)
        wait = min(_LONGEST_WAIT, 2.0 ** min(tries - 1, 10))
        time.sleep(min(0.1, wait))  # at a high clock speed a retry still leaves the endpoint a breath
        if self._clock.wait(self._stopping, wait):
            raise Stopped
