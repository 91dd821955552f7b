"""What CreateCluster and UpdateConnectivity refuse: as AWS does, or by name where only this target lacks it.

Settings of a cluster that change what clients see are implemented or refused. Settings of hardware and observation
(instance type, storage, zones, KMS key, monitoring, broker logs) are kept and described; `without_effect` names them,
so that an owner can read what did not happen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local_aws.control_plane.msk.exceptions import BadRequestException, ConflictException, refused

CLUSTER_NAME = re.compile(r"[a-zA-Z0-9-]{1,64}")
LARGEST_CLUSTER = 6
"""Brokers of one cluster that a laptop is asked to run; each takes about 400 MB."""
RUNS_AS = "3.9"
"""The Kafka release of the brokers behind every cluster."""
FIRST_WITH_TOPIC_API = (3, 6)

Tree = Mapping[str, Any]


def at(tree: Tree | None, *path: str) -> Any:
    """The value under `path`, or None where any step is missing."""
    value: Any = tree
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def version_number(kafka_version: str) -> tuple[int, int]:
    """Major and minor of an MSK version such as `3.9.x`, `3.7.x.kraft` or `2.8.1`."""
    found = re.match(r"(\d+)\.(\d+)(\.|$)", kafka_version)
    if not found:
        raise BadRequestException(f"Unsupported KafkaVersion [{kafka_version}].")
    return int(found[1]), int(found[2])


def check_create(request: Tree, *, name: str, taken: bool) -> None:
    """Raise unless a cluster of this `request` (CreateCluster's shape) can be made."""
    if not CLUSTER_NAME.fullmatch(name or ""):
        raise BadRequestException(f"The cluster name '{name}' is not valid: 1 to 64 letters, digits and hyphens.")
    _check_version(str(request.get("KafkaVersion") or ""))
    _check_nodes(request)
    _check_authentication(request)
    _check_connectivity_at_create(request)
    if request.get("StorageMode") == "TIERED":
        raise refused("StorageMode TIERED", "brokers here keep all segments on local disk.")
    if taken:
        raise ConflictException("This cluster name already exists. Retry your request using another name.")


def _check_version(kafka_version: str) -> None:
    major, _ = version_number(kafka_version)
    if major != 3:
        raise refused(f"KafkaVersion {kafka_version}", f"its brokers are Apache Kafka {RUNS_AS}; use a 3.x version.")


def _check_nodes(request: Tree) -> None:
    nodes = int(request.get("NumberOfBrokerNodes") or 0)
    subnets = at(request, "BrokerNodeGroupInfo", "ClientSubnets") or []
    if not subnets:
        raise BadRequestException("brokerNodeGroupInfo.clientSubnets must name two or three subnets.")
    if nodes < 1 or nodes % len(subnets):
        raise BadRequestException(
            f"The number of broker nodes ({nodes}) must be a multiple of Availability Zones "
            f"in the Client Subnets parameter ({len(subnets)})."
        )
    if nodes > LARGEST_CLUSTER:
        raise refused(f"NumberOfBrokerNodes {nodes}", f"it runs at most {LARGEST_CLUSTER} brokers of a cluster.")


def _check_authentication(request: Tree) -> None:
    authentication = request.get("ClientAuthentication")
    if at(authentication, "Sasl", "Scram", "Enabled"):
        raise refused("ClientAuthentication.Sasl.Scram", "its brokers take IAM or no authentication.")
    if at(authentication, "Tls", "Enabled"):
        raise refused("ClientAuthentication.Tls (mutual TLS)", "its brokers take IAM or no authentication.")
    if not authentications(request):
        raise refused(
            "a TLS listener without authentication",
            "switch on ClientAuthentication.Sasl.Iam, or ClientAuthentication.Unauthenticated with "
            "EncryptionInfo.EncryptionInTransit.ClientBroker PLAINTEXT or TLS_PLAINTEXT.",
        )


def authentications(request: Tree) -> frozenset[str]:
    """The listeners that clients of this cluster get: `iam`, `none` (plaintext), or both."""
    authentication = request.get("ClientAuthentication")
    in_transit = at(request, "EncryptionInfo", "EncryptionInTransit", "ClientBroker") or "TLS"
    found = set()
    if at(authentication, "Sasl", "Iam", "Enabled"):
        found.add("iam")
    unauthenticated = at(authentication, "Unauthenticated", "Enabled")
    if unauthenticated is None:
        unauthenticated = not found
    if unauthenticated and in_transit != "TLS":
        found.add("none")
    return frozenset(found)


def _check_connectivity_at_create(request: Tree) -> None:
    connectivity = at(request, "BrokerNodeGroupInfo", "ConnectivityInfo")
    if _asks_for_public_access(connectivity):
        raise BadRequestException(
            "You can't turn on public access while you create a cluster. Use UpdateConnectivity on an ACTIVE cluster."
        )
    if _asks_for_private_connectivity(connectivity):
        raise BadRequestException(
            "You can't turn on multi-VPC private connectivity while you create a cluster. Use UpdateConnectivity on an ACTIVE cluster."
        )


def check_connectivity(cluster: Tree, connectivity: Tree | None) -> None:
    """Raise unless UpdateConnectivity may set `connectivity` on a cluster of this description."""
    if not connectivity:
        raise BadRequestException("connectivityInfo is required.")
    if _asks_for_public_access(connectivity):
        raise refused("ConnectivityInfo.PublicAccess", "its brokers listen on 127.0.0.1 only.")
    if at(connectivity, "NetworkType") == "DUAL":
        raise refused("ConnectivityInfo.NetworkType DUAL", "its brokers listen on 127.0.0.1 only.")
    private = at(connectivity, "VpcConnectivity", "ClientAuthentication")
    for scheme in (("Sasl", "Scram"), ("Tls",)):
        if at(private, *scheme, "Enabled"):
            raise refused(f"VpcConnectivity.ClientAuthentication.{'.'.join(scheme)}", "its brokers take IAM or no authentication.")
    if not at(private, "Sasl", "Iam", "Enabled"):
        return
    if at(cluster, "BrokerNodeGroupInfo", "InstanceType") == "kafka.t3.small":
        raise BadRequestException("Multi-VPC private connectivity isn't supported for the kafka.t3.small broker type.")
    if not at(cluster, "ClientAuthentication", "Sasl", "Iam", "Enabled"):
        raise BadRequestException("Turn on SASL/IAM for the cluster before you turn on multi-VPC private connectivity for it.")


def _asks_for_public_access(connectivity: Tree | None) -> bool:
    return at(connectivity, "PublicAccess", "Type") not in (None, "DISABLED")


def _asks_for_private_connectivity(connectivity: Tree | None) -> bool:
    private = at(connectivity, "VpcConnectivity", "ClientAuthentication")
    return any(at(private, *scheme, "Enabled") for scheme in (("Sasl", "Iam"), ("Sasl", "Scram"), ("Tls",)))


def private_connectivity(cluster: Tree) -> bool:
    """Whether multi-VPC private connectivity for IAM is on, which Firehose needs."""
    connectivity = at(cluster, "BrokerNodeGroupInfo", "ConnectivityInfo", "VpcConnectivity", "ClientAuthentication")
    return bool(at(connectivity, "Sasl", "Iam", "Enabled"))


def without_effect(request: Tree) -> list[str]:
    """The settings of this cluster that are kept and described, and change nothing here."""
    found = []
    if at(request, "EncryptionInfo", "EncryptionAtRest", "DataVolumeKMSKeyId"):
        found.append("EncryptionInfo.EncryptionAtRest")
    if at(request, "BrokerNodeGroupInfo", "StorageInfo", "EbsStorageInfo", "ProvisionedThroughput", "Enabled"):
        found.append("StorageInfo.EbsStorageInfo.ProvisionedThroughput")
    if (request.get("EnhancedMonitoring") or "DEFAULT") != "DEFAULT":
        found.append(f"EnhancedMonitoring {request['EnhancedMonitoring']}")
    prometheus = at(request, "OpenMonitoring", "Prometheus")
    if at(prometheus, "JmxExporter", "EnabledInBroker") or at(prometheus, "NodeExporter", "EnabledInBroker"):
        found.append("OpenMonitoring.Prometheus")
    logs = at(request, "LoggingInfo", "BrokerLogs")
    found += [f"LoggingInfo.BrokerLogs.{kind}" for kind in ("CloudWatchLogs", "Firehose", "S3") if at(logs, kind, "Enabled")]
    return found
