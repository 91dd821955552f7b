"""The stream's error log: lines in the CloudWatch group and stream that its destination names.

Shape of a line: "Monitor with CloudWatch Logs". AWS samples lines when many deliveries fail; here a code is logged at
most once in ten seconds. A log that cannot be written never holds up delivery: the group and its stream must exist
beforehand, and Firehose does not make them.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.firehose.configuration import StreamConfiguration

log = logging.getLogger(__name__)

_SECONDS_BETWEEN = 10.0


class ErrorLog:
    """Collects lines, to be sent once a second by the watch. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[dict[str, Any]] = []
        self._last: dict[str, float] = {}

    def add(self, configuration: StreamConfiguration, code: str, message: str, processor: str | None = None) -> None:
        """One failure, unless the same code was logged a moment ago."""
        now = time.monotonic()
        with self._lock:
            if now - self._last.get(code, -_SECONDS_BETWEEN) < _SECONDS_BETWEEN:
                return
            self._last[code] = now
            line: dict[str, Any] = {
                "deliveryStreamARN": configuration.arn,
                "destination": configuration.destination.bucket_arn,
                "deliveryStreamVersionId": int(configuration.version_id),
                "message": message,
                "errorCode": code,
            }
            if processor:
                line["processor"] = processor
            self._lines.append({"timestamp": time.time_ns() // 1_000_000, "message": json.dumps(line)})
        log.warning("%s: %s", code, message)

    def send(self, configuration: StreamConfiguration, client: Callable[[], Any]) -> None:
        """Put the collected lines, where the destination asks for a log."""
        with self._lock:
            lines, self._lines = self._lines, []
        target = configuration.destination.log
        if not lines or target is None:
            return
        try:
            client().put_log_events(logGroupName=target.group, logStreamName=target.stream, logEvents=lines)
        except (ClientError, BotoCoreError) as error:
            log.warning("the error log %s %s cannot be written: %s", target.group, target.stream, error)
