"""Keeps one Kafka topic as Terraform describes it, by MSK's topic API.

Terraform calls this function on create, update and destroy (`aws_lambda_invocation`, lifecycle scope CRUD); the input
carries the wanted topic and, under `tf`, the action. Every action may be repeated: a topic that is there already is
adopted if it fits, one that is gone already counts as deleted. What cannot be done is raised in words that tell what
to change, for Terraform shows them as they are.

The API answers reads with up to a minute's delay and some changes take time, so the function waits until DescribeTopic
says what was asked for (MSK developer guide, "Topic operations"). It needs no network path to the brokers.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

LOG = logging.getLogger(__name__)

ABSENT = frozenset({"NotFoundException", "UnknownTopicOrPartitionException"})
EXISTS = frozenset({"TopicExistsException"})
DENIED = frozenset({"ForbiddenException", "UnauthorizedException", "AccessDenied", "AccessDeniedException"})
"""Retried for a while: a policy that was just put takes some seconds to spread through IAM."""
TRANSIENT = frozenset(
    {
        "ClusterConnectivityException",
        "ConflictException",
        "ControllerMovedException",
        "InternalServerErrorException",
        "KafkaTimeoutException",
        "NotControllerException",
        "ReassignmentInProgressException",
        "ServiceUnavailableException",
        "TooManyRequestsException",
    }
)

PAUSE_SECONDS = 3.0
DENIED_SECONDS = 45.0
MARGIN_SECONDS = 10.0
"""Kept of the function's time, so that it ends with words of its own rather than with a timeout."""


class TopicRefused(Exception):
    """The topic cannot be as asked; the message says why and what to do."""


@dataclass(frozen=True)
class Topic:
    """One topic: what Terraform asks for, or what the cluster has."""

    name: str
    partitions: int
    replication_factor: int
    configs: Mapping[str, str]

    def describes(self, wanted: Topic) -> bool:
        """Whether this has every setting that `wanted` names; others are the cluster's own."""
        return all(self.configs.get(name) == value for name, value in wanted.configs.items())


