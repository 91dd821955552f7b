"""One run of the `terraform` program: recorded, followed while it works, told to stop, ended when its command was killed.

Terraform has a session of its own, so a Ctrl-C reaches it only through us, once: at a second interrupt it exits at once
and may lose the state. If this process dies, the kernel sends terraform that one interrupt (Linux: PR_SET_PDEATHSIG), so it
ends what is under way, saves the state and releases its lock. It prints to a file, since a pipe without a reader would kill it.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from console import CouldNotRun
from local_aws import processes
from local_aws.home import Home

NAME = "terraform"
PROGRESS_SECONDS = 15.0
GRACE_SECONDS = 60.0
"""How long a terraform whose command was killed may take to end; one on AWS takes as long as the calls under way."""
_FORCED_SECONDS = 10.0
_POLL_SECONDS = 0.2
_DONE = re.compile(r": (?:Creation|Modifications|Destruction) complete\b")
_PLANNED = re.compile(r"^Plan: (?:\d+ to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy")

Say = Callable[[str], None]


class Progress:
    """Says every `PROGRESS_SECONDS` how far a run is, from what terraform prints."""

    def __init__(self, command: str, say: Say, total: int | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._command, self._say, self._total, self._now = command, say, total, now
        self._began = self._said = now()
        self._done = 0
        self._unfinished = ""

    def hear(self, printed: str) -> None:
        """Take in what terraform printed since the last call, and say a line if one is due."""
        *lines, self._unfinished = (self._unfinished + printed).split("\n")
        for line in lines:
            self._done += bool(_DONE.search(line))
            planned = _PLANNED.match(line)
            if planned:
                self._total = sum(map(int, planned.groups()))
        if self._now() - self._said >= PROGRESS_SECONDS:
            self._said = self._now()
            self._say(f"terraform {self._command}: {self._so_far()}{self._now() - self._began:.0f} s.")

    def _so_far(self) -> str:
        if self._total:
            return f"{self._done} of {self._total} resources, "
        return f"{self._done} resources so far, " if self._done else ""


def run(
    home: Home,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    output: IO[bytes],
    errors: IO[bytes] | None,
    progress: Progress,
    say: Say,
) -> tuple[int, str]:
    """Run terraform to its end, and return its exit code and what it appended to `output`.

    Its record in `home.processes` stays if it was killed, for `end_left`.

    Raises:
        KeyboardInterrupt: this process was told to stop; terraform was told too, and has ended.
    """
    offset = output.seek(0, os.SEEK_END)
    process = processes.start(home, NAME, command, environment=environment, death_signal=signal.SIGINT, output=output, errors=errors)
    heard = offset

    def follow() -> None:
        nonlocal heard
        new = os.pread(output.fileno(), 1 << 20, heard)
        heard += len(new)
        progress.hear(new.decode("utf-8", errors="replace"))

    try:
        _wait(process, follow)
    except KeyboardInterrupt:
        _tell_to_stop(process, say)
        raise
    finally:
        if process.returncode is not None and process.returncode >= 0:
            processes.forget(home, NAME)
    output.seek(offset)
    return process.returncode, output.read().decode("utf-8", errors="replace")


def end_left(home: Home, say: Say, *, kill: bool) -> bool:
    """End the terraform that a killed command left under `home`; returns whether there was one, which is dead by then.

    Call it under the lock of `operations.deployment.exclusive`: then the command that started it is dead. The record stays,
    so that the caller can drop what the dead one held before it forgets it.

    Raises:
        CouldNotRun: it still runs after `GRACE_SECONDS`, and is not to be killed (`kill`): on AWS that would lose its state.
    """
    record = next((record for record in processes.recorded(home) if record.name == NAME), None)
    if record is None:
        return False
    deadline = time.monotonic() + GRACE_SECONDS
    if processes.is_running(record):
        say(f"Waiting for terraform (process {record.pid}) to end: the command that started it was killed.")
        if sys.platform != "linux":  # there the kernel has told it, and a second interrupt would make it exit untidily
            _signal(record.pid, signal.SIGINT)
        while processes.is_running(record) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if processes.is_running(record) and not kill:
            raise CouldNotRun(
                f"terraform (process {record.pid}) still runs, {GRACE_SECONDS:.0f} s after the command that started it was killed.",
                "It was told to stop and ends when the AWS calls under way do: wait, then try again.",
            )
    for pid in _group(record.pid):
        _signal(pid, signal.SIGKILL)
    while processes.is_running(record) and time.monotonic() < deadline + _FORCED_SECONDS:
        time.sleep(0.02)
    return True


def _wait(process: subprocess.Popen[bytes], meanwhile: Callable[[], None]) -> None:
    while True:
        try:
            process.wait(timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            meanwhile()
        else:
            return


def _tell_to_stop(process: subprocess.Popen[bytes], say: Say) -> None:
    """Tell terraform to stop and wait until it has; an interrupt meanwhile makes it end at once."""
    said = time.monotonic()

    def remind() -> None:
        nonlocal said
        if time.monotonic() - said >= PROGRESS_SECONDS:
            said = time.monotonic()
            say("terraform is still ending what is under way.")

    _signal(process.pid, signal.SIGINT)
    try:
        say(f"Stopping: terraform (process {process.pid}) ends what is under way and saves the state. Ctrl-C again ends it at once.")
        _wait(process, remind)
    except KeyboardInterrupt:
        _signal(process.pid, signal.SIGINT)  # its second: it exits at once
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_FORCED_SECONDS)
        for pid in _group(process.pid):
            _signal(pid, signal.SIGKILL)
        process.wait()


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _group(leader: int) -> list[int]:
    """Terraform and its providers in the process group of `leader`, which may be dead itself.

    Only programs of that name: the id of a group that is gone can come back as somebody else's.
    """
    if sys.platform != "linux":
        listed = subprocess.run(["ps", "-axo", "pid=,pgid=,comm="], capture_output=True, text=True, check=False).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        return [int(pid) for pid, group, name in rows if int(group) == leader and Path(name).name.startswith(NAME)]
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            before, _, after = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")
            if int(after.split()[2]) == leader and before.partition("(")[2].startswith(NAME):
                found.append(int(stat.parent.name))
    return found
