"""Calls what is due, on the target's clock: rate(5 minutes) is every five seconds of the wall at a speed of 60."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from moto.scheduler.models import Schedule, scheduler_backends

from local_aws.control_plane.schedules.models import period
from local_aws.control_plane.services import Services

log = logging.getLogger(__name__)

LEAST_SECONDS = 1.0
"""Of the wall, between two calls of one schedule: each is a real process at work."""


class Schedules:
    """The schedules of one target, from `start` to `stop`."""

    def __init__(self, account_id: str, clock_speed: float) -> None:
        self._account_id = account_id
        self._speed = clock_speed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)
        self._due: dict[str, float] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.wait(0.25):
            try:
                self.fire(time.monotonic())
            except Exception:
                log.exception("schedules could not be called")

    def fire(self, now: float) -> None:
        """Call what is due at `now`, a reading of the monotonic clock. A new schedule is first due one period later."""
        backend: Any
        for account, _, backend in scheduler_backends.iter_backends():
            if account != self._account_id:
                continue
            for group in list(backend.schedule_groups.values()):
                for schedule in list(group.schedules.values()):
                    self._fire(schedule, now)

    def _fire(self, schedule: Schedule, now: float) -> None:
        seconds = period(schedule.schedule_expression)
        if seconds is None or schedule.state != "ENABLED":
            return
        wall = max(LEAST_SECONDS, seconds / self._speed)
        due = self._due.setdefault(schedule.arn, now + wall)
        if now < due:
            return
        self._due[schedule.arn] = now + wall
        Services.installed.invoke_event(schedule.target["Arn"], str(schedule.target.get("Input") or "{}").encode())
