"""Describe operations that wait for a change of state: a slow answer, never another one.

Whoever creates a cluster or a stream asks again and again until it is ready, and waits longer between the questions each
time: Terraform's provider doubles the pause up to 10 s, so it hears of a cluster that took 7 s after 12.7 s. An answer
that is held back until the state moves, for a few seconds at most, comes when there is news.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_LOOK_AGAIN_SECONDS = 0.05


def wait_while(passing: Callable[[], bool], seconds: float) -> None:
    """Return as soon as `passing` is false, or after `seconds` (0: at once)."""
    deadline = time.monotonic() + seconds
    while passing() and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_SECONDS)
