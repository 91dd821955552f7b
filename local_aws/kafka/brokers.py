"""The brokers' processes: formatted, started together, waited for, restarted when they die, stopped together."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local_aws import processes
from local_aws.home import Home
from local_aws.kafka import class_archive, jars
from local_aws.kafka.class_archive import UP
from local_aws.kafka.errors import KafkaDidNotStart
from local_aws.kafka.server_properties import Listener, Seat
from local_aws.kafka.storage import format_storage

_JVM_OPTIONS = ("-Xms64m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", "-Djava.awt.headless=true")
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "JAVA_HOME")
_PORT_TAKEN = ("Address already in use", "BindException")
_TAIL_LINES = 15
_POLL_SECONDS = 0.05
_WATCH_SECONDS = 0.2
_STEADY_SECONDS = 30.0
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 10.0


class PortTaken(Exception):
    """A broker found one of its ports in use: another choice may do."""


@dataclass(frozen=True)
class Broker:
    """One broker as it is now."""

    broker_id: int
    pid: int
    restarts: int
    log: Path
    ports: Mapping[Listener, int]


@dataclass
class _Running:
    seat: Seat
    process: subprocess.Popen[bytes]
    started: float
    """On the monotonic clock."""
    restarts: int = 0
    wait: float = _FIRST_WAIT
    due: float | None = None
    """When to start it again, on the monotonic clock; None while it runs."""


@dataclass
class BrokerSet:
    """The processes of one cluster's brokers."""

    home: Home
    name: str
    build: Path
    java: str
    environment: Mapping[str, str]
    running: list[_Running] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None

    def start(self, seats: Sequence[Seat], texts: Mapping[int, str], cluster_id: str, deadline: float) -> None:
        """Start a broker in each seat and return when each has said that it is up.

        `texts` holds each broker's server.properties; `deadline` is on the monotonic clock.

        Raises:
            PortTaken: a port was in use; nothing is left running.
            KafkaDidNotStart: a broker ended, or time ran out; nothing is left running.
        """
        offsets = {}
        for seat in seats:
            format_storage(self.build, seat, texts[seat.broker_id], cluster_id)
            log = self._log(seat)
            offsets[seat.broker_id] = log.stat().st_size if log.exists() else 0
        try:
            for seat in seats:
                self.running.append(_Running(seat, self._spawn(seat), time.monotonic()))
            self._wait(offsets, deadline)
        except BaseException:
            self.stop()
            raise

    def watch(self, notice: Callable[[str], None]) -> None:
        """Keep every broker running from now on; `notice` is told of each that died."""
        self._watcher = threading.Thread(target=self._watch, args=(notice,), name=f"kafka-{self.name}-watcher", daemon=True)
        self._watcher.start()

    def now(self) -> tuple[Broker, ...]:
        with self._lock:
            return tuple(
                Broker(one.seat.broker_id, one.process.pid, one.restarts, self._log(one.seat), one.seat.ports) for one in self.running
            )

    def stop(self) -> None:
        """Kill every broker; safe to call twice.

        Their data go with the cluster, so there is nothing that an orderly end would save, and without a quorum of
        controllers Kafka's orderly end waits in vain.
        """
        self._stopping.set()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join()
        with self._lock:
            ending, self.running = self.running, []
        for one in ending:
            with contextlib.suppress(ProcessLookupError):
                one.process.kill()
        for one in ending:
            one.process.wait()
            processes.forget(self.home, self._process_name(one.seat))

    def log_tail(self) -> list[str]:
        """The last warnings and errors of the brokers that ended, or of all where all still run."""
        ended = [one for one in self.running if one.process.poll() is not None] or self.running
        tails: list[str] = []
        for one in ended:
            log = self._log(one.seat)
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
            tails += [f"{log}:", *lines[-_TAIL_LINES:]]
        return tails

    def _wait(self, offsets: Mapping[int, int], deadline: float) -> None:
        waiting = {one.seat.broker_id: one for one in self.running}
        while waiting:
            for broker_id, one in list(waiting.items()):
                with contextlib.suppress(FileNotFoundError), self._log(one.seat).open("rb") as file:
                    file.seek(offsets[broker_id])
                    said = file.read().decode("utf-8", errors="replace")
                    if any(sign in said for sign in _PORT_TAKEN):
                        raise PortTaken
                    if UP in said:
                        del waiting[broker_id]
                        continue
                if one.process.poll() is not None:
                    raise KafkaDidNotStart(
                        f"kafka: broker {broker_id} of {self.name} ended with code {one.process.returncode}.", *self.log_tail()
                    )
            if time.monotonic() > deadline:
                missing = ", ".join(map(str, waiting))
                raise KafkaDidNotStart(f"kafka: broker {missing} of {self.name} did not come up in time.", *self.log_tail())
            time.sleep(_POLL_SECONDS)

    def _watch(self, notice: Callable[[str], None]) -> None:
        while not self._stopping.wait(_WATCH_SECONDS):
            with self._lock:
                for one in self.running:
                    self._look_after(one, time.monotonic(), notice)

    def _look_after(self, one: _Running, now: float, notice: Callable[[str], None]) -> None:
        if one.due is None:
            if one.process.poll() is None:
                return
            one.wait = _FIRST_WAIT if now - one.started > _STEADY_SECONDS else min(one.wait * 2, _LONGEST_WAIT)
            one.due = now + one.wait
            notice(f"Broker {one.seat.broker_id} ended with code {one.process.returncode}; it is started again in {one.wait:g} s.")
        elif now >= one.due:
            try:
                one.process, one.started, one.due = self._spawn(one.seat), now, None
            except OSError as error:  # no more processes or files, say: the next try may do
                one.due = now + _LONGEST_WAIT
                notice(f"Broker {one.seat.broker_id} could not be started: {error}; it is tried again in {_LONGEST_WAIT:g} s.")
            else:
                one.restarts += 1

    def _spawn(self, seat: Seat) -> subprocess.Popen[bytes]:
        archive = class_archive.options(self.build, self.java)
        scratch = self.home.kafka / "tmp"  # for liblz4's library, say; the JVM takes no notice of TMPDIR, and a killed one removes nothing
        scratch.mkdir(parents=True, exist_ok=True)
        options = (*_JVM_OPTIONS, f"-Djava.io.tmpdir={scratch}")
        command = (self.java, *options, *archive, *jars.class_path(self.build), "kafka.Kafka", str(seat.server_properties))
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment = {**passed_on, "MALLOC_ARENA_MAX": "2", **self.environment}
        return processes.start(self.home, self._process_name(seat), command, environment=environment, directory=seat.directory)

    def _process_name(self, seat: Seat) -> str:
        return f"kafka-{self.name}-{seat.broker_id}"

    def _log(self, seat: Seat) -> Path:
        return self.home.logs / f"{self._process_name(seat)}.log"
