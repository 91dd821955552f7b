"""One sending process: `python -m producer_sim.worker`, started and fed by `load`.

Standard input: a line with the task, then `start <monotonic seconds>`, then perhaps `stop`; its end means stop, too, so a worker
never outlives the process that started it. Standard output: reports, one JSON line each.

Pacing is open loop: the schedule says when each event is due, whatever became of those before it. A full queue is waited for
without generating more, so memory stays flat; the schedule goes on meanwhile, and being behind it is reported.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec
from confluent_kafka import KafkaException

import schema
from kafka_access import Auth, Connection
from producer_sim.chunks import Chunk, Report, settle
from producer_sim.connection import DELIVERY_TIMEOUT_SECONDS, Client
from producer_sim.pace import TOO_LATE_SECONDS, bucket
from simulated_events.classes import assemble
from simulated_events.generator import Generator
from simulated_events.plan import Plan

REPORT_SECONDS = 0.1
_CHUNK_SECONDS = 0.05
_CHUNK_EVENTS = (16, 4096)
_SLICE = 500
"""Messages handed over before the brokers' answers are looked at again."""
_CONNECT_SECONDS = 30.0
_SLEEP_SECONDS = 0.002
_STOP_SECONDS = 10.0
"""After a stop, how long what is on its way may still be acknowledged."""


@dataclass(frozen=True)
class Task:
    """What one worker does."""

    plan: Plan
    worker: int
    rate: float | None
    """Events per second of all workers together; None for as fast as can be."""
    topic: str
    bootstrap: str
    auth: str
    region: str
    ca_file: str | None

    @property
    def connection(self) -> Connection:
        return Connection(self.bootstrap, Auth(self.auth), self.region, Path(self.ca_file) if self.ca_file else None)


class Parent:
    """The process that started this one, by way of standard input and output."""

    def __init__(self) -> None:
        self._input = sys.stdin.fileno()
        self._text = b""
        self.gone = False

    def line(self) -> bytes | None:
        """The next line, waited for; None when there will be none."""
        while b"\n" not in self._text:
            read = os.read(self._input, 1 << 16)
            if not read:
                return None
            self._text += read
        line, _, self._text = self._text.partition(b"\n")
        return line

    def says_stop(self) -> bool:
        """Whether it said stop, or ended."""
        return bool(self._text) or bool(select.select([self._input], [], [], 0)[0])

    def tell(self, report: Report) -> None:
        """Report; a parent that is gone is noted, not raised."""
        try:
            sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            self.gone = True


