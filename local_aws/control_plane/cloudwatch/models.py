"""The CloudWatch backend: moto's, with a bound on the metric values in memory (moto searches all of them)."""

from __future__ import annotations

from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

KEPT_VALUES = 200_000
"""The oldest go first, a fifth of them at once. A stream on a fast clock sends its minute metrics every few seconds."""


class BoundedCloudWatchBackend(CloudWatchBackend):
    """All metrics, alarms and dashboards of one account and region."""

    def put_metric_data(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        super().put_metric_data(namespace, metric_data)
        if len(self.metric_data) > KEPT_VALUES:
            del self.metric_data[: len(self.metric_data) - KEPT_VALUES * 4 // 5]
