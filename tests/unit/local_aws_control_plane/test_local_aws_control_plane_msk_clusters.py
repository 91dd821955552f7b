"""MSK clusters: their states, their addresses, their policy, and what is refused."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError
from control_plane_under_test import CLUSTER, PRIVATE, Plane, active_cluster, eventually, turn_on_private_connectivity

from local_aws.control_plane.msk.responses import NOT_HERE
from local_aws.kafka.errors import KafkaDidNotStart


def test_a_cluster_is_creating_until_its_brokers_answer(plane: Plane, kafka: Any) -> None:
    plane.brokers.may_start.clear()
    created = kafka.create_cluster(**CLUSTER)
    assert created["State"] == "CREATING"
    with pytest.raises(ClientError, match="is CREATING; this needs an ACTIVE cluster"):
        kafka.get_bootstrap_brokers(ClusterArn=created["ClusterArn"])
    plane.brokers.may_start.set()
    described = eventually(
        lambda: (found := kafka.describe_cluster_v2(ClusterArn=created["ClusterArn"])["ClusterInfo"])["State"] == "ACTIVE" and found
    )
    assert described["Provisioned"]["NumberOfBrokerNodes"] == 3
    assert "ActiveOperationArn" not in described
    assert plane.brokers.started[0].asked["authentication"] == frozenset({"iam"})


def test_a_description_waits_for_the_cluster_to_settle(plane: Plane, kafka: Any) -> None:
    """The provider's pauses between its questions grow to 10 s; an answer that comes with the news spares them."""
    plane.services.longest_poll_seconds = 30
    plane.brokers.may_start.clear()
    arn = kafka.create_cluster(**CLUSTER)["ClusterArn"]
    threading.Timer(0.3, plane.brokers.may_start.set).start()
    assert kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["State"] == "ACTIVE"
    assert plane.brokers.started, "it waited for the brokers"


def test_a_description_does_not_wait_for_ever(plane: Plane, kafka: Any) -> None:
    plane.services.longest_poll_seconds = 0.2
    plane.brokers.may_start.clear()
    arn = kafka.create_cluster(**CLUSTER)["ClusterArn"]
    assert kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]["State"] == "CREATING"
    plane.brokers.may_start.set()


def test_an_arn_carries_the_clusters_name_and_an_id(kafka: Any) -> None:
    arn = active_cluster(kafka)
    assert arn.startswith("arn:aws:kafka:us-east-1:123456789012:cluster/events/")
    assert arn.count("/") == 2


