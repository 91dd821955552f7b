"""The newest values of each metric, for alarms: by metric, in the order in which they came.

moto keeps one list of all values and searches all of it for each question; alarms ask many questions every second.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

KEPT = 5_000
"""Values of one metric; a busy function's Duration fills it in a minute."""

Key = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, name, dimensions: together they are one metric (CloudWatch user guide, "Dimensions")."""


@dataclass(frozen=True)
class Values:
    """Some values of one metric that came together."""

    at: float
    """Seconds of the clock that the alarms live by."""
    count: float
    total: float
    least: float
    most: float


class Series:
    """All metrics of one account and region."""

    def __init__(self) -> None:
        self._kept: dict[Key, deque[Values]] = defaultdict(lambda: deque(maxlen=KEPT))

    def add(self, namespace: str, datum: Mapping[str, Any], at: float) -> None:
        """Take in one MetricDatum in any of its three forms."""
        kept = self._kept[key(namespace, datum["MetricName"], datum.get("Dimensions") or ())]
        if datum.get("StatisticValues"):
            of = {name: float(number) for name, number in datum["StatisticValues"].items()}
            kept.append(Values(at, of["SampleCount"], of["Sum"], of["Minimum"], of["Maximum"]))
        elif datum.get("Values"):
            counts = datum.get("Counts") or [1] * len(datum["Values"])
            for value, count in zip(datum["Values"], counts, strict=True):
                kept.append(Values(at, float(count), float(value) * float(count), float(value), float(value)))
        else:
            value = float(datum.get("Value", 0))
            kept.append(Values(at, 1, value, value, value))

    def statistic(self, metric: Key, stat: str, start: float, end: float) -> float | None:
        """One data point of the values in [start, end); None where there are none."""
        found = []
        for values in reversed(list(self._kept.get(metric, ()))):  # newest first: what is older than asked for ends the search
            if values.at < start:
                break
            if values.at < end:
                found.append(values)
        if not found:
            return None
        count, total = sum(one.count for one in found), sum(one.total for one in found)
        plain = {
            "SampleCount": count,
            "Sum": total,
            "Average": total / count if count else 0.0,
            "Minimum": min(one.least for one in found),
            "Maximum": max(one.most for one in found),
        }
        if stat in plain:
            return plain[stat]
        # A percentile needs single values; of values that came summed up the highest stands for all of them.
        ordered = sorted(one.most for one in found)
        return ordered[max(0, math.ceil(len(ordered) * float(stat.removeprefix("p")) / 100) - 1)]


def key(namespace: str, name: str, dimensions: Iterable[Mapping[str, str]]) -> Key:
    return namespace, name, frozenset((one["Name"], one["Value"]) for one in dimensions)
