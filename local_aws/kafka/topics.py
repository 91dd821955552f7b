"""Topics of a cluster, administered over its internal listener: what MSK's topic operations do.

Kafka answers before every broker has heard of a change, so each change is waited for until it can be seen.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
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
from local_aws.kafka.propagation import TopicSeen, look

_REQUEST_SECONDS = 30.0
_ATTEMPT_SECONDS = 2.0
_SEEN_SECONDS = 5.0
_URL_SAFE = str.maketrans("+/", "-_")
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

    def __init__(self, addresses: Sequence[str]) -> None:
        """`addresses` are those of every broker's plaintext listener, host:port."""
        self._addresses = tuple(addresses)
        self._client = self._connect()

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
        self._ask(name, lambda client: client.create_topics([new], request_timeout=_ATTEMPT_SECONDS)[name], done=TopicExists)
        self._wait(name, lambda seen: seen.partitions == seen.with_leader == partitions)
        return self.describe(name)

    def describe(self, name: str) -> Topic:
        """Raises: NoSuchTopic, KafkaUnavailable."""
        resource = ConfigResource(ResourceType.TOPIC, name)
        topics = TopicCollection([name])
        found = self._ask(name, lambda client: client.describe_topics(topics, request_timeout=_ATTEMPT_SECONDS)[name])
        entries = self._ask(name, lambda client: client.describe_configs([resource], request_timeout=_ATTEMPT_SECONDS)[resource])
        configs = {key: entry.value for key, entry in entries.items() if entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value}
        details = tuple(
            Partition(one.id, one.leader.id if one.leader else None, _ids(one.replicas), _ids(one.isr)) for one in found.partitions
        )
        topic_id = str(found.topic_id).translate(_URL_SAFE)
        return Topic(found.name, topic_id, len(details[0].replicas) if details else 0, configs, details)

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
        before = self.describe(name).partitions
        wanted = before if partitions is None else partitions
        if wanted < before:
            raise InvalidTopicConfig(f"Topic {name} has {before} partitions; they can be added, never removed (asked: {wanted}).")
        if configs:
            entries = [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in configs.items()]
            resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
            self._ask(name, lambda client: client.incremental_alter_configs([resource], request_timeout=_ATTEMPT_SECONDS)[resource])
        if wanted > before:
            more = NewPartitions(name, wanted)
            add = lambda client: client.create_partitions([more], request_timeout=_ATTEMPT_SECONDS)[name]  # noqa: E731
            self._ask(name, add, done=InvalidTopicConfig)
        self._wait(
            name,
            lambda seen: (
                seen.partitions == seen.with_leader == wanted
                and all(_same(seen.configs.get(key), value) for key, value in (configs or {}).items())
            ),
            configs=bool(configs),
        )
        return self.describe(name)

    def delete(self, name: str) -> None:
        """Raises: NoSuchTopic, KafkaUnavailable."""
        self._ask(name, lambda client: client.delete_topics([name], request_timeout=_ATTEMPT_SECONDS)[name], done=NoSuchTopic)
        self._wait(name, lambda seen: seen.partitions == 0)

    def _connect(self) -> AdminClient:
        config: dict[str, Any] = {
            "bootstrap.servers": ",".join(self._addresses),
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 500,
            "log_level": 0,
            "error_cb": lambda _error: None,
        }
        return AdminClient(config)

    def _ask(self, name: str, request: Callable[[AdminClient], Any], *, done: type[TopicError] | None = None) -> Any:
        """Ask until there is an answer: librdkafka goes on waiting for a broker that has just died, a new client asks another.

        An earlier attempt may have been carried out unheard; `done` is the error that tells so.
        """
        deadline = time.monotonic() + _REQUEST_SECONDS
        again = False
        while True:
            try:
                return request(self._client).result(_ATTEMPT_SECONDS * 2)
            except (ValueError, TypeError) as error:
                raise InvalidTopicConfig(f"Topic {name}: {error}.") from error
            except (KafkaException, TimeoutError) as error:
                failure = _translated(name, error)
                if again and done is not None and isinstance(failure, done):
                    return None
                if not isinstance(failure, KafkaUnavailable) or time.monotonic() > deadline:
                    raise failure from error
            again = True
            self._client = self._connect()
            time.sleep(_POLL_SECONDS)

    def _wait(self, name: str, holds: Callable[[TopicSeen], bool], *, configs: bool = False) -> None:
        """Until every broker that answers has heard of a change, for some seconds at most."""
        deadline = time.monotonic() + _SEEN_SECONDS
        for address in self._addresses:
            with contextlib.suppress(OSError):
                while not holds(look(address, name, configs=configs)) and time.monotonic() < deadline:
                    time.sleep(_POLL_SECONDS)


def _ids(nodes: Any) -> tuple[int, ...]:
    return tuple(node.id for node in nodes)


def _same(seen: str | None, asked: str) -> bool:
    """Kafka writes lists without spaces."""
    return seen is not None and seen.replace(" ", "") == asked.replace(" ", "")


def _translated(name: str, error: Exception) -> TopicError | KafkaUnavailable:
    cause = error.args[0] if isinstance(error, KafkaException) and error.args else None
    if not isinstance(cause, KafkaError):
        return KafkaUnavailable(f"kafka: the brokers did not answer about topic {name} in time.")
    if cause.code() == KafkaError.TOPIC_ALREADY_EXISTS:
        return TopicExists(f"Topic {name} exists already.")
    if cause.code() in _NAMELESS:
        return NoSuchTopic(f"There is no topic {name}.")
    if cause.code() in _INVALID:
        return InvalidTopicConfig(f"Topic {name}: {cause.str()}")
    return KafkaUnavailable(f"kafka: the brokers did not carry out a request about topic {name}: {cause.str()}")
