"""The one log line of an invocation: how many records, how many of each reason, and where a few of them lie.

The line is in CloudWatch's embedded metric format (CloudWatch user guide, "Specification: Embedded metric format"), so
metrics come out of the log without a call to CloudWatch:

    namespace   UserEvents/Transform
    dimension   FunctionName
    metrics     RecordsReceived, RecordsAccepted, RecordsRejected (Count; in every line), and
                Rejected.<kind> (Count; only where not zero), e.g. Rejected.bad_timestamp

Beside the metrics stand `reasons` (counts by full reason, with the field) and `samples` (a few records of each reason by
Kafka partition and offset, never by content: events hold user data).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

NAMESPACE: Final = "UserEvents/Transform"
DIMENSION: Final = "FunctionName"
SAMPLES_PER_REASON: Final = 3


class Report:
    """What became of one invocation's records."""

    def __init__(self) -> None:
        self.received = 0
        self.accepted = 0
        self.reasons: dict[str, int] = {}
        self.samples: dict[str, list[dict[str, Any]]] = {}

    @property
    def rejected(self) -> int:
        return sum(self.reasons.values())

    def reject(self, reason: str, record: Any, note: str = "") -> None:
        """Count a rejected record, and keep where it lies, with a note, if few of its reason were kept."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        kept = self.samples.setdefault(reason, [])
        if len(kept) < SAMPLES_PER_REASON:
            kept.append({**_place(record), "note": note} if note else _place(record))

    def line(self, function_name: str, now_ms: int, context: Mapping[str, Any]) -> str:
        """The log line; `context` is put beside the counts."""
        counts = {"RecordsReceived": self.received, "RecordsAccepted": self.accepted, "RecordsRejected": self.rejected}
        for reason, count in self.reasons.items():
            name = f"Rejected.{reason.partition(':')[0]}"
            counts[name] = counts.get(name, 0) + count
        metrics = {
            "Namespace": NAMESPACE,
            "Dimensions": [[DIMENSION]],
            "Metrics": [{"Name": name, "Unit": "Count"} for name in counts],
        }
        document = {
            "_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [metrics]},
            DIMENSION: function_name,
            **counts,
            "reasons": self.reasons,
            "samples": self.samples,
            **{name: _text(value) for name, value in context.items()},
        }
        return msgspec.json.encode(document).decode()


def _place(record: Any) -> dict[str, Any]:
    if not isinstance(record, dict):
        return {}
    kafka = record.get("mskRecordMetadata")
    if not isinstance(kafka, dict):
        kafka = {}
    found = {"partition": kafka.get("partitionId"), "offset": kafka.get("offset"), "record_id": record.get("recordId")}
    return {name: _text(value) for name, value in found.items() if value is not None}


def _text(value: Any) -> str:
    """A value as text that UTF-8 can hold: JSON may carry half of a surrogate pair (RFC 8259, section 8.2), a log cannot."""
    return str(value).encode("utf-8", "backslashreplace").decode()
