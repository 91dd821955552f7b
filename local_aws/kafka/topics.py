"""Topics of a cluster, administered over its internal listener: what MSK's topic operations do.

Kafka answers before every broker has heard of a change, so each change is waited for until it can be seen.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it exports them without saying so
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from local_aws.kafka.errors import InvalidTopicConfig, KafkaUnavailable, NoSuchTopic, TopicError, TopicExists

_REQUEST_SECONDS = 20.0
_READ_SECONDS = 3.0
"""One attempt of a request that only reads; it is asked again until _REQUEST_SECONDS are over."""
_SEEN_SECONDS = 10.0
_POLL_SECONDS = 0.05
_NAMELESS = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError.UNKNOWN_TOPIC_ID})
_INVALID = frozenset(
    {
        KafkaError.INVALID_CONFIG,
        KafkaError.INVALID_PARTITIONS,
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.INVALID_REQUEST,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.POLICY_VIOLATION,
        KafkaError._INVALID_ARG,
    }
)


@dataclass(frozen=True)
class Partition:
    """Where one partition lives; ids are those of brokers, `leader` is None while there is none."""

    number: int
    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


@dataclass(frozen=True)
class Topic:
    """One topic as the brokers know it."""

    name: str
    topic_id: str
    """Kafka's own id: a topic that is deleted and created again has another."""
    replication_factor: int
    configs: Mapping[str, str]
    """Those set on the topic itself, not the brokers' defaults."""
    partition_details: tuple[Partition, ...]

    @property
    def partitions(self) -> int:
        return len(self.partition_details)


