"""What happens before a stream is ACTIVE: roles, brokers, topic, schema, and where reading starts.

The checklist is that of "Troubleshoot Amazon MSK". What cannot heal fails the creation for good; that a missing topic
does is inferred, since the source role must be able to describe it. What does not answer is asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import kafka_access
from kafka_access import confluent
from local_aws.firehose.aws_access import Access
from local_aws.firehose.configuration import StreamConfiguration, parse
from local_aws.firehose.conversion_settings import SchemaReference
from local_aws.firehose.errors import CannotStart, NotYet
from local_aws.firehose.position import Position, PositionFile
from local_aws.firehose.schema_source import SchemaSource, SchemaUnavailable
from local_aws.firehose.source import KafkaSource, check_identity

_TOPIC_SECONDS = 3.0
_BROKERS = {
    True: ("BootstrapBrokerStringVpcConnectivitySaslIam", "BootstrapBrokerStringSaslIam"),
    False: ("BootstrapBrokerStringPublicSaslIam",),
}


def describe(access: Access, stream: str) -> StreamConfiguration:
    """The stream's configuration as it is now.

    Raises:
        CannotStart: there is no such stream.
        NotYet: the endpoint does not answer.
        NotSupportedLocally: the configuration cannot be run here.
    """
    try:
        answer = access.client("firehose").describe_delivery_stream(DeliveryStreamName=stream)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise CannotStart(f"There is no delivery stream {stream}.") from error
        raise NotYet(f"The stream {stream} cannot be described: {error}") from error
    except BotoCoreError as error:
        raise NotYet(f"The stream {stream} cannot be described: {error}") from error
    return parse(answer["DeliveryStreamDescription"])


def check_roles(access: Access, configuration: StreamConfiguration) -> None:
    """Assume every role that the configuration names.

    Raises:
        CannotStart: one cannot be assumed.
        NotYet: the endpoint does not answer.
    """
    destination = configuration.destination
    roles = {"source": configuration.source.role_arn, "delivery": destination.role_arn}
    if destination.transform:
        roles["Lambda processor's"] = destination.transform.role_arn
    if destination.conversion:
        roles["schema"] = destination.conversion.schema.role_arn
    for name, role in roles.items():
        refused = f"Firehose is unable to assume the {name} role {role}."
        _asked(refused, lambda role=role: access.session(role))  # type: ignore[misc]


def schema_source(access: Access, reference: SchemaReference) -> SchemaSource:
    """The source of one target schema, read as the schema role."""
    return SchemaSource(reference, lambda: access.client("glue", reference.role_arn, region=reference.region))


def check_schema(source: SchemaSource) -> None:
    """Raises: CannotStart where there is no usable table, NotYet where Glue does not answer."""
    try:
        source.get()
    except SchemaUnavailable as error:
        if error.gone:
            raise CannotStart(f"{error.code}: {error}") from error
        raise NotYet(f"{error.code}: {error}") from error


def connect(access: Access, configuration: StreamConfiguration) -> KafkaSource:
    """A client of the source's cluster, authenticated as the source role.

    Raises:
        CannotStart: the cluster refuses.
        NotYet: no broker answers.
    """
    source = configuration.source
    client = access.client("kafka", source.role_arn)
    answer = _asked(
        f"The brokers of {source.cluster_arn} cannot be had.", lambda: client.get_bootstrap_brokers(ClusterArn=source.cluster_arn)
    )
    bootstrap = next((answer[name] for name in _BROKERS[source.private] if answer.get(name)), None)
    if bootstrap is None:
        raise CannotStart(f"The cluster {source.cluster_arn} has no brokers with IAM access control for this connectivity.")
    connection = kafka_access.Connection.of(bootstrap, "iam", configuration.region)
    credentials = kafka_access.session_credentials(access.session(source.role_arn))
    with ThreadPoolExecutor(1) as together:  # each client waits a second for its first token
        made = together.submit(KafkaSource, confluent.client_config(connection, credentials), source.topic, configuration.name)
        problem = _problem(connection, credentials)
    client_of_topic = made.result()
    if problem is not None:
        client_of_topic.close()
        raise problem
    return client_of_topic


def _problem(connection: kafka_access.Connection, credentials: kafka_access.CredentialSource) -> CannotStart | NotYet | None:
    """Why the brokers cannot be used, or None."""
    try:
        kafka_access.check(connection, credentials=credentials)
    except (kafka_access.AuthenticationRefused, kafka_access.CertificateRefused) as error:
        return CannotStart(str(error))
    except kafka_access.KafkaAccessError as error:
        return NotYet(str(error))
    return None


def resume(source: KafkaSource, configuration: StreamConfiguration, file: PositionFile) -> Position:
    """The position to read from: the saved one, or a new one by ReadFromTimestamp, which is saved before it is used.

    Partitions that were added since start at their beginning.

    Raises:
        CannotStart: a new stream has no topic.
        Suspended: the topic is not the one that the position belongs to.
        NotYet: no broker answers.
    """
    saved = file.read()
    topic = source.describe()
    deadline = time.monotonic() + _TOPIC_SECONDS
    while topic is None and time.monotonic() < deadline:  # a topic that was just made is not known to every broker at once
        time.sleep(0.2)
        topic = source.describe()
    if saved is None:
        if topic is None:
            raise CannotStart(f"There is no topic {configuration.source.topic}.")
        position = Position(topic.identity, source.start_offsets(range(topic.partitions), configuration.source.read_from))
    else:
        found = check_identity(topic, saved.topic_id, configuration.source.topic)
        added = {partition: 0 for partition in range(found.partitions) if partition not in saved.offsets}
        position = Position(saved.topic_id, saved.offsets | added)
    file.write(position)
    return position


def _asked(refused: str, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500 or "Throttl" in code:
            raise NotYet(f"{refused} {error}") from error
        raise CannotStart(f"{refused} {error}") from error
    except BotoCoreError as error:
        raise NotYet(f"{refused} {error}") from error
