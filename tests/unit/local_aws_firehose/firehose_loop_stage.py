"""A loop without a network: a source that a test fills, an S3 that a test holds up, and nothing else that answers."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from botocore.exceptions import EndpointConnectionError

from local_aws.clock import SteppedClock
from local_aws.firehose.buffers import ClosedBy
from local_aws.firehose.configuration import StreamConfiguration
from local_aws.firehose.error_log import ErrorLog
from local_aws.firehose.loop import Loop, Parts
from local_aws.firehose.metrics import Metrics
from local_aws.firehose.position import Position, PositionFile
from local_aws.firehose.problems import Problems
from local_aws.firehose.source import Read, Topic


class FakeSource:
    """Gives what a test put into `reads`; the topic is what `topic` says."""

    def __init__(self) -> None:
        self.reads: list[Read] = []
        self.topic: Topic | Exception | None = Topic("topic", 1)
        self.partitions = {0}
        self.following = {0: 0}
        self.lost_offsets = 0
        self.asked = 0

    def describe(self) -> Topic | None:
        self.asked += 1
        if isinstance(self.topic, Exception):
            raise self.topic
        return self.topic

    def read(self, most: int, timeout: float) -> list[Read]:
        found, self.reads = self.reads, []
        return found

    def pause(self, wanted: set[int]) -> set[int]:
        return set()

    def lags(self) -> Iterator[tuple[int, int]]:
        yield 0, 0

    def assign(self, offsets: Mapping[int, int]) -> None: ...


class SlowS3:
    """Takes an object when `may_put` is set; raises what `failures` says for a key's beginning."""

    def __init__(self) -> None:
        self.may_put = threading.Event()
        self.may_put.set()
        self.keys: list[str] = []
        self.failures: dict[str, Exception] = {}

    def put_object(self, **request: Any) -> None:
        assert self.may_put.wait(20)
        for beginning, failure in self.failures.items():
            if request["Key"].startswith(beginning):
                raise failure
        self.keys.append(request["Key"])


class ByDay:
    """A function that passes values on, partitioned by their text; while `is_away` its endpoint does not answer."""

    def __init__(self) -> None:
        self.is_away = False

    def invoke(self, **request: Any) -> dict[str, Any]:
        if self.is_away:
            raise EndpointConnectionError(endpoint_url="lambda")
        records = json.loads(request["Payload"])["records"]
        answers = [
            {
                "recordId": record["recordId"],
                "result": "Ok",
                "kafkaRecordValue": record["kafkaRecordValue"],
                "metadata": {"partitionKeys": {"day": base64.b64decode(record["kafkaRecordValue"]).decode()}},
            }
            for record in records
        ]
        return {"Payload": io.BytesIO(json.dumps({"records": answers}).encode())}


class FakeAccess:
    """The stream's access to AWS: S3 and a function are there, nothing else answers."""

    def __init__(self) -> None:
        self.s3 = SlowS3()
        self.function = ByDay()

    def client(self, service: str, *_: Any, **__: Any) -> Any:
        if service not in ("s3", "lambda"):
            raise EndpointConnectionError(endpoint_url=service)
        return self.s3 if service == "s3" else self.function


class LoopStage:
    """One loop on a stepped clock, turned by the test."""

    def __init__(self, directory: Path, configured: StreamConfiguration) -> None:
        self.clock = SteppedClock()
        self.source = FakeSource()
        self.access = FakeAccess()
        self.metrics = Metrics()
        self.problems = Problems()
        self.stopping = threading.Event()
        self.file = PositionFile(directory / "position.json")
        self.reports: list[Mapping[str, Any]] = []
        parts = Parts(
            clock=self.clock,
            stopping=self.stopping,
            access=self.access,  # type: ignore[arg-type]
            metrics=self.metrics,
            error_log=ErrorLog(),
            problems=self.problems,
            directory=directory,
            file=self.file,
            pool=ThreadPoolExecutor(1),
            held_limit=1 << 30,
            report=self.reports.append,
        )
        self.loop = Loop(parts, configured, self.source, Position("topic", {0: 0}))  # type: ignore[arg-type]
        self._next = 0

    def receive(self, *values: bytes) -> None:
        first = self._next
        self._next += len(values)
        self.source.reads.append(Read(0, list(range(first, self._next)), [self.clock.wall_ms()] * len(values), list(values)))

    def close(self, *values: bytes) -> None:
        """Receive, transform, and start to deliver."""
        self.receive(*values)
        self.turn_until(lambda: not self.source.reads)
        self.clock.advance(60)
        self.turn_until(lambda: len(self.loop._pipeline.buffers))
        for closed in self.loop._pipeline.buffers.close_all(ClosedBy.INTERVAL):
            self.loop._deliverer.submit(closed)

    def await_deliveries(self) -> None:
        """Let all deliveries end before the loop looks at any."""
        futures.wait(self.loop._deliverer._running, timeout=20)

    @property
    def status(self) -> Mapping[str, Any]:
        """What the loop would report now."""
        self.loop._write_status()
        return self.reports[-1]

    def turn_until(self, question: Callable[[], Any]) -> None:
        """Let the loop work until the answer is true."""
        deadline = time.monotonic() + 20
        while not question():
            assert time.monotonic() < deadline, self.reports[-1:]
            self.loop._turn()
            time.sleep(0.002)
