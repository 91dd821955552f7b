"""How much memory a function uses: resident memory of its process and of the processes that it started.

Lambda ends an environment that uses more than its memory size. A limit on the address space would not do: Python maps
far more than it touches. So what is resident is looked at while the function runs, and its high-water mark afterwards.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
HAS_PROC = sys.platform == "linux"


def resident(pid: int) -> int:
    """Bytes resident now, children included (Linux); 0 where the process is gone."""
    if not HAS_PROC:
        listed = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.strip()
        return int(listed or 0) * 1024
    try:
        with open(f"/proc/{pid}/statm", "rb") as statm:  # noqa: PTH123 - runs every few milliseconds
            own = int(statm.read().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0
    return own + sum(resident(child) for child in _children(pid))


def high_water(pid: int) -> int:
    """The most bytes that were ever resident in the process itself; 0 where that cannot be told."""
    if not HAS_PROC:
        return 0
    try:
        with open(f"/proc/{pid}/status", "rb") as status:  # noqa: PTH123 - runs once in each invocation
            _, _, rest = status.read().partition(b"VmHWM:")
        return int(rest.split(None, 1)[0]) * 1024
    except (OSError, IndexError):
        return 0


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (OSError, ValueError):
        return []
