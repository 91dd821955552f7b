"""The Scheduler backend: moto's; what would not fire is refused by name.

Here fire: schedules with a rate, whose target is a Lambda function. Retries, time windows and queues of failures are
stored and without effect: a call that fails is logged, and the next one comes.
"""

from __future__ import annotations

import re
from typing import Any

from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def period(expression: str) -> float | None:
    """Seconds between two calls; None for `at(...)` and `cron(...)`."""
    found = _RATE.fullmatch(expression.strip())
    return int(found[1]) * _SECONDS[found[2]] if found else None


class FiringSchedulerBackend(EventBridgeSchedulerBackend):
    """All schedules of one account and region."""

    def create_schedule(self, **settings: Any) -> Schedule:  # type: ignore[override]
        _check(settings)
        return super().create_schedule(**settings)

    def update_schedule(self, **settings: Any) -> Schedule:  # type: ignore[override]
        _check(settings)
        return super().update_schedule(**settings)


def _check(settings: dict[str, Any]) -> None:
    if period(settings["schedule_expression"]) is None:
        raise ValidationException(f"The local target does not implement the schedule {settings['schedule_expression']}: use rate(...).")
    target = str(settings["target"].get("Arn"))
    if ":lambda:" not in target:
        raise ValidationException(f"The local target does not implement the schedule's target {target}: use a Lambda function.")
