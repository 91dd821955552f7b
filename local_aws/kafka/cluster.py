"""Real Apache Kafka brokers that stand in for one MSK cluster.

Each broker is also a controller (KRaft), all listen on 127.0.0.1 alone. Clients come in over TLS with MSK IAM tokens,
which the brokers check, and over plaintext only where the cluster declares unauthenticated access. The brokers' own
traffic, and the administration of topics by the control plane, use a listener that no client is told of.

The data of a cluster lives as long as its `KafkaCluster`: a killed broker comes back with it, `stop` removes it.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from local_aws.home import Home
from local_aws.kafka import certificates, class_archive, jars, ports, server_properties, versions
from local_aws.kafka.brokers import Broker, BrokerSet, PortTaken
from local_aws.kafka.errors import AuthenticationRefused, KafkaDidNotStart
from local_aws.kafka.server_properties import Listener, Seat
from local_aws.kafka.storage import random_id
from local_aws.kafka.topics import Topic, TopicAdmin

_START_SECONDS = 120.0
_PORT_CHOICES = 3


class Authentication(Enum):
    """How clients may come in, as MSK's ClientAuthentication declares it; SASL/SCRAM and mTLS do not run here."""

    IAM = "iam"
    NONE = "none"


_LISTENERS = {Authentication.IAM: Listener.IAM, Authentication.NONE: Listener.PLAINTEXT}


def prepare(cache: Path) -> Path:
    """Fetch and build what the brokers need, once, and return where it is; safe when two run at once.

    Raises:
        JarsNotPrepared: Java or Maven is missing, or the build failed.
    """
    build = jars.prepare(cache)
    with jars.lock(cache, build):
        class_archive.make(build, jars.java())
    return build


def ca_file(home: Home) -> Path:
    """The authority that clients of this target trust, a PEM file; it exists from the first call on."""
    return certificates.authority(home)


