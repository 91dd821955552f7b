"""Log lines: read from what a function printed, and carried to CloudWatch Logs without ever holding up an invocation.

A function's process writes to a file, so nothing it printed is lost when it is killed, and all of it is there when its
response has arrived. `LogShipper` hands batches to the control plane on a thread of its own.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

log = logging.getLogger(__name__)

TAIL_BYTES = 4096
_LINGER_SECONDS = 0.2
_MAX_WAITING_BATCHES = 20_000
_READ_BYTES = 1024 * 1024
_TRUNCATE_ABOVE = 4 * 1024 * 1024

WriteLog = Callable[[str, str, Sequence[str]], None]
"""(log group, log stream, lines): one line is one log event."""


class PrintedLines:
    """What one process printed since it was last asked. The process has the file open for appending."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._offset = os.fstat(self._file).st_size
        self._partial = b""

    def take(self, *, all_of_it: bool) -> list[str]:
        """New lines; a last line without its end only where `all_of_it` is asked for."""
        data = self._partial
        while printed := os.pread(self._file, _READ_BYTES, self._offset):
            self._offset += len(printed)
            data += printed
        self._partial = b""
        if not data:
            return []
        lines = data.split(b"\n")
        last = lines.pop()
        if all_of_it and last:
            lines.append(last)
        elif not all_of_it:
            self._partial = last
        if all_of_it and self._offset > _TRUNCATE_ABOVE:
            os.ftruncate(self._file, 0)
            self._offset = 0
        return [_one_event(line) for line in lines]

    def close(self) -> None:
        os.close(self._file)


def _one_event(line: bytes) -> str:
    """One line as an event. The runtime client joins the lines of an error with carriage returns."""
    text = line.decode("utf-8", errors="replace").rstrip("\r")
    return text.replace("\r", "\n") if text.startswith("[ERROR]") else text


def tail(lines: Sequence[str]) -> bytes:
    """The last 4 KiB of an invocation's log, as `LogType=Tail` gives it (API reference, Invoke)."""
    return ("\n".join(lines) + "\n").encode()[-TAIL_BYTES:] if lines else b""


class LogShipper:
    """Carries lines to `write_log` in batches, in order within a stream."""

    def __init__(self, write_log: WriteLog) -> None:
        self._write_log = write_log
        self._waiting: queue.Queue[tuple[str, str, Sequence[str]] | None] = queue.Queue()
        self._stopping = threading.Event()
        self._lost: Counter[tuple[str, str]] = Counter()
        self._thread = threading.Thread(target=self._run, name="lambda-logs", daemon=True)
        self._thread.start()

    def write(self, group: str, stream: str, lines: Sequence[str]) -> None:
        """Hand over lines; returns at once."""
        if not lines:
            return
        if self._waiting.qsize() > _MAX_WAITING_BATCHES:
            self._lose(group, stream, lines, "too many lines wait to be written")
            return
        self._waiting.put((group, stream, lines))

    def notices(self) -> list[str]:
        """A sentence for each log group that lost lines."""
        by_group: Counter[str] = Counter()
        for (group, _), count in self._lost.copy().items():
            by_group[group] += count
        return [f"{count:,} log lines of {group} were lost; the control plane's log says why." for group, count in by_group.items()]

    def _lose(self, group: str, stream: str, lines: Sequence[str], why: str, error: Exception | None = None) -> None:
        """Count lines that are lost; the first of a stream are told with the reason."""
        if (group, stream) not in self._lost:
            log.error("lambda: log lines of %s %s are lost: %s", group, stream, why, exc_info=error)
        self._lost[group, stream] += len(lines)

    def stop(self) -> None:
        """Write what waits, then end."""
        self._stopping.set()
        self._waiting.put(None)
        self._thread.join(10.0)

    def _run(self) -> None:
        while True:
            first = self._waiting.get()
            if first is None:
                return
            self._stopping.wait(_LINGER_SECONDS)
            batches: dict[tuple[str, str], list[str]] = {first[:2]: list(first[2])}
            ended = False
            while not ended:
                try:
                    item = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if item is None:
                    ended = True
                else:
                    batches.setdefault(item[:2], []).extend(item[2])
            for (group, stream), lines in batches.items():
                try:
                    self._write_log(group, stream, lines)
                except Exception as error:  # noqa: BLE001 - losing log lines must never cost an invocation or this thread
                    self._lose(group, stream, lines, "they could not be written", error)
            if ended:
                return