def test_a_cluster_whose_brokers_do_not_start_says_why(plane: Plane, kafka: Any) -> None:
    plane.brokers.failure = KafkaDidNotStart("kafka: the brokers did not answer.", "java.lang.Error: no")
    arn = kafka.create_cluster(**CLUSTER)["ClusterArn"]
    found = eventually(lambda: (info := kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"])["State"] == "FAILED" and info)
    assert "java.lang.Error: no" in found["StateInfo"]["Message"]


def test_an_unknown_cluster_is_not_found(kafka: Any) -> None:
    with pytest.raises(kafka.exceptions.NotFoundException):
        kafka.describe_cluster(ClusterArn="arn:aws:kafka:us-east-1:123456789012:cluster/none/1")


def test_a_name_is_taken_once(kafka: Any) -> None:
    active_cluster(kafka)
    with pytest.raises(kafka.exceptions.ConflictException):
        kafka.create_cluster(**CLUSTER)


def test_a_deleted_cluster_is_gone_and_its_brokers_stopped(plane: Plane, kafka: Any) -> None:
    arn = active_cluster(kafka)
    assert kafka.delete_cluster(ClusterArn=arn)["State"] == "DELETING"
    eventually(lambda: kafka.list_clusters_v2()["ClusterInfoList"] == [])
    assert plane.brokers.started[0].stopped


def test_brokers_of_a_cluster_deleted_while_creating_are_stopped(plane: Plane, kafka: Any) -> None:
    plane.brokers.may_start.clear()
    arn = kafka.create_cluster(**CLUSTER)["ClusterArn"]
    kafka.delete_cluster(ClusterArn=arn)
    plane.brokers.may_start.set()
    eventually(lambda: plane.brokers.started and plane.brokers.started[0].stopped)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"KafkaVersion": "2.8.1"}, "does not implement KafkaVersion 2.8.1"),
        ({"KafkaVersion": "4.0.x.kraft"}, "does not implement KafkaVersion 4.0.x.kraft"),
        ({"KafkaVersion": "latest"}, r"Unsupported KafkaVersion \[latest\]"),
        ({"NumberOfBrokerNodes": 4}, "must be a multiple of Availability Zones"),
        ({"NumberOfBrokerNodes": 9}, "at most 6 brokers"),
        ({"ClientAuthentication": {"Sasl": {"Scram": {"Enabled": True}}}}, "does not implement ClientAuthentication.Sasl.Scram"),
        ({"ClientAuthentication": {"Tls": {"Enabled": True}}}, r"does not implement ClientAuthentication.Tls \(mutual TLS\)"),
        ({"ClientAuthentication": {"Unauthenticated": {"Enabled": True}}}, "a TLS listener without authentication"),
        ({"StorageMode": "TIERED"}, "does not implement StorageMode TIERED"),
        ({"ClusterName": "no_underscores"}, "is not valid"),
        (
            {"BrokerNodeGroupInfo": {**CLUSTER["BrokerNodeGroupInfo"], "ConnectivityInfo": PRIVATE}},  # type: ignore[dict-item]
            "can't turn on multi-VPC private connectivity while you create",
        ),
    ],
)
def test_a_cluster_that_cannot_run_is_refused_by_name(kafka: Any, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(kafka.exceptions.BadRequestException, match=said):
        kafka.create_cluster(**{**CLUSTER, **changes})
    assert kafka.list_clusters()["ClusterInfoList"] == []


def test_serverless_is_refused_by_name(kafka: Any) -> None:
    with pytest.raises(kafka.exceptions.BadRequestException, match="does not implement Serverless"):
        kafka.create_cluster_v2(ClusterName="s", Serverless={"VpcConfigs": [{"SubnetIds": ["a"]}]})


@pytest.mark.parametrize("action", sorted(NOT_HERE))
def test_operations_that_are_not_here_say_so(plane: Plane, kafka: Any, action: str) -> None:
    members = kafka.meta.service_model.operation_model(kafka.meta.method_to_api_mapping[action]).input_shape.members
    values = {"string": "arn:aws:kafka:us-east-1:1:cluster/a/b", "list": [], "structure": {}, "integer": 1, "map": {}}
    parameters = {name: values[shape.type_name] for name, shape in members.items()}
    with pytest.raises(ClientError, match="The local target does not implement kafka:") as caught:
        getattr(kafka, action)(**parameters)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_only_declared_authentication_has_addresses(kafka: Any) -> None:
    arn = active_cluster(kafka)
    addresses = kafka.get_bootstrap_brokers(ClusterArn=arn)
    assert {name for name in addresses if name.startswith("Bootstrap")} == {"BootstrapBrokerStringSaslIam"}


def test_a_plaintext_cluster_has_plaintext_addresses(plane: Plane, kafka: Any) -> None:
    arn = active_cluster(
        kafka,
        ClientAuthentication={"Unauthenticated": {"Enabled": True}},
        EncryptionInfo={"EncryptionInTransit": {"ClientBroker": "PLAINTEXT"}},
    )
    addresses = kafka.get_bootstrap_brokers(ClusterArn=arn)
    assert {name for name in addresses if name.startswith("Bootstrap")} == {"BootstrapBrokerString"}
    assert plane.brokers.started[0].asked["authentication"] == frozenset({"none"})


def test_private_connectivity_is_turned_on_by_an_operation(kafka: Any) -> None:
    arn = active_cluster(kafka)
    before = kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]["CurrentVersion"]
    operation = turn_on_private_connectivity(kafka, arn)
    found = kafka.describe_cluster_operation(ClusterOperationArn=operation)["ClusterOperationInfo"]
    assert (found["OperationState"], found["OperationType"]) == ("UPDATE_COMPLETE", "UPDATE_CONNECTIVITY")
    assert kafka.describe_cluster_operation_v2(ClusterOperationArn=operation)["ClusterOperationInfo"]["OperationState"] == "UPDATE_COMPLETE"
    assert "BootstrapBrokerStringVpcConnectivitySaslIam" in kafka.get_bootstrap_brokers(ClusterArn=arn)
    assert kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]["CurrentVersion"] != before
    assert [one["OperationArn"] for one in kafka.list_cluster_operations(ClusterArn=arn)["ClusterOperationInfoList"]] == [operation]


def test_private_connectivity_is_refused_on_t3_small(kafka: Any) -> None:
    arn = active_cluster(kafka, BrokerNodeGroupInfo={**CLUSTER["BrokerNodeGroupInfo"], "InstanceType": "kafka.t3.small"})  # type: ignore[dict-item]
    with pytest.raises(kafka.exceptions.BadRequestException, match=r"kafka\.t3\.small"):
        turn_on_private_connectivity(kafka, arn)


