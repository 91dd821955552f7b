"""Processes of the local target: started with their parent's life, recorded on disk, stopped by process id.

Each process gets a record in `Home.processes`, with its id and its start time as the kernel tells it, so that a
recycled id is never mistaken for ours. A process dies with its parent (Linux: PR_SET_PDEATHSIG), so a killed control
plane leaves nothing behind; elsewhere the records tell (`recorded`, `stop`) what is left.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from local_aws.home import Home

_LAUNCHER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")))
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")
"""PR_SET_PDEATHSIG follows the *thread* that started a process (prctl(2)), so one thread that lives as long as this
process starts them all: a request's thread would take its children with it."""


@dataclass(frozen=True)
class ProcessRecord:
    """What is known on disk of one process."""

    name: str
    pid: int
    started: str
    """The kernel's start time of the process, an opaque string; with `pid` it names one process for ever."""


def start(
    home: Home,
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    dies_with_parent: bool = True,
    death_signal: signal.Signals = signal.SIGKILL,
    output: IO[bytes] | None = None,
    errors: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in its own session, its output appended to `logs/<name>.log` unless `output` is given, and record it.

    `environment` replaces the whole environment where given. Without `dies_with_parent` the process outlives its
    parent and is found again by its record; `death_signal` is what it gets when the parent dies (SIGINT lets it end
    tidily). `errors` parts its standard error from its output.

    Raises:
        FileNotFoundError: without `dies_with_parent`, there is no such program; with it the process ends with code 1.
    """

    def popen() -> subprocess.Popen[bytes]:
        with (home.logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                (*_LAUNCHER, str(os.getpid()), str(int(death_signal)), *command) if dies_with_parent else command,
                stdin=subprocess.DEVNULL,
                stdout=output or log,
                stderr=errors or subprocess.STDOUT,
                env=dict(environment) if environment is not None else None,
                cwd=directory,
                start_new_session=True,
            )

    home.logs.mkdir(parents=True, exist_ok=True)
    process = _SPAWNER.submit(popen).result()
    record(home, name, process.pid)
    return process


def record(home: Home, name: str, pid: int) -> None:
    """Write the record of a running process."""
    home.processes.mkdir(parents=True, exist_ok=True)
    path = home.processes / f"{name}.json"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(asdict(ProcessRecord(name, pid, _start_time(pid) or ""))), encoding="utf-8")
    temporary.replace(path)


def forget(home: Home, name: str) -> None:
    """Remove the record of a process that has ended."""
    (home.processes / f"{name}.json").unlink(missing_ok=True)


def recorded(home: Home) -> list[ProcessRecord]:
    """All records, whether their process still runs or not; unreadable ones are left out."""
    records = []
    for path in sorted(home.processes.glob("*.json")) if home.processes.is_dir() else []:
        with contextlib.suppress(OSError, ValueError, TypeError):
            records.append(ProcessRecord(**json.loads(path.read_text(encoding="utf-8"))))
    return records


def is_running(process: ProcessRecord) -> bool:
    """Whether the very process of the record runs (a zombie does not)."""
    started = _start_time(process.pid)
    return started is not None and started == process.started


def stop(home: Home, process: ProcessRecord, *, grace: float = 10.0) -> None:
    """Ask the process to end, wait `grace` seconds, then kill it and what it started; forget it once it is gone."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        if not is_running(process):
            break
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL and os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, number)  # it leads a group of its own (`start`): terraform's provider is in it
            else:
                os.kill(process.pid, number)
        deadline = time.monotonic() + patience
        while is_running(process) and time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
            time.sleep(0.02)
    forget(home, process.name)


def _start_time(pid: int) -> str | None:
    """The kernel's start time of a live, non-zombie process, else None."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        with contextlib.suppress(OSError, IndexError):
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            return None if fields[0] in ("Z", "X") else fields[19]
        return None
    if sys.platform == "linux":
        return None
    listed = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.strip()
    state, _, started = listed.partition(" ")
    return None if not state or state.startswith("Z") else started.strip()