class Sender:
    """Sends one worker's events."""

    def __init__(self, task: Task, parent: Parent) -> None:
        self._task = task
        self._parent = parent
        self._generator = Generator(task.plan, schema.load(), assemble(schema.load()))
        self._total = task.plan.events_of(task.worker)
        self._client = Client(task.connection, task.topic, self._sampled)
        size = int(task.rate / task.plan.workers * _CHUNK_SECONDS) if task.rate else _CHUNK_EVENTS[1]
        self._size = min(max(size, _CHUNK_EVENTS[0]), _CHUNK_EVENTS[1])
        self._generated = 0
        self._issued = 0
        self._start = 0.0
        self._waits: Counter[int] = Counter()
        self._lags: Counter[int] = Counter()
        self._worst_lag = 0.0
        self._behind_at: float | None = None
        self._reported = 0.0
        self._stopping = False

    def make_ready(self) -> None:
        """Do beforehand what the first event would have to wait for.

        Raises:
            KafkaException: no broker answered in time.
        """
        self._client.connect(_CONNECT_SECONDS)
        if self._total:
            self._generator.batch(self._task.worker, 0, 1)

    def run(self, start: float) -> None:
        """Send everything from `start` on, until the end or a stop; report as it goes."""
        self._start = start
        ahead: Chunk | None = None
        while (chunk := ahead or self._next()) is not None and not self._stopping:
            ahead = None
            place = 0
            while place < len(chunk.sends) and not self._stopping:
                due = self._due(chunk)
                if due <= place:
                    if ahead is None:
                        ahead = self._next()
                    self._client.poll(min(_SLEEP_SECONDS, max(self._intended(chunk, place) - time.monotonic(), 0)))
                else:
                    place += self._hand_over(chunk, place, min(due, place + _SLICE))
                    self._issued = chunk.batch.first + min(place, len(chunk.batch.values))
                self._report()
            if place < len(chunk.sends):
                self._client.cut(chunk, place)
        self._drain()

    def _next(self) -> Chunk | None:
        if self._generated >= self._total:
            return None
        count = min(self._size, self._total - self._generated)
        batch = self._generator.batch(self._task.worker, self._generated, count)
        self._generated += count
        return Chunk.of(batch)

    def _due(self, chunk: Chunk) -> int:
        """How many of the chunk's messages are due by now; further copies are due with the last event."""
        if self._task.rate is None:
            return len(chunk.sends)
        plan = self._task.plan
        events = int(((time.monotonic() - self._start) * self._task.rate - self._task.worker) // plan.workers) + 1 - chunk.batch.first
        return len(chunk.sends) if events >= len(chunk.batch.values) else max(events, 0)

    def _intended(self, chunk: Chunk, place: int) -> float:
        """When a message is due, on the monotonic clock."""
        plan = self._task.plan
        position = chunk.intended(place) * plan.workers + self._task.worker
        return self._start + position / self._task.rate if self._task.rate else self._start

    def _hand_over(self, chunk: Chunk, first: int, last: int) -> int:
        now = time.monotonic()
        paced = self._task.rate is not None
        lag = now - self._intended(chunk, first) if paced else 0.0
        taken = self._client.send(chunk, first, last, self._intended(chunk, last - 1) if paced else None)
        if paced:
            self._lags[bucket(lag)] += 1
            self._worst_lag = max(self._worst_lag, lag)
            if lag > TOO_LATE_SECONDS and self._behind_at is None:
                self._behind_at = now - self._start
        self._client.poll(0 if taken == last - first else 0.05)
        return taken

    def _sampled(self, wait: float) -> None:
        self._waits[bucket(wait)] += 1

    def _drain(self) -> None:
        """Wait for what is on its way: as long as the client tries, or a while after a stop."""
        deadline = time.monotonic() + DELIVERY_TIMEOUT_SECONDS + _STOP_SECONDS
        while len(self._client) and time.monotonic() < deadline:
            if self._stopping:
                deadline = min(deadline, time.monotonic() + _STOP_SECONDS)
                self._stopping = False
            self._client.poll(0.05)
            self._report()
        if len(self._client):
            self._client.give_up()
        self._report(final=True)

    def _report(self, *, final: bool = False, trouble: str | None = None) -> None:
        now = time.monotonic()
        if not final and now - self._reported < REPORT_SECONDS:
            return
        self._reported = now
        done = [self._client.done.popleft() for _ in range(len(self._client.done))]
        report = Report(self._task.worker, issued=self._issued, final=final, trouble=trouble)
        settle(done, self._generator.classes, report)
        report.partitions = {partition: (seen[0], seen[1], seen[2]) for partition, seen in self._client.partitions.items()}
        report.waits, self._waits = dict(self._waits), Counter()
        report.lags, self._lags = dict(self._lags), Counter()
        report.worst_lag, report.behind_at = self._worst_lag, self._behind_at
        report.last_acknowledged = max(self._client.last_acknowledged - self._start, 0.0)
        self._parent.tell(report)
        if not final and (self._parent.gone or self._parent.says_stop()):
            self._stopping = True

    def fail(self, trouble: str) -> None:
        """Report that the producer cannot go on."""
        self._client.give_up()
        self._report(final=True, trouble=trouble)


def main() -> None:
    """Do the task that the parent gives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = Parent()
    line = parent.line()
    if line is None:
        return
    task = msgspec.json.decode(line, type=Task)
    sender = Sender(task, parent)
    try:
        sender.make_ready()
        parent.tell(Report(task.worker, ready=True))
        started = parent.line()
        if started is None or not started.startswith(b"start "):
            parent.tell(Report(task.worker, final=True))  # stopped before it sent anything
            return
        sender.run(float(started.split()[1]))
    except KafkaException as error:
        sender.fail(str(error.args[0].str() if error.args else error))
    if parent.gone:
        os._exit(1)


if __name__ == "__main__":
    main()
