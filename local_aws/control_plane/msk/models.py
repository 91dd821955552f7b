"""The MSK backend: moto's KafkaBackend with clusters that run, configurations, operations and topics."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from moto.core.resource_tagging import TaggedResource
from moto.kafka.models import KafkaBackend, kafka_backends

from local_aws.control_plane.long_poll import wait_while
from local_aws.control_plane.msk import rules
from local_aws.control_plane.msk.cluster import Cluster
from local_aws.control_plane.msk.configurations import Configurations, parse_properties
from local_aws.control_plane.msk.exceptions import BadRequestException, NotFoundException, refused
from local_aws.control_plane.msk.operations import Operation
from local_aws.control_plane.services import Services


class MskBackend(KafkaBackend):
    """All MSK resources of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.clusters: dict[str, Cluster] = {}  # type: ignore[assignment]
        self.operations: dict[str, Operation] = {}
        self.configurations = Configurations(f"arn:{self.partition}:kafka:{region_name}:{account_id}")
        self._lock = threading.RLock()

    # Clusters

    def create_provisioned(self, name: str, request: Mapping[str, Any], tags: Mapping[str, str]) -> Cluster:
        """Make a cluster of CreateCluster's fields and start its brokers; returns while it is CREATING."""
        self._check_region()
        with self._lock:
            taken = any(cluster.cluster_name == name for cluster in self.clusters.values())
            rules.check_create(request, name=name, taken=taken)
            configuration = self._properties(request.get("ConfigurationInfo"))
            cluster = Cluster(request, name=name, tags=tags, account_id=self.account_id, region_name=self.region_name)
            self.clusters[cluster.arn] = cluster
            if tags:
                self.tag_resource(cluster.arn, dict(tags))
        cluster.start(Services.installed, configuration)
        return cluster

    def _check_region(self) -> None:
        """Brokers check tokens for one region, and so does everything that the target starts."""
        region = Services.installed.region
        if self.region_name != region:
            raise refused(
                f"clusters in {self.region_name}", f"it runs in {region}. Use that, or start it with --region {self.region_name}."
            )

    def _properties(self, configuration_info: Mapping[str, Any] | None) -> Mapping[str, str]:
        if not configuration_info:
            return {}
        revision = self.configurations.revision(configuration_info["Arn"], int(configuration_info["Revision"]))
        return parse_properties(revision.server_properties)

    def cluster(self, arn: str) -> Cluster:
        found = self.clusters.get(arn)
        if found is None:
            if not arn.startswith("arn:"):
                raise BadRequestException("One or more of the parameters are not valid: clusterArn.")
            raise NotFoundException(f"The requested resource doesn't exist: {arn}")
        return found

    def settled(self, arn: str) -> Cluster:
        """The cluster, once it is neither CREATING nor DELETING, or after the longest poll; raises where it is gone by then."""
        cluster = self.cluster(arn)
        wait_while(
            lambda: cluster.state in ("CREATING", "DELETING") and self.clusters.get(arn) is cluster,
            Services.installed.longest_poll_seconds,
        )
        return self.cluster(arn)

    def tags_of(self, arn: str) -> dict[str, str]:
        tags: dict[str, str] = self.tagger.get_tag_dict_for_resource(arn)
        return tags

    def named(self, prefix: str | None) -> list[Cluster]:
        """Clusters whose name starts with `prefix`, which is how AWS filters."""
        with self._lock:
            return [cluster for cluster in self.clusters.values() if not prefix or cluster.cluster_name.startswith(prefix)]

    def remove_cluster(self, arn: str, current_version: str | None) -> Cluster:
        """Stop the brokers; the cluster is DELETING until they have ended, then unknown."""
        cluster = self.cluster(arn)
        if current_version:
            cluster.require_version(current_version)
        with cluster.lock:
            deleting, cluster.state = cluster.state == "DELETING", "DELETING"
        if not deleting:
            threading.Thread(target=self._remove, args=(cluster,), name=f"delete-{cluster.cluster_name}", daemon=True).start()
        return cluster

    def _remove(self, cluster: Cluster) -> None:
        cluster.stop()
        with self._lock:
            self.clusters.pop(cluster.arn, None)
            self.policies.pop(cluster.arn, None)
            self.operations = {arn: done for arn, done in self.operations.items() if done.cluster_arn != cluster.arn}
            self.tagger.delete_all_tags_for_resource(cluster.arn)

    def stop(self) -> None:
        """Stop all brokers, when the target ends."""
        clusters = self.named(None)
        if clusters:
            with ThreadPoolExecutor(max_workers=len(clusters)) as pool:
                list(pool.map(Cluster.stop, clusters))

    # Connectivity, operations, bootstrap

    def update_connectivity(self, arn: str, connectivity: Mapping[str, Any] | None, current_version: str | None) -> Operation:
        cluster = self.cluster(arn)
        cluster.require_active()
        cluster.require_version(current_version)
        rules.check_connectivity(cluster.request, connectivity)
        before = {"ConnectivityInfo": rules.at(cluster.request, "BrokerNodeGroupInfo", "ConnectivityInfo") or {}}
        cluster.set_connectivity(connectivity or {})
        now = datetime.now(UTC)
        operation = Operation(
            arn=cluster.arn.replace(":cluster/", ":cluster-operation/", 1) + f"/{uuid4()}",
            cluster_arn=cluster.arn,
            kind="UPDATE_CONNECTIVITY",
            started=now,
            ended=now,
            source=before,
            target={"ConnectivityInfo": connectivity or {}},
        )
        self.operations[operation.arn] = operation
        return operation

    def operation(self, arn: str) -> Operation:
        found = self.operations.get(arn)
        if found is None:
            raise NotFoundException(f"The requested resource doesn't exist: {arn}")
        return found

    def operations_of(self, cluster_arn: str) -> list[Operation]:
        self.cluster(cluster_arn)
        return [operation for operation in self.operations.values() if operation.cluster_arn == cluster_arn]

    def bootstrap_brokers(self, arn: str) -> dict[str, str]:
        """Addresses for the authentication that the cluster declares, and no other (shape GetBootstrapBrokersResponse)."""
        from local_aws.kafka.cluster import Authentication

        cluster = self.cluster(arn)
        running = cluster.require_active()
        declared = rules.authentications(cluster.request)
        addresses = {}
        if "none" in declared:
            addresses["BootstrapBrokerString"] = running.bootstrap(Authentication.NONE)
        if "iam" in declared:
            addresses["BootstrapBrokerStringSaslIam"] = running.bootstrap(Authentication.IAM)
            if rules.private_connectivity(cluster.request):
                addresses["BootstrapBrokerStringVpcConnectivitySaslIam"] = running.bootstrap(Authentication.IAM)
        return addresses

    def nodes(self, arn: str) -> list[dict[str, Any]]:
        """Shape NodeInfo of each broker."""
        cluster = self.cluster(arn)
        group = cluster.request["BrokerNodeGroupInfo"]
        endpoints = [address for addresses in self.bootstrap_brokers(arn).values() for address in addresses.split(",")]
        count = int(cluster.request["NumberOfBrokerNodes"])
        return [
            {
                "AddedToClusterTime": cluster.created.isoformat(),
                "InstanceType": group["InstanceType"],
                "NodeARN": cluster.arn.replace(":cluster/", ":node/", 1) + f"/{number}",
                "NodeType": "BROKER",
                "BrokerNodeInfo": {
                    "BrokerId": float(number),
                    "ClientSubnet": group["ClientSubnets"][(number - 1) % len(group["ClientSubnets"])],
                    "ClientVpcIpAddress": "127.0.0.1",
                    "CurrentBrokerSoftwareInfo": cluster.software(),
                    "Endpoints": sorted({endpoints[number - 1]}) if number <= len(endpoints) else [],
                },
            }
            for number in range(1, count + 1)
        ]

    # Cluster policy

    def put_cluster_policy(self, cluster_arn: str, current_version: str, policy: str) -> str:
        """Refused before private connectivity is on, as users of AWS report."""
        cluster = self.cluster(cluster_arn)
        if not rules.private_connectivity(cluster.request):
            raise BadRequestException(
                "The cluster policy can't be put: multi-VPC private connectivity is off. Turn it on with UpdateConnectivity first."
            )
        if cluster_arn in self.policies and current_version != self.policies[cluster_arn]["current_version"]:
            raise BadRequestException(
                f"The policy's current version is {self.policies[cluster_arn]['current_version']}, not {current_version}."
            )
        version: str = super().put_cluster_policy(cluster_arn, current_version, policy)
        return version

    def get_cluster_policy(self, cluster_arn: str) -> tuple[str, str]:
        self.cluster(cluster_arn)
        stored = self.policies.get(cluster_arn)
        if stored is None:
            raise NotFoundException("The cluster policy does not exist.")
        return stored["policy"], stored["current_version"]

    def delete_cluster_policy(self, cluster_arn: str) -> None:
        self.get_cluster_policy(cluster_arn)
        del self.policies[cluster_arn]

    def delete_configuration(self, arn: str) -> None:
        used = [cluster.cluster_name for cluster in self.clusters.values() if rules.at(cluster.request, "ConfigurationInfo", "Arn") == arn]
        if used:
            raise BadRequestException(f"Configuration {arn} is in use by one or more clusters: {', '.join(used)}.")
        self.configurations.delete(arn)

    def refuse_serverless(self) -> None:
        raise refused("Serverless clusters", "use Provisioned.")

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        for cluster in self.named(None):
            yield TaggedResource(arn=cluster.arn, tags=self.tags_of(cluster.arn), resource_type="kafka:cluster")


def backend_of(account_id: str, region: str) -> MskBackend:
    """The backend of one account and region."""
    return cast(MskBackend, kafka_backends[account_id][region])


def all_backends() -> list[MskBackend]:
    """Every backend that was asked for so far."""
    return [cast(MskBackend, backend) for _, _, backend in kafka_backends.iter_backends()]
