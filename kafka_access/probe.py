"""Whether a cluster can be used, asked before work starts; every way that it cannot is an error of its own."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata  # type: ignore[attr-defined]  # it exports them without saying so

from kafka_access.confluent import client_config
from kafka_access.connection import Auth, Connection
from kafka_access.errors import AuthenticationRefused, CertificateRefused, NoBrokerAnswered, TopicAbsent
from kafka_access.tokens import CredentialSource, environment_credentials

_ASK_SECONDS = 0.5
_TOPIC_SECONDS = 3.0
"""A topic that was just made is not known to every broker at once."""
_REASON = re.compile(r'"status"\s*:\s*"([^"]+)"')


@dataclass(frozen=True)
class Found:
    """A cluster that answered."""

    brokers: int
    partitions: int | None
    """Of the topic; None where none was asked for."""


@dataclass
class _Heard:
    """What librdkafka said went wrong, by kind, the last of each."""

    authentication: str | None = None
    certificate: str | None = None
    other: list[str] = field(default_factory=list)

    def error(self, error: KafkaError) -> None:
        code, text = error.code(), error.str()
        if code == KafkaError._AUTHENTICATION:
            self.authentication = text
        elif code == KafkaError._SSL and "certificate verify failed" in text:
            self.certificate = text
        else:
            self.other.append(text)


def check(connection: Connection, topic: str | None = None, *, timeout: float = 10.0, credentials: CredentialSource | None = None) -> Found:
    """Connect, authenticate, and look `topic` up where one is named; takes at most about `timeout` seconds.

    Raises:
        NoCredentials, NoBrokerAnswered, AuthenticationRefused, CertificateRefused, TopicAbsent: what each name says.
    """
    source = credentials or environment_credentials()
    if connection.auth is Auth.IAM:
        source()  # absent credentials are said at once, in their own words
    heard = _Heard()
    client = AdminClient(client_config(connection, source) | {"error_cb": heard.error, "log_level": 0, "reconnect.backoff.max.ms": 1000})
    started = time.monotonic()
    while True:
        metadata = _ask(client, topic, min(_ASK_SECONDS, timeout))
        client.poll(0)
        waited = time.monotonic() - started
        if metadata is not None:
            partitions = _partitions(metadata, topic)
            if topic is None or partitions:
                return Found(len(metadata.brokers), partitions)
            if waited > min(_TOPIC_SECONDS, timeout):
                raise TopicAbsent(
                    f"kafka: there is no topic {topic} at {connection.bootstrap}.", "Create it with the stack (`make up`), or name another."
                )
        elif (refused := _refusal(connection, heard)) is not None:
            raise refused
        elif waited > timeout:
            raise NoBrokerAnswered(
                f"kafka: no broker answered at {connection.bootstrap} within {timeout:g} s.",
                *heard.other[-1:],
                "For the local target see `make status`, and start it with `make up`.",
                "On AWS this machine needs a network path to the brokers and their security group.",
            )
        time.sleep(0.05)


def _ask(client: AdminClient, topic: str | None, timeout: float) -> ClusterMetadata | None:
    try:
        return client.list_topics(topic=topic or "", timeout=timeout) if topic else client.list_topics(timeout=timeout)
    except KafkaException:
        return None


def _partitions(metadata: ClusterMetadata, topic: str | None) -> int | None:
    if topic is None:
        return None
    found = metadata.topics.get(topic)
    return len(found.partitions) if found is not None and found.error is None else 0


def _refusal(connection: Connection, heard: _Heard) -> AuthenticationRefused | CertificateRefused | None:
    if heard.certificate is not None:
        trusted = f"{connection.ca_file}" if connection.ca_file else "any authority that this system trusts"
        return CertificateRefused(
            f"kafka: the certificate of {connection.bootstrap} is not signed by {trusted}.",
            "KAFKA_CA_FILE must name the authority of the very target that runs: load its `env` file again.",
        )
    if heard.authentication is not None:
        reason = _REASON.search(heard.authentication)
        return AuthenticationRefused(
            f"kafka: the brokers at {connection.bootstrap} refused the IAM token.",
            f"They say: {reason.group(1) if reason else heard.authentication}",
            "Check which AWS credentials are in use, and their clock; for the local target load its `env` file again.",
        )
    return None
