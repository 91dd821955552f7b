"""Cluster operations: the record of each change of a cluster, as Describe and ListClusterOperations give it.

Changes here are done when the call returns, so an operation is complete from the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Operation:
    """One finished change of a cluster."""

    arn: str
    cluster_arn: str
    kind: str
    started: datetime
    ended: datetime
    source: Mapping[str, Any]
    target: Mapping[str, Any]

    def describe(self) -> dict[str, Any]:
        """Shape ClusterOperationInfo."""
        return {
            "ClusterArn": self.cluster_arn,
            "CreationTime": self.started,
            "EndTime": self.ended,
            "OperationArn": self.arn,
            "OperationState": "UPDATE_COMPLETE",
            "OperationType": self.kind,
            "SourceClusterInfo": self.source,
            "TargetClusterInfo": self.target,
        }

    def describe_v2(self) -> dict[str, Any]:
        """Shape ClusterOperationV2."""
        return {
            "ClusterArn": self.cluster_arn,
            "ClusterType": "PROVISIONED",
            "StartTime": self.started,
            "EndTime": self.ended,
            "OperationArn": self.arn,
            "OperationState": "UPDATE_COMPLETE",
            "OperationType": self.kind,
            "Provisioned": {"SourceClusterInfo": self.source, "TargetClusterInfo": self.target},
        }
