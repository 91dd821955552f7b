"""A run: workers started, watched and stopped, and the manifest kept up to date.

The manifest is written before the first event, about twice a second while there is something new, and at the end. So after
`kill -9` of this process it holds all that was acknowledged up to half a second before; after that of a worker, all but what
that worker did not report. A small reserve of disk space is held, to be given up where the disk is full at the last moment.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

import manifest
from console import Output, PipelineError
from kafka_access import Connection
from manifest import Manifest, ManifestNotWritten, State
from producer_sim.chunks import Report
from producer_sim.errors import WorkerDied
from producer_sim.ledger import Ledger
from producer_sim.pace import Pace, quantile
from producer_sim.worker import Task
from simulated_events.classes import EventClass
from simulated_events.plan import Plan

CHECKOUT = Path(__file__).resolve().parent.parent
WRITE_SECONDS = 0.5
HEARTBEAT_SECONDS = 5.0
"""While nothing is new the manifest is written all the same, so that its age tells a run that goes on from one that was killed."""
PROGRESS_SECONDS = 5.0
_START_DELAY_SECONDS = 0.2
_RESERVE_BYTES = 256 * 1024


@dataclass(frozen=True)
class Ended:
    """How a run ended. `trouble` is why it did not come to its planned end, other than by a stop."""

    manifest: Manifest
    pace: Pace
    stopped: bool
    trouble: PipelineError | None


@dataclass
class _Worker:
    number: int
    process: subprocess.Popen[bytes]
    last: Report | None = None
    trouble: str | None = None
    """Why it could not go on, or that it ended without a last report."""
    ended: bool = False


@dataclass
class Run:
    """One load. `execute` once."""

    plan: Plan
    rate: float | None
    topic: str
    connection: Connection
    classes: tuple[EventClass, ...]
    path: Path
    output: Output
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self._ledger = Ledger(self.plan, self.topic, self.classes, self.now())
        self._reports: queue.Queue[tuple[_Worker, Report | None]] = queue.Queue()
        self._workers: list[_Worker] = []
        self._stopping = False
        self._trouble: PipelineError | None = None
        self._reserve = self.path.with_name(f".{self.path.name}.reserve")

    def execute(self) -> Ended:
        """Send everything; on Ctrl-C send no more, wait for what is on its way, and end in order.

        Raises:
            ManifestNotWritten: the manifest cannot be written at all; nothing was sent.
        """
        self._write(State.RUNNING)
        self._hold_reserve()
        try:
            self._start_workers()
            self._watch()
        except KeyboardInterrupt:
            self._stop()
            self._watch()
        finally:
            for worker in self._workers:
                if worker.process.poll() is None:
                    worker.process.kill()
                worker.process.wait()
            self._release_reserve()
            state = State.INTERRUPTED if self._stopping or not all(worker.ended for worker in self._workers) else State.COMPLETE
            final = self._write_last(state)
        return Ended(final, self._ledger.pace(self.rate), self._stopping and self._trouble is None, self._trouble)

    def _start_workers(self) -> None:
        for number in range(self.plan.workers):
            process = subprocess.Popen(
                [sys.executable, "-m", "producer_sim.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=CHECKOUT,
                start_new_session=True,
            )
            worker = _Worker(number, process)
            self._workers.append(worker)
            threading.Thread(target=self._listen, args=(worker,), daemon=True).start()
            ca_file = self.connection.ca_file
            task = Task(
                self.plan,
                number,
                self.rate,
                self.topic,
                self.connection.bootstrap,
                self.connection.auth.value,
                self.connection.region,
                str(ca_file) if ca_file else None,
            )
            self._say(worker, msgspec.json.encode(task))
        waiting = {worker.number for worker in self._workers}
        while waiting and self._trouble is None:
            worker, report = self._reports.get()
            self._take(worker, report)
            waiting.discard(worker.number)
        start = time.monotonic() + _START_DELAY_SECONDS
        for worker in self._workers:
            self._say(worker, f"start {start!r}".encode())

    def _watch(self) -> None:
        """Take reports until every worker ended."""
        written = said = time.monotonic()
        changed = False
        while not all(worker.ended for worker in self._workers):
            try:
                worker, report = self._reports.get(timeout=0.1)
            except queue.Empty:
                pass
            else:
                self._take(worker, report)
                changed = changed or bool(report and (report.acknowledged or report.errors))
            now = time.monotonic()
            if now - written >= (WRITE_SECONDS if changed else HEARTBEAT_SECONDS):
                written, changed = now, False
                self._keep()
            if now - said >= PROGRESS_SECONDS:
                said = now
                self._progress()

    def _take(self, worker: _Worker, report: Report | None) -> None:
        if report is None:
            worker.ended = True
            if worker.last is None or not worker.last.final:
                self._fail(
                    WorkerDied(
                        f"load: worker {worker.number} ended on its own ({_ending(worker.process.wait())}).",
                        "What it had reported as acknowledged is in the manifest; its other events are unconfirmed.",
                    )
                )
            return
        worker.last = report
        self._ledger.take(report)
        if report.trouble:
            self._fail(WorkerDied(f"load: worker {worker.number} could not go on: {report.trouble}"))

    def _fail(self, trouble: PipelineError) -> None:
        """Stop for a reason that is not the user's."""
        self._trouble = self._trouble or trouble
        self._stop()

    def _stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            for worker in self._workers:
                self._say(worker, b"stop")

    def _say(self, worker: _Worker, line: bytes) -> None:
        pipe = worker.process.stdin
        assert pipe is not None
        try:
            pipe.write(line + b"\n")
            pipe.flush()
        except OSError:
            pass  # it ended; its missing last report says so

    def _listen(self, worker: _Worker) -> None:
        pipe = worker.process.stdout
        assert pipe is not None
        for line in pipe:
            try:
                self._reports.put((worker, msgspec.json.decode(line, type=Report)))
            except msgspec.DecodeError:
                break  # killed in the middle of a line
        self._reports.put((worker, None))

    def _progress(self) -> None:
        pace = self._ledger.pace(self.rate)
        p99 = quantile(pace.waits, 0.99)
        waited = f", acknowledged within {p99 * 1000:,.0f} ms of intended (p99)" if p99 is not None else ""
        failed = f", {self._ledger.errors.total():,} errors" if self._ledger.errors else ""
        self.output.notice(f"{pace.seconds:6.0f} s  {pace.events:,} of {pace.planned:,} events acknowledged{failed}{waited}")

    def _write(self, state: State) -> Manifest:
        found = self._ledger.manifest(state, self.now())
        manifest.write(self.path, found)
        return found

    def _keep(self) -> None:
        """Write the manifest while running; where that fails, stop sending."""
        try:
            self._write(State.RUNNING)
        except ManifestNotWritten as error:
            self._release_reserve()
            self._fail(error)

    def _write_last(self, state: State) -> Manifest:
        """Write the final manifest; where even that fails, what was last written stands."""
        try:
            return self._write(state)
        except ManifestNotWritten as error:
            self._trouble = self._trouble or error
            return self._ledger.manifest(state, self.now())

    def _hold_reserve(self) -> None:
        try:
            with self._reserve.open("wb") as file:
                file.write(b"\0" * _RESERVE_BYTES)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._release_reserve()
            raise ManifestNotWritten(
                f"{self.path.parent}: there is no room for the manifest ({error.strerror}).", "Nothing was sent. Make room there."
            ) from error

    def _release_reserve(self) -> None:
        with contextlib.suppress(OSError):
            self._reserve.unlink()


def _ending(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
