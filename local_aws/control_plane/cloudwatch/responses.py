"""The CloudWatch API: moto's handler with the composite alarms that it lacks."""

from __future__ import annotations

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult


class AlarmingCloudWatchResponse(CloudWatchResponse):
    """moto's handler over our backend."""

    def put_composite_alarm(self) -> ActionResult:
        """moto reads a rule in PutMetricAlarm already, and lists composite alarms by it."""
        return self.put_metric_alarm()
