"""MSK configurations and topics."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from control_plane_under_test import Plane, active_cluster

from console import PipelineError


def configs(**values: str) -> str:
    return base64.b64encode(json.dumps(values).encode()).decode()


def test_a_configuration_has_revisions(kafka: Any) -> None:
    arn = kafka.create_configuration(Name="c", KafkaVersions=["3.9.x"], Description="first", ServerProperties=b"a.b=1\n")["Arn"]
    kafka.update_configuration(Arn=arn, ServerProperties=b"a.b=2\n", Description="second")
    assert kafka.describe_configuration(Arn=arn)["LatestRevision"]["Revision"] == 2
    assert kafka.describe_configuration_revision(Arn=arn, Revision=1)["ServerProperties"] == b"a.b=1\n"
    assert [one["Revision"] for one in kafka.list_configuration_revisions(Arn=arn)["Revisions"]] == [1, 2]
    assert [one["Name"] for one in kafka.list_configurations()["Configurations"]] == ["c"]


def test_a_deleted_configuration_answers_as_terraform_waits_for(kafka: Any) -> None:
    arn = kafka.create_configuration(Name="c", ServerProperties=b"")["Arn"]
    assert kafka.delete_configuration(Arn=arn)["State"] == "DELETING"
    with pytest.raises(kafka.exceptions.BadRequestException, match="Configuration ARN does not exist"):
        kafka.describe_configuration(Arn=arn)


def test_a_configuration_in_use_is_not_deleted(kafka: Any) -> None:
    arn = kafka.create_configuration(Name="c", ServerProperties=b"auto.create.topics.enable = false\n# note\n")["Arn"]
    active_cluster(kafka, ConfigurationInfo={"Arn": arn, "Revision": 1})
    with pytest.raises(kafka.exceptions.BadRequestException, match="in use"):
        kafka.delete_configuration(Arn=arn)


def test_brokers_start_with_the_properties_of_the_revision(plane: Plane, kafka: Any) -> None:
    arn = kafka.create_configuration(Name="c", ServerProperties=b"auto.create.topics.enable = false\n# note\nx=a=b\n")["Arn"]
    active_cluster(kafka, ConfigurationInfo={"Arn": arn, "Revision": 1})
    assert plane.brokers.started[0].asked["configuration"] == {"auto.create.topics.enable": "false", "x": "a=b"}


def test_a_line_that_is_no_property_is_refused(kafka: Any) -> None:
    with pytest.raises(kafka.exceptions.BadRequestException, match="line 2 is not `name=value`"):
        kafka.create_configuration(Name="c", ServerProperties=b"a=1\nnonsense\n")


def test_a_property_that_brokers_do_not_take_is_refused_by_name(plane: Plane, kafka: Any) -> None:
    def refuse(properties: Mapping[str, str]) -> None:
        if "nonsense.property" in properties:
            raise PipelineError("nonsense.property is not a property that Kafka's brokers know.")

    plane.services.check_properties = refuse
    with pytest.raises(kafka.exceptions.BadRequestException, match=r"nonsense\.property is not"):
        kafka.create_configuration(Name="c", ServerProperties=b"nonsense.property=1\n")
    arn = kafka.create_configuration(Name="c", ServerProperties=b"a=1\n")["Arn"]
    with pytest.raises(kafka.exceptions.BadRequestException, match=r"nonsense\.property is not"):
        kafka.update_configuration(Arn=arn, ServerProperties=b"nonsense.property=1\n")


def test_an_unknown_revision_is_refused(kafka: Any) -> None:
    arn = kafka.create_configuration(Name="c", ServerProperties=b"")["Arn"]
    with pytest.raises(kafka.exceptions.BadRequestException, match="revision 7"):
        active_cluster(kafka, ConfigurationInfo={"Arn": arn, "Revision": 7})


def test_a_topic_is_made_described_changed_and_deleted(kafka: Any) -> None:
    arn = active_cluster(kafka)
    made = kafka.create_topic(
        ClusterArn=arn, TopicName="t", PartitionCount=6, ReplicationFactor=3, Configs=configs(**{"retention.ms": "1000"})
    )
    assert made["TopicArn"] == arn.replace(":cluster/", ":topic/") + "/t"
    kafka.update_topic(ClusterArn=arn, TopicName="t", PartitionCount=12)
    kafka.update_topic(ClusterArn=arn, TopicName="t", Configs=configs(**{"retention.ms": "2000"}))
    found = kafka.describe_topic(ClusterArn=arn, TopicName="t")
    assert (found["PartitionCount"], found["ReplicationFactor"], found["Status"]) == (12, 3, "ACTIVE")
    assert json.loads(base64.b64decode(found["Configs"])) == {"retention.ms": "2000"}
    assert [one["TopicName"] for one in kafka.list_topics(ClusterArn=arn)["Topics"]] == ["t"]
    assert kafka.describe_topic_partitions(ClusterArn=arn, TopicName="t")["Partitions"][0]["Isr"] == [1, 2]
    kafka.delete_topic(ClusterArn=arn, TopicName="t")
    with pytest.raises(kafka.exceptions.UnknownTopicOrPartitionException):
        kafka.describe_topic(ClusterArn=arn, TopicName="t")


def test_a_topic_is_made_once(kafka: Any) -> None:
    arn = active_cluster(kafka)
    kafka.create_topic(ClusterArn=arn, TopicName="t", PartitionCount=1, ReplicationFactor=1)
    with pytest.raises(kafka.exceptions.TopicExistsException):
        kafka.create_topic(ClusterArn=arn, TopicName="t", PartitionCount=1, ReplicationFactor=1)


def test_topic_operations_need_kafka_3_6(kafka: Any) -> None:
    arn = active_cluster(kafka, KafkaVersion="3.5.1")
    with pytest.raises(kafka.exceptions.BadRequestException, match=r"3\.6\.0"):
        kafka.list_topics(ClusterArn=arn)


@pytest.mark.parametrize("text", ["no base64!", base64.b64encode(b"[1]").decode(), base64.b64encode(b"{").decode()])
def test_configs_that_are_no_map_are_refused(kafka: Any, text: str) -> None:
    arn = active_cluster(kafka)
    with pytest.raises(kafka.exceptions.BadRequestException, match="base64 of a JSON map"):
        kafka.create_topic(ClusterArn=arn, TopicName="t", PartitionCount=1, ReplicationFactor=1, Configs=text)


def test_an_update_changes_one_thing(kafka: Any) -> None:
    arn = active_cluster(kafka)
    kafka.create_topic(ClusterArn=arn, TopicName="t", PartitionCount=1, ReplicationFactor=1)
    with pytest.raises(kafka.exceptions.BadRequestException, match="either configs or partitionCount"):
        kafka.update_topic(ClusterArn=arn, TopicName="t", PartitionCount=2, Configs=configs(a="b"))