@dataclass
class Topics:
    """The topics of one cluster. `deadline` is a reading of `clock`; all times are in seconds."""

    client: Any
    cluster_arn: str
    deadline: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def ensure(self, wanted: Topic) -> Topic:
        """Make the topic, or bring the one that is there to what is wanted.

        Raises:
            TopicRefused: the topic has more partitions or other copies than asked for, or the API refuses.
        """
        found = self.describe(wanted.name)
        if found is None and self._create(wanted):
            return self._wait(wanted)
        found = found or self._wait_until_known(wanted)
        if found.replication_factor != wanted.replication_factor:
            raise TopicRefused(
                f"Topic {wanted.name} has replication factor {found.replication_factor}, not {wanted.replication_factor}, "
                "and MSK cannot change it. Set topic_replication_factor to what it has, or choose another topic_name."
            )
        if found.partitions > wanted.partitions:
            raise TopicRefused(
                f"Topic {wanted.name} has {found.partitions} partitions; {wanted.partitions} are asked for, and Kafka never takes "
                f"partitions away. Set topic_partitions to {found.partitions} or more, or choose another topic_name."
            )
        # The API changes settings or partitions in one call, not both.
        if not found.describes(wanted):
            self._call("update_topic", TopicName=wanted.name, Configs=encode(wanted.configs))
        if found.partitions < wanted.partitions:
            self._call("update_topic", TopicName=wanted.name, PartitionCount=wanted.partitions)
        return self._wait(wanted)

    def remove(self, name: str) -> None:
        """Delete the topic; one that is gone already is as good."""
        try:
            self._call("delete_topic", TopicName=name)
        except ClientError as error:
            if _code(error) not in ABSENT:
                raise
            LOG.info("topic %s is gone already", name)

    def describe(self, name: str) -> Topic | None:
        """The topic as the cluster has it, or None; a topic that is not ACTIVE yet is waited for."""
        while True:
            try:
                answer = self._call("describe_topic", TopicName=name)
            except ClientError as error:
                if _code(error) in ABSENT:
                    return None
                raise
            if answer.get("Status", "ACTIVE") == "ACTIVE":
                return Topic(name, answer["PartitionCount"], answer["ReplicationFactor"], decode(answer.get("Configs")))
            self._pause(f"topic {name} is {answer['Status']}")

    def _create(self, wanted: Topic) -> bool:
        """Ask for the topic; False if it is there although a read, up to a minute old, did not know it."""
        try:
            self._call(
                "create_topic",
                TopicName=wanted.name,
                PartitionCount=wanted.partitions,
                ReplicationFactor=wanted.replication_factor,
                Configs=encode(wanted.configs),
            )
        except ClientError as error:
            if _code(error) not in EXISTS:
                raise
            return False
        return True

    def _wait_until_known(self, wanted: Topic) -> Topic:
        while (found := self.describe(wanted.name)) is None:
            self._pause(f"topic {wanted.name} does not show yet")
        return found

    def _wait(self, wanted: Topic) -> Topic:
        while (found := self._wait_until_known(wanted)).partitions < wanted.partitions or not found.describes(wanted):
            self._pause(f"topic {wanted.name} shows {found.partitions} of {wanted.partitions} partitions, settings {found.configs}")
        return found

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call MSK until it answers, as long as its refusal may pass."""
        denied_until = self.clock() + DENIED_SECONDS
        while True:
            try:
                answer: dict[str, Any] = getattr(self.client, operation)(ClusterArn=self.cluster_arn, **arguments)
            except ClientError as error:
                code = _code(error)
                if code not in TRANSIENT and (code not in DENIED or self.clock() >= denied_until):
                    raise
                self._pause(f"{operation}: {error}")
            else:
                return answer

    def _pause(self, why: str) -> None:
        if self.clock() + PAUSE_SECONDS >= self.deadline:
            raise TopicRefused(f"Gave up waiting: {why}. Apply again; every step may be repeated.")
        LOG.info("waiting: %s", why)
        self.sleep(PAUSE_SECONDS)


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Do what Terraform asks; the result is kept in its state, with what was asked for as the proof that it was done.

    Raises:
        TopicRefused: with what to change.
    """
    logging.getLogger().setLevel(logging.INFO)
    action = event.get("tf", {}).get("action", "create")
    wanted = Topic(event["topic"], int(event["partitions"]), int(event["replication_factor"]), event["configs"])
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    topics = Topics(_client(event["cluster_arn"]), event["cluster_arn"], deadline)
    try:
        if action == "delete":
            topics.remove(wanted.name)
            return {"topic": wanted.name, "status": "DELETED"}
        found = topics.ensure(wanted)
    except ClientError as error:
        raise TopicRefused(f"MSK refused to {action} topic {wanted.name} of {event['cluster_arn']}: {error}") from error
    asked = {name: value for name, value in event.items() if name != "tf"}
    return {"status": "ACTIVE", "partitions": found.partitions, "asked": asked}


def encode(configs: Mapping[str, str]) -> str:
    """Settings as the API takes them: base64 of a JSON map."""
    return base64.b64encode(json.dumps(configs, sort_keys=True).encode()).decode()


def decode(text: str | None) -> dict[str, str]:
    """Settings as the API gives them."""
    settings: dict[str, str] = json.loads(base64.b64decode(text)) if text else {}
    return settings


def _client(cluster_arn: str) -> Any:
    client = boto3.client("kafka", region_name=cluster_arn.split(":")[3])
    if not hasattr(client, "create_topic"):
        raise TopicRefused(
            f"boto3 {boto3.__version__} of this Lambda runtime does not know MSK's CreateTopic. "
            "Choose a newer lambda_runtime, or add a newer boto3 to the function's package."
        )
    return client


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
