"""The CloudWatch Logs backend: moto's, with a bound on what one log stream keeps in memory."""

from __future__ import annotations

from typing import Any

from moto.logs.models import LogsBackend

KEPT_EVENTS = 100_000
"""Of one log stream; the oldest go first, a fifth of them at once. A load test's functions write millions."""


class BoundedLogsBackend(LogsBackend):
    """All log groups of one account and region."""

    def put_log_events(self, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        answer: tuple[str, dict[str, Any]] = super().put_log_events(log_group_name, log_stream_name, log_events)
        events = self.groups[log_group_name].streams[log_stream_name].events
        if len(events) > KEPT_EVENTS:
            del events[: len(events) - KEPT_EVENTS * 4 // 5]
        return answer