def test_a_stale_version_is_refused(kafka: Any) -> None:
    arn = active_cluster(kafka)
    with pytest.raises(kafka.exceptions.BadRequestException, match="current version"):
        kafka.update_connectivity(ClusterArn=arn, CurrentVersion="K0", ConnectivityInfo=PRIVATE)


def test_public_access_is_refused_by_name(kafka: Any) -> None:
    arn = active_cluster(kafka)
    version = kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]["CurrentVersion"]
    with pytest.raises(kafka.exceptions.BadRequestException, match="PublicAccess"):
        kafka.update_connectivity(
            ClusterArn=arn, CurrentVersion=version, ConnectivityInfo={"PublicAccess": {"Type": "SERVICE_PROVIDED_EIPS"}}
        )


def test_a_policy_needs_private_connectivity_first(kafka: Any) -> None:
    arn = active_cluster(kafka)
    policy = json.dumps({"Statement": []})
    with pytest.raises(kafka.exceptions.BadRequestException, match="private connectivity is off"):
        kafka.put_cluster_policy(ClusterArn=arn, Policy=policy)
    with pytest.raises(kafka.exceptions.NotFoundException):
        kafka.get_cluster_policy(ClusterArn=arn)
    turn_on_private_connectivity(kafka, arn)
    version = kafka.put_cluster_policy(ClusterArn=arn, Policy=policy)["CurrentVersion"]
    found = kafka.get_cluster_policy(ClusterArn=arn)
    assert (found["Policy"], found["CurrentVersion"]) == (policy, version)
    kafka.delete_cluster_policy(ClusterArn=arn)
    with pytest.raises(kafka.exceptions.NotFoundException):
        kafka.get_cluster_policy(ClusterArn=arn)


def test_another_3_x_version_runs_with_a_notice(plane: Plane, kafka: Any) -> None:
    active_cluster(kafka, KafkaVersion="3.6.0")
    assert any("asked for Kafka 3.6.0, runs Kafka 3.9" in notice for notice in plane.services.notices.all())


def test_settings_without_effect_are_named(plane: Plane, kafka: Any) -> None:
    active_cluster(kafka, EnhancedMonitoring="PER_BROKER")
    assert any("EnhancedMonitoring PER_BROKER" in notice for notice in plane.services.notices.all())


def test_tags_come_and_go(kafka: Any) -> None:
    arn = active_cluster(kafka, Tags={"team": "lake"})
    kafka.tag_resource(ResourceArn=arn, Tags={"stage": "test"})
    kafka.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert kafka.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"stage": "test"}
    assert kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]["Tags"] == {"stage": "test"}


def test_every_broker_is_listed_as_a_node(kafka: Any) -> None:
    arn = active_cluster(kafka)
    nodes = kafka.list_nodes(ClusterArn=arn)["NodeInfoList"]
    assert [node["BrokerNodeInfo"]["Endpoints"] for node in nodes] == [["127.0.0.1:1"], ["127.0.0.1:2"], ["127.0.0.1:3"]]
    assert kafka.list_scram_secrets(ClusterArn=arn)["SecretArnList"] == []


def test_a_cluster_in_another_region_than_the_targets_is_refused_by_name(plane: Plane) -> None:
    elsewhere = plane.client("kafka", region="eu-west-1")
    with pytest.raises(elsewhere.exceptions.BadRequestException, match=r"clusters in eu-west-1: it runs in us-east-1"):
        elsewhere.create_cluster(**CLUSTER)
    assert plane.brokers.started == []


def test_storage_scaling_is_kept_with_its_tags_and_said_to_be_without_effect(plane: Plane) -> None:
    scaling = plane.client("application-autoscaling")
    storage = {"ServiceNamespace": "kafka", "ResourceId": "arn:c", "ScalableDimension": "kafka:broker-storage:VolumeSize"}
    arn = scaling.register_scalable_target(**storage, MinCapacity=1, MaxCapacity=20, Tags={"a": "1"})["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"b": "2"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"b": "2"}
    [target] = scaling.describe_scalable_targets(ServiceNamespace="kafka")["ScalableTargets"]
    assert target["RoleARN"].endswith(
        ":role/aws-service-role/kafka.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_KafkaCluster"
    )
    assert "Scaling of the brokers' storage has no effect: their disks are this machine's." in plane.services.notices.all()
    scaling.deregister_scalable_target(**storage)
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {}