class KafkaCluster:
    """The brokers of one cluster, running. Made by `start`; may be used from several threads."""

    def __init__(self, home: Home, name: str, seats: tuple[Seat, ...], brokers: BrokerSet, notices: tuple[str, ...]) -> None:
        self.name = name
        self.ca_file = ca_file(home)
        self._directory = _directory(home, name)
        self._seats = seats
        self._brokers = brokers
        self._notices = list(notices)
        self._notices_lock = threading.Lock()
        self._topics = TopicAdmin([seat.address(Listener.INTERNAL) for seat in seats])

    @staticmethod
    def start(
        home: Home,
        *,
        name: str,
        brokers: int,
        kafka_version: str,
        authentication: frozenset[Authentication],
        configuration: Mapping[str, str],
        secret_url: str,
        token: str,
        region: str,
    ) -> KafkaCluster:
        """Start the brokers and return when all of them answer as one cluster.

        `configuration` is the server.properties of the MSK configuration. `secret_url` is where the control plane tells
        the secret of an access key, to whoever sends `token` in X-Local-Token.

        Raises:
            KafkaVersionRefused, BrokerPropertyRefused, AuthenticationRefused: what was asked for does not run here.
            JarsNotPrepared: Java or Maven is missing, or the build failed.
            KafkaDidNotStart: the brokers did not come up; the end of their log is in the advice.
        """
        version_notice = versions.notice(kafka_version, jars.kafka_version())
        if not authentication:
            raise AuthenticationRefused(
                f"Cluster {name} lets nobody in.", "Declare IAM or unauthenticated access in its client authentication."
            )
        build = prepare(home.cache)
        known = frozenset((build / "properties.txt").read_text(encoding="utf-8").split())
        notices = (*((version_notice,) if version_notice else ()), *server_properties.check(configuration, known))
        directory = _directory(home, name)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        key_store = directory / "broker.pem"
        certificates.issue_broker_certificate(home, key_store)
        environment = {"LOCAL_AWS_SECRET_URL": secret_url, "LOCAL_AWS_TOKEN": token, "LOCAL_AWS_KAFKA_REGION": region}
        deadline = time.monotonic() + _START_SECONDS
        for _ in range(_PORT_CHOICES):
            seats = _seats(
                directory,
                brokers,
                [*(_LISTENERS[one] for one in Authentication if one in authentication), Listener.INTERNAL, Listener.CONTROLLER],
            )
            texts = {
                seat.broker_id: server_properties.render(seat, seats, configuration, region=region, key_store=key_store) for seat in seats
            }
            running = BrokerSet(home, name, build, jars.java(), environment)
            with contextlib.suppress(PortTaken):
                running.start(seats, texts, random_id(), deadline)
                try:
                    cluster = KafkaCluster(home, name, seats, running, notices)
                    cluster._wait_until_whole(deadline)
                except BaseException:
                    running.stop()
                    raise
                running.watch(cluster._add_notice)
                return cluster
        raise KafkaDidNotStart(f"kafka: cluster {name} found its ports taken {_PORT_CHOICES} times.", "Start it again.")

    def bootstrap(self, authentication: Authentication) -> str:
        """Comma-separated host:port pairs for clients that authenticate so.

        Raises:
            AuthenticationRefused: the cluster does not declare it.
        """
        if _LISTENERS[authentication] not in self._seats[0].ports:
            raise AuthenticationRefused(f"Cluster {self.name} does not declare {authentication.value} access.")
        return _bootstrap(self._seats, _LISTENERS[authentication])

    @property
    def brokers(self) -> tuple[Broker, ...]:
        """The brokers as they are now; a restarted one has another pid."""
        return self._brokers.now()

    @property
    def notices(self) -> tuple[str, ...]:
        """What whoever runs the cluster should know: differences from what was asked, and brokers that died."""
        with self._notices_lock:
            return tuple(self._notices)

    def create_topic(self, name: str, partitions: int, replication_factor: int, configs: Mapping[str, str] | None = None) -> Topic:
        """Raises: TopicExists, InvalidTopicConfig, KafkaUnavailable."""
        return self._topics.create(name, partitions, replication_factor, configs or {})

    def describe_topic(self, name: str) -> Topic:
        """Raises: NoSuchTopic, KafkaUnavailable."""
        return self._topics.describe(name)

    def list_topics(self) -> tuple[Topic, ...]:
        """All topics but Kafka's own, by name."""
        return self._topics.list()

    def update_topic(self, name: str, configs: Mapping[str, str] | None = None, partitions: int | None = None) -> Topic:
        """Raises: NoSuchTopic, InvalidTopicConfig, KafkaUnavailable."""
        return self._topics.update(name, configs, partitions)

    def delete_topic(self, name: str) -> None:
        """Raises: NoSuchTopic, KafkaUnavailable."""
        self._topics.delete(name)

    def stop(self) -> None:
        """End the brokers and remove their data; safe to call twice."""
        self._brokers.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _wait_until_whole(self, deadline: float) -> None:
        while (found := self._topics.brokers(timeout=2.0)) < len(self._seats):
            if time.monotonic() > deadline:
                said = f"kafka: {found} of {len(self._seats)} brokers of {self.name} answered in time."
                raise KafkaDidNotStart(said, *self._brokers.log_tail())
            time.sleep(0.05)

    def _add_notice(self, notice: str) -> None:
        with self._notices_lock:
            self._notices.append(notice)


def _directory(home: Home, name: str) -> Path:
    return home.kafka / "clusters" / name


def _seats(directory: Path, brokers: int, listeners: list[Listener]) -> tuple[Seat, ...]:
    chosen = iter(ports.choose(brokers * len(listeners)))
    return tuple(
        Seat(broker_id, {listener: next(chosen) for listener in listeners}, directory / f"broker-{broker_id}")
        for broker_id in range(1, brokers + 1)
    )


def _bootstrap(seats: tuple[Seat, ...], listener: Listener) -> str:
    return ",".join(seat.address(listener) for seat in seats)
