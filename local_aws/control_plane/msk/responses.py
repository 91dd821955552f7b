"""The MSK REST API: parameters parsed and answers written after botocore's model of the service.

Operations that have no method here are refused by name (`NOT_HERE`), or answered by the front as not implemented.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from local_aws.control_plane.msk import topics
from local_aws.control_plane.msk.exceptions import BadRequestException, refused
from local_aws.control_plane.msk.models import MskBackend, backend_of
from local_aws.control_plane.msk.rules import RUNS_AS

CREATE_FIELDS = (
    "BrokerNodeGroupInfo",
    "ClientAuthentication",
    "ConfigurationInfo",
    "EncryptionInfo",
    "EnhancedMonitoring",
    "KafkaVersion",
    "LoggingInfo",
    "NumberOfBrokerNodes",
    "OpenMonitoring",
    "StorageMode",
)


class MskResponse(BaseResponse):
    """In place of moto's KafkaResponse, whose answers are not in the shape of the service model."""

    def __init__(self) -> None:
        super().__init__(service_name="kafka")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> MskBackend:
        return backend_of(self.current_account, self.region)

    def _text(self, name: str) -> str:
        value = self._get_param(name)
        if value is None or value == "":
            raise BadRequestException(f"One or more of the parameters are not valid: {name[0].lower()}{name[1:]} is missing.")
        return str(value)

    def _cluster_arn(self) -> str:
        return self._text("ClusterArn")

    # Clusters

    def create_cluster(self) -> ActionResult:
        request = {name: self._get_param(name) for name in CREATE_FIELDS if self._get_param(name) is not None}
        cluster = self.backend.create_provisioned(self._text("ClusterName"), request, self._get_param("Tags") or {})
        return ActionResult({"ClusterArn": cluster.arn, "ClusterName": cluster.cluster_name, "State": cluster.state})

    def create_cluster_v2(self) -> ActionResult:
        provisioned = self._get_param("Provisioned")
        if provisioned is None:
            self.backend.refuse_serverless()
        request = {name: provisioned[name] for name in CREATE_FIELDS if provisioned.get(name) is not None}
        cluster = self.backend.create_provisioned(self._text("ClusterName"), request, self._get_param("Tags") or {})
        described = {"ClusterArn": cluster.arn, "ClusterName": cluster.cluster_name, "State": cluster.state, "ClusterType": "PROVISIONED"}
        return ActionResult(described)

    def describe_cluster(self) -> ActionResult:
        cluster = self.backend.settled(self._cluster_arn())
        return ActionResult({"ClusterInfo": cluster.describe(self.backend.tags_of(cluster.arn))})

    def describe_cluster_v2(self) -> ActionResult:
        cluster = self.backend.settled(self._cluster_arn())
        return ActionResult({"ClusterInfo": cluster.describe_v2(self.backend.tags_of(cluster.arn))})

    def list_clusters(self) -> ActionResult:
        clusters = self.backend.named(self._get_param("ClusterNameFilter"))
        return ActionResult({"ClusterInfoList": [cluster.describe(self.backend.tags_of(cluster.arn)) for cluster in clusters]})

    def list_clusters_v2(self) -> ActionResult:
        kind = (self._get_param("ClusterTypeFilter") or "ALL").upper()
        clusters = [] if kind == "SERVERLESS" else self.backend.named(self._get_param("ClusterNameFilter"))
        return ActionResult({"ClusterInfoList": [cluster.describe_v2(self.backend.tags_of(cluster.arn)) for cluster in clusters]})

    def delete_cluster(self) -> ActionResult:
        cluster = self.backend.remove_cluster(self._cluster_arn(), self._get_param("CurrentVersion"))
        return ActionResult({"ClusterArn": cluster.arn, "State": "DELETING"})

    # Connectivity, operations, nodes

    def update_connectivity(self) -> ActionResult:
        operation = self.backend.update_connectivity(
            self._cluster_arn(), self._get_param("ConnectivityInfo"), self._get_param("CurrentVersion")
        )
        return ActionResult({"ClusterArn": operation.cluster_arn, "ClusterOperationArn": operation.arn})

    def describe_cluster_operation(self) -> ActionResult:
        return ActionResult({"ClusterOperationInfo": self.backend.operation(self._text("ClusterOperationArn")).describe()})

    def describe_cluster_operation_v2(self) -> ActionResult:
        return ActionResult({"ClusterOperationInfo": self.backend.operation(self._text("ClusterOperationArn")).describe_v2()})

    def list_cluster_operations(self) -> ActionResult:
        operations = self.backend.operations_of(self._cluster_arn())
        return ActionResult({"ClusterOperationInfoList": [operation.describe() for operation in operations]})

    def list_cluster_operations_v2(self) -> ActionResult:
        operations = self.backend.operations_of(self._cluster_arn())
        return ActionResult({"ClusterOperationInfoList": [operation.describe_v2() for operation in operations]})

    def get_bootstrap_brokers(self) -> ActionResult:
        return ActionResult(self.backend.bootstrap_brokers(self._cluster_arn()))

    def list_nodes(self) -> ActionResult:
        return ActionResult({"NodeInfoList": self.backend.nodes(self._cluster_arn())})

    def list_scram_secrets(self) -> ActionResult:
        self.backend.cluster(self._cluster_arn())
        return ActionResult({"SecretArnList": []})

    def list_client_vpc_connections(self) -> ActionResult:
        self.backend.cluster(self._cluster_arn())
        return ActionResult({"ClientVpcConnections": []})

    def list_vpc_connections(self) -> ActionResult:
        return ActionResult({"VpcConnections": []})

    # Cluster policy

    def put_cluster_policy(self) -> ActionResult:
        version = self.backend.put_cluster_policy(self._cluster_arn(), self._get_param("CurrentVersion"), self._text("Policy"))
        return ActionResult({"CurrentVersion": version})

    def get_cluster_policy(self) -> ActionResult:
        policy, version = self.backend.get_cluster_policy(self._cluster_arn())
        return ActionResult({"CurrentVersion": version, "Policy": policy})

    def delete_cluster_policy(self) -> ActionResult:
        self.backend.delete_cluster_policy(self._cluster_arn())
        return ActionResult({})

    # Configurations

    def create_configuration(self) -> ActionResult:
        configuration = self.backend.configurations.create(
            name=self._text("Name"),
            description=self._get_param("Description") or "",
            kafka_versions=self._get_param("KafkaVersions") or [],
            server_properties=self._get_param("ServerProperties") or b"",
        )
        return ActionResult(configuration.describe())

    def describe_configuration(self) -> ActionResult:
        return ActionResult(self.backend.configurations.get(self._text("Arn")).describe())

    def describe_configuration_revision(self) -> ActionResult:
        arn = self._text("Arn")
        revision = self.backend.configurations.revision(arn, int(self._text("Revision")))
        return ActionResult({"Arn": arn, **revision.summary(), "ServerProperties": revision.server_properties})

    def list_configurations(self) -> ActionResult:
        return ActionResult({"Configurations": [configuration.describe() for configuration in self.backend.configurations.all()]})

    def list_configuration_revisions(self) -> ActionResult:
        configuration = self.backend.configurations.get(self._text("Arn"))
        return ActionResult({"Revisions": [revision.summary() for revision in configuration.revisions]})

    def update_configuration(self) -> ActionResult:
        configuration = self.backend.configurations.update(
            self._text("Arn"), self._get_param("ServerProperties") or b"", self._get_param("Description") or ""
        )
        return ActionResult({"Arn": configuration.arn, "LatestRevision": configuration.revisions[-1].summary()})

    def delete_configuration(self) -> ActionResult:
        arn = self._text("Arn")
        self.backend.delete_configuration(arn)
        return ActionResult({"Arn": arn, "State": "DELETING"})

    # Topics

    def create_topic(self) -> ActionResult:
        cluster = self.backend.cluster(self._cluster_arn())
        partitions, replication = int(self._text("PartitionCount")), int(self._text("ReplicationFactor"))
        return ActionResult(topics.create(cluster, self._text("TopicName"), partitions, replication, self._get_param("Configs")))

    def describe_topic(self) -> ActionResult:
        return ActionResult(topics.describe(self.backend.cluster(self._cluster_arn()), self._text("TopicName")))

    def describe_topic_partitions(self) -> ActionResult:
        return ActionResult({"Partitions": topics.partitions(self.backend.cluster(self._cluster_arn()), self._text("TopicName"))})

    def list_topics(self) -> ActionResult:
        cluster = self.backend.cluster(self._cluster_arn())
        return ActionResult({"Topics": topics.list_all(cluster, self._get_param("TopicNameFilter"))})

    def update_topic(self) -> ActionResult:
        cluster = self.backend.cluster(self._cluster_arn())
        return ActionResult(topics.update(cluster, self._text("TopicName"), self._get_param("Configs"), self._get_param("PartitionCount")))

    def delete_topic(self) -> ActionResult:
        return ActionResult(topics.delete(self.backend.cluster(self._cluster_arn()), self._text("TopicName")))

    def list_kafka_versions(self) -> ActionResult:
        return ActionResult({"KafkaVersions": [{"Version": f"{RUNS_AS}.x", "Status": "ACTIVE"}]})

    # Tags

    def list_tags_for_resource(self) -> ActionResult:
        return ActionResult({"Tags": self.backend.tags_of(self._text("ResourceArn"))})

    def tag_resource(self) -> ActionResult:
        self.backend.tag_resource(self._text("ResourceArn"), self._get_param("Tags") or {})
        return ActionResult({})

    def untag_resource(self) -> ActionResult:
        self.backend.untag_resource(self._text("ResourceArn"), self._get_param("TagKeys") or [])
        return ActionResult({})


