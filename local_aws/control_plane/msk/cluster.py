"""One MSK cluster: its description, its state, and the brokers behind it.

A cluster is CREATING while its brokers start, then ACTIVE, or FAILED with the reason in `stateInfo`. Its ARN carries
its name and an id, `cluster/NAME/UUID` (service authorization reference, "Actions, resources, and condition keys for
Amazon MSK"), and every change gives it a new `currentVersion`.
"""

from __future__ import annotations

import logging
import random
import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.kafka.models import FakeKafkaCluster
from moto.utilities.utils import get_partition

from local_aws.control_plane.msk import rules
from local_aws.control_plane.msk.exceptions import BadRequestException
from local_aws.control_plane.services import RunningCluster, Services

log = logging.getLogger(__name__)


class Cluster(FakeKafkaCluster):
    """moto's cluster with brokers, a state that moves, and every field of the request kept."""

    def __init__(self, request: Mapping[str, Any], *, name: str, tags: Mapping[str, str], account_id: str, region_name: str) -> None:
        super().__init__(cluster_name=name, account_id=account_id, region_name=region_name, cluster_type="PROVISIONED", tags=dict(tags))
        self.request = dict(request)
        self.created = datetime.now(UTC)
        self.state_info: dict[str, str] | None = None
        self.running: RunningCluster | None = None
        self.lock = threading.RLock()
        self.current_version = _new_version()

    def _generate_arn(self) -> str:
        partition = get_partition(self.region_name)
        return f"arn:{partition}:kafka:{self.region_name}:{self.account_id}:cluster/{self.cluster_name}/{uuid4()}-{random.randint(1, 25)}"

    @property
    def version(self) -> tuple[int, int]:
        return rules.version_number(str(self.request["KafkaVersion"]))

    def start(self, services: Services, configuration: Mapping[str, str]) -> None:
        """Start the brokers in a thread of their own; the state says how it went."""
        threading.Thread(target=self._start, args=(services, configuration), name=f"cluster-{self.cluster_name}", daemon=True).start()

    def _start(self, services: Services, configuration: Mapping[str, str]) -> None:
        asked = str(self.request["KafkaVersion"])
        if not asked.startswith(rules.RUNS_AS):
            services.notices.add(f"MSK cluster {self.cluster_name}: asked for Kafka {asked}, runs Kafka {rules.RUNS_AS}.")
        for setting in rules.without_effect(self.request):
            services.notices.add(f"MSK cluster {self.cluster_name}: {setting} is kept and described, without effect here.")
        try:
            running = services.start_cluster(
                name=self.cluster_name,
                brokers=int(self.request["NumberOfBrokerNodes"]),
                kafka_version=asked,
                authentication=rules.authentications(self.request),
                configuration=configuration,
            )
        except Exception as error:
            log.exception("cluster %s did not start", self.cluster_name)
            with self.lock:
                self.state_info = {"Code": "BrokersDidNotStart", "Message": str(error)}
                self.state = "FAILED" if self.state == "CREATING" else self.state
            return
        with self.lock:
            wanted = self.state == "CREATING"
            if wanted:
                self.running, self.state = running, "ACTIVE"
        if not wanted:
            running.stop()
            return
        for notice in running.notices:
            services.notices.add(f"MSK cluster {self.cluster_name}: {notice}")

    def stop(self) -> None:
        """Stop the brokers, if they run; afterwards the cluster has none."""
        with self.lock:
            running, self.running = self.running, None
        if running is not None:
            running.stop()

    def require_active(self) -> RunningCluster:
        """The brokers of an ACTIVE cluster; raises BadRequestException in any other state."""
        running = self.running
        if self.state != "ACTIVE" or running is None:
            raise BadRequestException(f"The cluster {self.cluster_name} is {self.state}; this needs an ACTIVE cluster.")
        return running

    def require_version(self, current_version: str | None) -> None:
        """Raise unless `current_version` is the cluster's; AWS refuses a stale one so that changes do not race."""
        if current_version != self.current_version:
            raise BadRequestException(
                "This operation cannot be performed because the cluster's current version is "
                f"{self.current_version}, and the request names {current_version}."
            )

    def changed(self) -> None:
        """Give the cluster a new version."""
        self.current_version = _new_version()

    def set_connectivity(self, connectivity: Mapping[str, Any]) -> None:
        """Put the parts of `connectivity` that are given in place of the cluster's own."""
        with self.lock:
            group = dict(self.request["BrokerNodeGroupInfo"])
            group["ConnectivityInfo"] = {**(group.get("ConnectivityInfo") or {}), **connectivity}
            self.request["BrokerNodeGroupInfo"] = group
            self.changed()

    def describe(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """The cluster as DescribeCluster gives it (shape ClusterInfo)."""
        described: dict[str, Any] = {
            **self._broker_description(),
            "ClusterArn": self.arn,
            "ClusterName": self.cluster_name,
            "CreationTime": self.created,
            "CurrentVersion": self.current_version,
            "State": self.state,
            "Tags": dict(tags),
        }
        if self.state_info:
            described["StateInfo"] = self.state_info
        return described

    def describe_v2(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """The cluster as DescribeClusterV2 gives it (shape Cluster)."""
        described: dict[str, Any] = {
            "ClusterArn": self.arn,
            "ClusterName": self.cluster_name,
            "ClusterType": "PROVISIONED",
            "CreationTime": self.created,
            "CurrentVersion": self.current_version,
            "State": self.state,
            "Tags": dict(tags),
            "Provisioned": self._broker_description(),
        }
        if self.state_info:
            described["StateInfo"] = self.state_info
        return described

    def software(self) -> dict[str, Any]:
        """Kafka version and, where one is set, the MSK configuration (shape BrokerSoftwareInfo)."""
        configuration = self.request.get("ConfigurationInfo")
        described: dict[str, Any] = {"KafkaVersion": self.request["KafkaVersion"]}
        if configuration:
            described |= {"ConfigurationArn": configuration["Arn"], "ConfigurationRevision": configuration["Revision"]}
        return described

    def _broker_description(self) -> dict[str, Any]:
        """What both describe operations say of the brokers, with the defaults that AWS fills in."""
        request = self.request
        group = {"BrokerAZDistribution": "DEFAULT", **request["BrokerNodeGroupInfo"]}
        group["ConnectivityInfo"] = {
            "PublicAccess": {"Type": "DISABLED"},
            "VpcConnectivity": _no_private_connectivity(),
            **(group.get("ConnectivityInfo") or {}),
        }
        in_transit = {"ClientBroker": "TLS", "InCluster": True, **(rules.at(request, "EncryptionInfo", "EncryptionInTransit") or {})}
        at_rest = rules.at(request, "EncryptionInfo", "EncryptionAtRest") or {"DataVolumeKMSKeyId": self._aws_managed_key()}
        described = {
            "BrokerNodeGroupInfo": group,
            "ClientAuthentication": _with_defaults(request.get("ClientAuthentication")),
            "CurrentBrokerSoftwareInfo": self.software(),
            "EncryptionInfo": {"EncryptionAtRest": at_rest, "EncryptionInTransit": in_transit},
            "EnhancedMonitoring": request.get("EnhancedMonitoring") or "DEFAULT",
            "OpenMonitoring": request.get("OpenMonitoring") or _no_prometheus(),
            "NumberOfBrokerNodes": int(request["NumberOfBrokerNodes"]),
            "StorageMode": request.get("StorageMode") or "LOCAL",
            "CustomerActionStatus": "NONE",
        }
        if request.get("LoggingInfo"):
            described["LoggingInfo"] = request["LoggingInfo"]
        return described

    def _aws_managed_key(self) -> str:
        return f"arn:{get_partition(self.region_name)}:kms:{self.region_name}:{self.account_id}:alias/aws/kafka"


def _no_private_connectivity() -> dict[str, Any]:
    return {"ClientAuthentication": {"Sasl": {"Iam": {"Enabled": False}, "Scram": {"Enabled": False}}, "Tls": {"Enabled": False}}}


def _no_prometheus() -> dict[str, Any]:
    return {"Prometheus": {"JmxExporter": {"EnabledInBroker": False}, "NodeExporter": {"EnabledInBroker": False}}}


def _with_defaults(authentication: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the request said, and whether clients without authentication are let in; Terraform reads a block that it did
    not write as a change, so blocks that were not asked for are left out.
    """
    iam = bool(rules.at(authentication, "Sasl", "Iam", "Enabled"))
    unauthenticated = rules.at(authentication, "Unauthenticated", "Enabled")
    described: dict[str, Any] = {"Unauthenticated": {"Enabled": (not iam) if unauthenticated is None else bool(unauthenticated)}}
    if (authentication or {}).get("Sasl"):
        described["Sasl"] = {"Iam": {"Enabled": iam}, "Scram": {"Enabled": False}}
    return described


def _new_version() -> str:
    """An opaque version in the style of MSK's, such as K3AEGXETSR30VB."""
    return "K" + "".join(secrets.choice("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(13))
