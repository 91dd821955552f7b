"""One stream's data plane, from its start to its end: creation, the loop, and the last status."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local_aws.clock import Clock
from local_aws.firehose import startup, status
from local_aws.firehose.aws_access import Access
from local_aws.firehose.configuration import StreamConfiguration
from local_aws.firehose.conversion_settings import MIB
from local_aws.firehose.error_log import ErrorLog
from local_aws.firehose.errors import CannotStart, NotSupportedLocally, NotYet, Suspended
from local_aws.firehose.invoke import Stopped
from local_aws.firehose.loop import Loop, Parts
from local_aws.firehose.metrics import Metrics
from local_aws.firehose.position import Position, PositionFile
from local_aws.firehose.problems import Problems
from local_aws.firehose.source import KafkaSource
from local_aws.firehose.status import Status

log = logging.getLogger(__name__)

HELD_LIMIT = 512 * MIB
"""Bytes of payload that a data plane holds in memory before it stops reading."""
_INVOCATIONS = 6
"""Invocations at a time over all partitions; AWS allows five a partition."""
_CREATION_SECONDS = 120.0
_CRASH_SHOWN_SECONDS = 120.0


class Service:
    """The data plane of one stream."""

    def __init__(self, stream: str, directory: Path, clock: Clock, region: str, *, held_limit: int = HELD_LIMIT) -> None:
        self._stream = stream
        self._directory = directory
        self._stopping = threading.Event()
        self._access = Access(stream, region)
        self._file = PositionFile(directory / "position.json")
        self._clock = clock
        self._held_limit = held_limit
        self._status = Status.CREATING
        self._failure: tuple[str, str] | None = None
        self._started = time.time()
        earlier = status.read(directory)
        self._earlier = dict(earlier.values) if earlier else {}
        """What an earlier process last said, until there is something newer to say."""

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
                    Loop(self._parts(), *ready).run()
        except Suspended as error:
            self._end(Status.SUSPENDED, "UNKNOWN_ERROR", str(error))
        except CannotStart as error:
            self._end(Status.CREATING_FAILED, error.failure_type, str(error))
        except NotSupportedLocally as error:
            self._end(Status.CREATING_FAILED, "UNKNOWN_ERROR", str(error))
        except Exception as error:
            self._write({"crash": f"{type(error).__name__}: {error}", "crashed": time.time()})
            raise
        return self._status

    def _parts(self) -> Parts:
        return Parts(
            clock=self._clock,
            stopping=self._stopping,
            access=self._access,
            metrics=Metrics(),
            error_log=ErrorLog(),
            problems=Problems(),
            directory=self._directory,
            file=self._file,
            pool=ThreadPoolExecutor(_INVOCATIONS, thread_name_prefix="invocation"),
            held_limit=self._held_limit,
            report=self._report_active,
        )

    def _start(self) -> tuple[StreamConfiguration, KafkaSource, Position] | None:
        deadline = time.monotonic() + _CREATION_SECONDS
        wait = 0.2
        problem: str | None = None
        while not self._stopping.is_set():
            self._write({"problem": problem})
            try:
                return self._prepare()
            except (NotYet, CannotStart) as error:
                created = self._status is Status.ACTIVE
                if not created and isinstance(error, CannotStart):
                    raise
                if not created and time.monotonic() > deadline:
                    raise CannotStart(str(error)) from error
                log.info("not yet: %s", error)
                problem = str(error)
            self._stopping.wait(wait)
            wait = min(wait * 2, 5.0)
        return None

    def _prepare(self) -> tuple[StreamConfiguration, KafkaSource, Position]:
        configuration = startup.describe(self._access, self._stream)
        startup.check_roles(self._access, configuration)
        if configuration.destination.conversion:
            startup.check_schema(startup.schema_source(self._access, configuration.destination.conversion.schema))
        source = startup.connect(self._access, configuration)
        try:
            return configuration, source, startup.resume(source, configuration, self._file)
        except BaseException:
            source.close()
            raise

    def _end(self, last: Status, kind: str, details: str) -> None:
        log.error("%s: %s", last.value, details)
        self._status, self._failure = last, (kind, details)
        self._write({})

    def _report_active(self, values: Mapping[str, Any]) -> None:
        self._status = Status.ACTIVE
        self._write(values)

    def _recent_crash(self) -> str | None:
        """What ended a process of this stream a moment ago: one that crashes again and again is ACTIVE in between."""
        crashed = self._earlier.get("crashed", 0.0)
        return f"crashed: {self._earlier['crash']}" if time.time() - crashed < _CRASH_SHOWN_SECONDS else None

    def _write(self, values: Mapping[str, Any]) -> None:
        common: dict[str, Any] = {
            "stream": self._stream,
            "pid": os.getpid(),
            "started": self._started,
            "updated": time.time(),
            "clock_speed": self._clock.speed,
        }
        self._earlier |= values
        crash = self._recent_crash()
        if crash is not None:
            common["problem"] = "; ".join(filter(None, [crash, self._earlier.get("problem")]))
        status.write(self._directory, self._status, self._failure, {**self._earlier, **common})
