"""The CloudWatch backend: moto's, with a bound on the metric values in memory (moto searches all of them), and with what
alarms need: the newest values by metric, and states that begin, stay and change as on AWS.
"""

from __future__ import annotations

import time
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend

from local_aws.control_plane.cloudwatch import evaluation, expressions
from local_aws.control_plane.cloudwatch.series import Series
from local_aws.control_plane.services import Services

KEPT_VALUES = 200_000
"""The oldest go first, a fifth of them at once. A stream on a fast clock sends its minute metrics every few seconds."""
_ANOMALY = "ANOMALY_DETECTION_BAND("


class BoundedCloudWatchBackend(CloudWatchBackend):
    """All metrics, alarms and dashboards of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.series = Series()
        self.learning: set[str] = set()
        """Names of alarms that rest on anomaly detection."""

    def put_metric_data(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        super().put_metric_data(namespace, metric_data)
        now = time.monotonic()
        for datum in metric_data:
            self.series.add(namespace, datum, now)
        if len(self.metric_data) > KEPT_VALUES:
            del self.metric_data[: len(self.metric_data) - KEPT_VALUES * 4 // 5]

    def put_metric_alarm(self, name: str, **settings: Any) -> Alarm:  # type: ignore[override]
        """Refuses by name what would not be evaluated; a changed alarm keeps its state, a new one has none yet."""
        former = self.alarms.get(name)
        learnt = False
        for query in settings.get("metric_data_queries") or ():
            if query.expression and query.expression.startswith(_ANOMALY):
                learnt = True
            elif query.expression:
                try:
                    expressions.parse(query.expression)
                except expressions.UnknownExpression as unknown:
                    raise ValidationError(f"The local target does not implement {unknown}.") from unknown
        if settings.get("rule") is not None:
            try:
                evaluation.composite(settings["rule"], lambda _name: evaluation.State.OK)
            except evaluation.UnknownRule as unknown:
                raise ValidationError(f"The local target does not implement {unknown}.") from unknown
        if learnt:
            Services.installed.notices.add(f"Alarm {name}: anomaly detection learns nothing here; it stays INSUFFICIENT_DATA.")
        alarm = super().put_metric_alarm(name=name, **settings)
        (self.learning.add if learnt else self.learning.discard)(name)
        alarm.state_value = former.state_value if former else "INSUFFICIENT_DATA"
        return alarm
