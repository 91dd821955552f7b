"""MSK's topic operations, against the brokers: CreateTopic, DescribeTopic, ListTopics, UpdateTopic, DeleteTopic.

`Configs` is the base64 of a JSON map of topic configurations (MSK developer guide, "Topic operations"). They need an
ACTIVE provisioned cluster with Kafka 3.6 or later, as on AWS. Unlike on AWS, what they read is not a minute old.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from local_aws.control_plane.msk.cluster import Cluster
from local_aws.control_plane.msk.exceptions import (
    BadRequestException,
    KafkaTimeoutException,
    TopicExistsException,
    UnknownTopicOrPartitionException,
)
from local_aws.control_plane.msk.rules import FIRST_WITH_TOPIC_API
from local_aws.control_plane.services import RunningCluster


def arn(cluster: Cluster, name: str) -> str:
    """The topic's ARN: `topic/CLUSTER/UUID/TOPIC`."""
    return cluster.arn.replace(":cluster/", ":topic/", 1) + f"/{name}"


def create(cluster: Cluster, name: str, partitions: int, replication_factor: int, configs: str | None) -> dict[str, Any]:
    decoded = decode_configs(configs)
    with _errors_of(cluster) as running:
        running.create_topic(name, partitions, replication_factor, decoded)
    return _named(cluster, name, "ACTIVE")


def describe(cluster: Cluster, name: str) -> dict[str, Any]:
    with _errors_of(cluster) as running:
        topic = running.describe_topic(name)
    return {
        **_named(cluster, name, "ACTIVE"),
        "PartitionCount": topic.partitions,
        "ReplicationFactor": topic.replication_factor,
        "Configs": base64.b64encode(json.dumps(dict(topic.configs)).encode()).decode(),
    }


def partitions(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    with _errors_of(cluster) as running:
        topic = running.describe_topic(name)
    return [
        {"Partition": part.number, "Leader": part.leader, "Replicas": list(part.replicas), "Isr": list(part.in_sync)}
        for part in topic.partition_details
    ]


def list_all(cluster: Cluster, name_filter: str | None) -> list[dict[str, Any]]:
    with _errors_of(cluster) as running:
        topics = running.list_topics()
    return [
        {
            "TopicArn": arn(cluster, topic.name),
            "TopicName": topic.name,
            "PartitionCount": topic.partitions,
            "ReplicationFactor": topic.replication_factor,
            "OutOfSyncReplicaCount": sum(len(part.replicas) - len(part.in_sync) for part in topic.partition_details),
        }
        for topic in topics
        if not name_filter or topic.name.startswith(name_filter)
    ]


def update(cluster: Cluster, name: str, configs: str | None, partitions: int | None) -> dict[str, Any]:
    if (configs is None) == (partitions is None):
        raise BadRequestException("UpdateTopic takes either configs or partitionCount, one of them.")
    decoded = None if configs is None else decode_configs(configs)
    with _errors_of(cluster) as running:
        running.update_topic(name, decoded, partitions)
    return _named(cluster, name, "ACTIVE")


def delete(cluster: Cluster, name: str) -> dict[str, Any]:
    with _errors_of(cluster) as running:
        running.delete_topic(name)
    return _named(cluster, name, "DELETING")


def decode_configs(configs: str | None) -> Mapping[str, str]:
    """The map inside `Configs`; values that are not text are written as JSON writes them."""
    if not configs:
        return {}
    try:
        decoded = json.loads(base64.b64decode(configs, validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadRequestException("configs is not the base64 of a JSON map of topic configurations.") from error
    if not isinstance(decoded, dict):
        raise BadRequestException("configs is not the base64 of a JSON map of topic configurations.")
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in decoded.items()}


def _named(cluster: Cluster, name: str, status: str) -> dict[str, Any]:
    return {"TopicArn": arn(cluster, name), "TopicName": name, "Status": status}


@contextmanager
def _errors_of(cluster: Cluster) -> Iterator[RunningCluster]:
    """The brokers of the cluster, with their errors turned into MSK's."""
    from local_aws.kafka.errors import InvalidTopicConfig, KafkaUnavailable, NoSuchTopic, TopicExists

    running = cluster.require_active()
    if cluster.version < FIRST_WITH_TOPIC_API:
        raise BadRequestException("Topic operations need Apache Kafka version 3.6.0 or later.")
    try:
        yield running
    except TopicExists as error:
        raise TopicExistsException(str(error)) from error
    except NoSuchTopic as error:
        raise UnknownTopicOrPartitionException(str(error)) from error
    except InvalidTopicConfig as error:
        raise BadRequestException(str(error)) from error
    except KafkaUnavailable as error:
        raise KafkaTimeoutException(str(error)) from error