NOT_HERE = {
    "batch_associate_scram_secret": "its brokers take IAM or no authentication.",
    "batch_disassociate_scram_secret": "its brokers take IAM or no authentication.",
    "create_channel": "channels deliver without Firehose; this target delivers with it.",
    "create_replicator": "it runs each cluster by itself.",
    "create_vpc_connection": "its brokers listen on 127.0.0.1 only.",
    "reboot_broker": "stop a broker's process; its watcher starts it again.",
    "update_broker_count": "make a new cluster with another number_of_broker_nodes.",
    "update_broker_storage": "brokers here use the disk of this machine.",
    "update_broker_type": "brokers here have no instance type.",
    "update_cluster_configuration": "brokers here read their configuration at start; make a new cluster.",
    "update_cluster_kafka_version": "its brokers are Apache Kafka 3.9.",
    "update_monitoring": "brokers here send no metrics or logs to CloudWatch.",
    "update_rebalancing": "brokers here do not rebalance by themselves.",
    "update_replication_info": "it runs each cluster by itself.",
    "update_security": "brokers here have the listeners with which they started; make a new cluster.",
    "update_storage": "brokers here use the disk of this machine.",
}
"""Operations that AWS has and this target does not, with what to do instead."""


def _refusal(action: str, why: str) -> Callable[[MskResponse], Any]:
    def refuse(_self: MskResponse) -> Any:
        raise refused("kafka:" + "".join(word.capitalize() for word in action.split("_")), why)

    return refuse


for _action, _why in NOT_HERE.items():
    setattr(MskResponse, _action, _refusal(_action, _why))
