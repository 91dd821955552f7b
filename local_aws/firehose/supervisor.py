"""Starts one data plane process a stream, starts it again when it dies, and tells in which state it is.

A process that dies is started again after half a second, later and later where it keeps dying at once. One that ended
because the stream cannot go on (CREATING_FAILED, SUSPENDED) stays ended. A stream that is created starts with no
position, even where an earlier stream had its name: its own ReadFromTimestamp decides.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from local_aws import clock, processes
from local_aws.firehose import status
from local_aws.firehose.status import Status
from local_aws.home import CHECKOUT, Home

log = logging.getLogger(__name__)

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 10.0
_SETTLED_SECONDS = 10.0
"""A process that lived this long did not fail at its start."""
_STOP_GRACE = 10.0


class ServiceCredentials(Protocol):
    """A key of firehose.amazonaws.com, which may assume the roles that trust it."""

    @property
    def access_key_id(self) -> str: ...
    @property
    def secret_access_key(self) -> str: ...
    @property
    def session_token(self) -> str | None: ...


@dataclass(frozen=True)
class DataPlaneState:
    """How one stream's data plane stands."""

    status: Status
    failure: tuple[str, str] | None
    """Type (the API's DeliveryStreamFailureType) and details, where the stream cannot go on."""
    pid: int | None
    restarts: int
    last_exit: str | None = None
    """How the process before this one ended, where one did without being asked to."""
    report: Mapping[str, object] = field(default_factory=dict)
    """What the process last wrote into its status file."""


class DataPlaneSupervisor:
    """The data planes of one local target. Safe to use from several threads."""

    def __init__(self, home: Home, endpoint_url: str, region: str, token: str, clock_speed: float) -> None:
        self._home = home
        self._environment = {
            "AWS_ENDPOINT_URL": endpoint_url,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "LOCAL_AWS_TOKEN": token,
            clock.SPEED_VARIABLE: f"{clock_speed:g}",
        }
        self._lock = threading.Lock()
        self._planes: dict[str, _Plane] = {}

    def start(self, stream_name: str, credentials: ServiceCredentials) -> None:
        """Start the data plane of a stream that was just created."""
        self.stop(stream_name)
        keys = {"AWS_ACCESS_KEY_ID": credentials.access_key_id, "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key}
        if credentials.session_token:
            keys["AWS_SESSION_TOKEN"] = credentials.session_token
        directory = self._home.firehose / stream_name
        shutil.rmtree(directory, ignore_errors=True)
        plane = _Plane(self._home, stream_name, directory, _clean_environment() | self._environment | keys)
        with self._lock:
            self._planes[stream_name] = plane
        plane.start()

    def stop(self, stream_name: str) -> None:
        """Stop a stream's data plane; what it holds stays in Kafka. Nothing happens where there is none."""
        with self._lock:
            plane = self._planes.pop(stream_name, None)
        if plane is not None:
            plane.stop()

    def state(self, stream_name: str) -> DataPlaneState:
        """How a stream's data plane stands; CREATING where it was not started yet."""
        with self._lock:
            plane = self._planes.get(stream_name)
        return plane.state() if plane is not None else DataPlaneState(Status.CREATING, None, None, 0)

    def all(self) -> dict[str, DataPlaneState]:
        """The states of all streams."""
        with self._lock:
            planes = dict(self._planes)
        return {name: plane.state() for name, plane in planes.items()}


def _clean_environment() -> dict[str, str]:
    """This process's environment without anybody's keys."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    paths = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths)}


class _Plane:
    """One stream's process and the thread that watches it."""

    def __init__(self, home: Home, stream: str, directory: Path, environment: Mapping[str, str]) -> None:
        self._home = home
        self._stream = stream
        self._directory = directory
        self._environment = environment
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._restarts = 0
        self._last_exit: str | None = None
        self._thread = threading.Thread(target=self._watch, name=f"firehose-{stream}", daemon=True)

    @property
    def _name(self) -> str:
        return f"firehose-{self._stream}"

    def start(self) -> None:
        self._process = self._spawn()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_GRACE)
        self._thread.join(_STOP_GRACE)
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        processes.forget(self._home, self._name)

    def state(self) -> DataPlaneState:
        report = status.read(self._directory)
        process = self._process
        pid = process.pid if process is not None and process.poll() is None else None
        if report is None:
            return DataPlaneState(Status.CREATING, None, pid, self._restarts, self._last_exit)
        return DataPlaneState(report.status, report.failure, pid, self._restarts, self._last_exit, report.values)

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = (sys.executable, "-m", "local_aws.firehose", "--stream", self._stream, "--home", str(self._home.root), "--debug")
        return processes.start(self._home, self._name, command, environment=self._environment, directory=CHECKOUT)

    def _watch(self) -> None:
        wait = _FIRST_WAIT / 2
        while not self._stopping.is_set():
            process, started = self._process, time.monotonic()
            if process is None:
                return
            code = process.wait()
            report = status.read(self._directory)
            if self._stopping.is_set():
                return
            if report is not None and report.status.is_final:
                processes.forget(self._home, self._name)
                return
            self._last_exit = f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
            wait = _FIRST_WAIT if time.monotonic() - started > _SETTLED_SECONDS else min(wait * 2, _LONGEST_WAIT)
            log.warning("the data plane of %s %s; starting it again in %.1f s", self._stream, self._last_exit, wait)
            if not self._stopping.wait(wait):
                self._restarts += 1
                self._process = self._spawn()
                if self._stopping.is_set():
                    self._process.terminate()