class TopicAdmin:
    """The topics of one cluster; may be used from several threads."""

    def __init__(self, bootstrap: str) -> None:
        config: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 500,
            "log_level": 0,
            "error_cb": lambda _error: None,
        }
        self._client = AdminClient(config)

    def brokers(self, timeout: float) -> int:
        """How many brokers the cluster has registered; 0 where none answers in time."""
        try:
            return len(self._client.list_topics(timeout=timeout).brokers)
        except KafkaException:
            return 0

    def create(self, name: str, partitions: int, replication_factor: int, configs: Mapping[str, str]) -> Topic:
        """Raises: TopicExists, InvalidTopicConfig, KafkaUnavailable."""
        if partitions < 1 or replication_factor < 1:  # -1 would ask Kafka for its default, which MSK's API does not offer
            raise InvalidTopicConfig(f"Topic {name}: {partitions} partitions in {replication_factor} copies; both must be 1 or more.")
        new = NewTopic(name, num_partitions=partitions, replication_factor=replication_factor, config=dict(configs))
        self._change(name, lambda: self._client.create_topics([new], operation_timeout=_REQUEST_SECONDS)[name])
        return self._seen(
            name, lambda topic: topic.partitions == partitions and all(one.leader is not None for one in topic.partition_details)
        )

    def describe(self, name: str) -> Topic:
        """Raises: NoSuchTopic, KafkaUnavailable."""
        deadline = time.monotonic() + _REQUEST_SECONDS
        while True:
            try:
                return self._read(name)
            except KafkaUnavailable:  # librdkafka may have asked a broker that has just died: another may answer
                if time.monotonic() > deadline:
                    raise

    def list(self) -> tuple[Topic, ...]:
        """All topics but Kafka's own, by name.

        Raises: KafkaUnavailable.
        """
        try:
            listed = self._client.list_topics(timeout=_REQUEST_SECONDS).topics
        except KafkaException as error:
            raise KafkaUnavailable(f"kafka: the brokers did not list their topics: {error.args[0].str()}") from error
        topics = []
        for name in sorted(name for name in listed if not name.startswith("__")):
            with contextlib.suppress(NoSuchTopic):  # deleted meanwhile
                topics.append(self.describe(name))
        return tuple(topics)

    def update(self, name: str, configs: Mapping[str, str] | None, partitions: int | None) -> Topic:
        """Set configuration values, add partitions, or both.

        Configuration values that are not named keep what they have: MSK's permission for this is the one of Kafka's
        incremental alteration (kafka-cluster:AlterTopicDynamicConfiguration), and nothing says that it replaces all.

        Raises: NoSuchTopic, InvalidTopicConfig, KafkaUnavailable.
        """
        before = self.describe(name)
        if partitions is not None and partitions < before.partitions:
            raise InvalidTopicConfig(
                f"Topic {name} has {before.partitions} partitions; they can be added, never removed (asked: {partitions})."
            )
        if configs:
            entries = [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in configs.items()]
            resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
            self._change(name, lambda: self._client.incremental_alter_configs([resource])[resource])
        if partitions is not None and partitions > before.partitions:
            self._change(name, lambda: self._client.create_partitions([NewPartitions(name, partitions)])[name])
        wanted = partitions or before.partitions
        return self._seen(
            name, lambda topic: topic.partitions == wanted and all(topic.configs.get(k) == v for k, v in (configs or {}).items())
        )

    def delete(self, name: str) -> None:
        """Raises: NoSuchTopic, KafkaUnavailable."""
        self._change(name, lambda: self._client.delete_topics([name], operation_timeout=_REQUEST_SECONDS)[name])
        deadline = time.monotonic() + _SEEN_SECONDS
        while time.monotonic() < deadline:
            try:
                self.describe(name)
            except NoSuchTopic:
                return
            time.sleep(_POLL_SECONDS)

    def _seen(self, name: str, holds: Callable[[Topic], bool]) -> Topic:
        deadline = time.monotonic() + _SEEN_SECONDS
        while True:
            try:
                topic = self.describe(name)
                if holds(topic) or time.monotonic() > deadline:
                    return topic
            except NoSuchTopic:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_POLL_SECONDS)

    def _read(self, name: str) -> Topic:
        resource = ConfigResource(ResourceType.TOPIC, name)
        described = self._client.describe_topics(TopicCollection([name]), request_timeout=_READ_SECONDS)[name]
        configured = self._client.describe_configs([resource], request_timeout=_READ_SECONDS)[resource]
        entries = self._result(name, configured)
        configs = {key: entry.value for key, entry in entries.items() if entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value}
        return self._topic(self._result(name, described), configs)

    @staticmethod
    def _result(name: str, future: Any) -> Any:
        try:
            return future.result(_REQUEST_SECONDS)
        except (KafkaException, TimeoutError) as error:
            raise _translated(name, error) from error

    def _change(self, name: str, ask: Callable[[], Any]) -> None:
        try:
            future = ask()
        except (ValueError, TypeError) as error:
            raise InvalidTopicConfig(f"Topic {name}: {error}.") from error
        self._result(name, future)

    @staticmethod
    def _topic(found: Any, configs: Mapping[str, str]) -> Topic:
        details = tuple(
            Partition(
                one.id, one.leader.id if one.leader is not None else None, tuple(n.id for n in one.replicas), tuple(n.id for n in one.isr)
            )
            for one in found.partitions
        )
        return Topic(found.name, str(found.topic_id), len(details[0].replicas) if details else 0, dict(configs), details)


def _translated(name: str, error: Exception) -> TopicError | KafkaUnavailable:
    cause = error.args[0] if isinstance(error, KafkaException) and error.args else None
    if not isinstance(cause, KafkaError):
        return KafkaUnavailable(f"kafka: the brokers did not answer about topic {name} within {_REQUEST_SECONDS:g} s.")
    if cause.code() == KafkaError.TOPIC_ALREADY_EXISTS:
        return TopicExists(f"Topic {name} exists already.")
    if cause.code() in _NAMELESS:
        return NoSuchTopic(f"There is no topic {name}.")
    if cause.code() in _INVALID:
        return InvalidTopicConfig(f"Topic {name}: {cause.str()}")
    return KafkaUnavailable(f"kafka: the brokers did not carry out a request about topic {name}: {cause.str()}")
