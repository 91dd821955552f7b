"""The CloudWatch Logs backend: moto's, with a bound on what one log stream keeps in memory, and with the metrics that
lines carry or that filters make of them.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogsBackend

from local_aws.control_plane.logs import metrics

log = logging.getLogger(__name__)

KEPT_EVENTS = 100_000
"""Of one log stream; the oldest go first, a fifth of them at once. A load test's functions write millions."""


class BoundedLogsBackend(LogsBackend):
    """All log groups of one account and region."""

    def put_log_events(self, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        answer: tuple[str, dict[str, Any]] = super().put_log_events(log_group_name, log_stream_name, log_events)
        events = self.groups[log_group_name].streams[log_stream_name].events
        if len(events) > KEPT_EVENTS:
            del events[: len(events) - KEPT_EVENTS * 4 // 5]
        self._measure(log_group_name, log_events)
        return answer

    def put_metric_filter(self, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: Any) -> None:
        """Replaces a filter of the same name, as AWS does; refuses a pattern that would not be applied."""
        try:
            metrics.matcher(filter_pattern)
        except metrics.UnknownPattern as unknown:
            raise _refused(str(unknown), filter_pattern) from unknown
        for transformation in metric_transformations:
            if transformation.get("dimensions") or str(transformation["metricValue"]).startswith("$"):
                raise _refused("dimensions and values from fields of a line", transformation["metricName"])
        self.filters.delete_filter(filter_name, log_group_name)
        super().put_metric_filter(filter_name, filter_pattern, log_group_name, metric_transformations)

    def delete_log_group(self, log_group_name: str) -> None:
        super().delete_log_group(log_group_name)
        for found in self.filters.get_matching_filters(log_group_name=log_group_name):
            self.filters.delete_filter(found["filterName"], log_group_name)

    def _measure(self, group: str, events: list[dict[str, Any]]) -> None:
        filters = self.filters.get_matching_filters(log_group_name=group)
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for event in events:
            line = str(event["message"])
            for namespace, datum in (*metrics.embedded(line), *metrics.filtered(line, filters)):
                found[namespace].append(datum)
        for namespace, data in found.items():
            cloudwatch_backends[self.account_id][self.region_name].put_metric_data(namespace, data)


def _refused(what: str, value: str) -> InvalidParameterException:
    return InvalidParameterException(constraint=f"The local target does not implement {what}.", parameter="filterPattern", value=value)
