"""How much memory a tree of processes holds, sampled while it works."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from local_aws import processes
from local_aws.home import Home


def tree(roots: set[int]) -> set[int]:
    """The given process ids and all their descendants."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting.extend(children.get(pid, ()))
    return found


def resident_mib(pids: set[int]) -> float:
    """Memory of these processes in MiB, pages that they share counted once (Linux: PSS; elsewhere RSS)."""
    if sys.platform != "linux":
        listed = subprocess.run(["ps", "-o", "rss=", "-p", ",".join(map(str, pids))], capture_output=True, text=True, check=False).stdout
        return sum(int(word) for word in listed.split()) / 1024
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, StopIteration):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


class PeakMemory:
    """Samples, every `interval` seconds, this process, its children and all that the target under `home` runs."""

    def __init__(self, home: Home, own_pid: int, interval: float = 1.0) -> None:
        self.peak_mib = 0.0
        self._home, self._own_pid, self._interval = home, own_pid, interval
        self._ended = threading.Event()

    @contextlib.contextmanager
    def sampling(self) -> Iterator[Callable[[], float]]:
        """Sample while the block runs; yields a function that tells the peak so far in MiB."""
        sampler = threading.Thread(target=self._sample, name="memory", daemon=True)
        sampler.start()
        try:
            yield lambda: self.peak_mib
        finally:
            self._ended.set()
            sampler.join()

    def _sample(self) -> None:
        while not self._ended.wait(self._interval):
            roots = {self._own_pid, *(record.pid for record in processes.recorded(self._home) if processes.is_running(record))}
            self.peak_mib = max(self.peak_mib, resident_mib(tree(roots)))


def _parents() -> Iterator[tuple[int, int]]:
    if sys.platform == "linux":
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, IndexError, ValueError):
                yield int(stat.parent.name), int(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        return
    listed = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False).stdout
    for line in listed.splitlines():
        pid, parent = line.split()
        yield int(pid), int(parent)
