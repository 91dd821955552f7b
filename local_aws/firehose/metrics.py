"""CloudWatch metrics of namespace AWS/Firehose, dimension DeliveryStreamName ("Monitor with CloudWatch metrics").

Stages count here; once a period the data plane sends what was counted. Metrics of features that an MSK source does not
have (incoming records, backup, stream encryption) are not sent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

UNITS = {
    "DataReadFromSource.Records": "Count",
    "DataReadFromSource.Bytes": "Bytes",
    "DataReadFromSource.Backpressured": "Count",
    "BytesPerSecondLimit": "Bytes/Second",
    "KafkaOffsetLag": "Count",
    "FailedValidation.Records": "Count",
    "FailedValidation.Bytes": "Bytes",
    "DeliveryToS3.Success": "Count",
    "DeliveryToS3.DataFreshness": "Seconds",
    "DeliveryToS3.Records": "Count",
    "DeliveryToS3.Bytes": "Bytes",
    "DeliveryToS3.ObjectCount": "Count",
    "ExecuteProcessing.Duration": "Milliseconds",
    "ExecuteProcessing.Success": "Count",
    "JQProcessing.Duration": "Milliseconds",
    "SucceedProcessing.Records": "Count",
    "SucceedProcessing.Bytes": "Bytes",
    "SucceedConversion.Records": "Count",
    "SucceedConversion.Bytes": "Bytes",
    "FailedConversion.Records": "Count",
    "FailedConversion.Bytes": "Bytes",
    "ActivePartitionsLimit": "Count",
    "PartitionCount": "Count",
    "PartitionCountExceeded": "Count",
}


class Metrics:
    """Counts since the last sending, and totals since the start. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[str, float] = {}
        self._samples: dict[str, list[float]] = {}
        self._levels: dict[str, float] = {}
        self.totals: dict[str, float] = {}

    def add(self, name: str, value: float) -> None:
        """Add to a sum."""
        with self._lock:
            self._sums[name] = self._sums.get(name, 0) + value
            self.totals[name] = self.totals.get(name, 0) + value

    def sample(self, name: str, value: float) -> None:
        """One observation among several of a period: an attempt, a duration."""
        with self._lock:
            self._samples.setdefault(name, []).append(value)

    def level(self, name: str, value: float) -> None:
        """How something stands now; it is sent every period until it changes."""
        with self._lock:
            self._levels[name] = value

    def flag(self, name: str, value: bool) -> None:
        """Whether something happened in this period; true stays until it is sent."""
        with self._lock:
            self._sums[name] = max(self._sums.get(name, 0), float(value))

    def take(self, stream: str) -> Iterator[Mapping[str, Any]]:
        """MetricDatum values of the period that ends now."""
        with self._lock:
            sums, samples, levels = self._sums, self._samples, dict(self._levels)
            self._sums, self._samples = {}, {}
        now = datetime.now(UTC)
        dimensions = [{"Name": "DeliveryStreamName", "Value": stream}]
        for name, value in {**levels, **sums}.items():
            yield {"MetricName": name, "Dimensions": dimensions, "Timestamp": now, "Unit": UNITS[name], "Value": value}
        for name, observed in samples.items():
            statistics = {"SampleCount": len(observed), "Sum": sum(observed), "Minimum": min(observed), "Maximum": max(observed)}
            yield {"MetricName": name, "Dimensions": dimensions, "Timestamp": now, "Unit": UNITS[name], "StatisticValues": statistics}
