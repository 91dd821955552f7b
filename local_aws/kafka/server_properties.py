"""What a broker's server.properties holds: MSK's defaults, the cluster's own configuration over them, and what the
local target decides itself.

Defaults are those of the MSK developer guide, "The default Amazon MSK configuration", for three zones; sizes of
threads and buffers are a laptop's. A property that Kafka does not know, or that MSK sets itself, is refused by name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from local_aws.kafka.errors import BrokerPropertyRefused

HOST = "127.0.0.1"
_HANDLER = "local_aws.kafka.IamTokenHandler"
_JAAS = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";'

_OWNED_NAMES = frozenset(
    {
        "advertised.listeners",
        "authorizer.class.name",
        "broker.id",
        "broker.rack",
        "early.start.listeners",
        "inter.broker.listener.name",
        "listeners",
        "node.id",
        "principal.builder.class",
        "process.roles",
        "super.users",
    }
)
_OWNED_PREFIXES = ("ssl.", "sasl.", "security.", "listener.", "controller.", "log.dir", "metadata.", "zookeeper.ssl.", "zookeeper.connect")
_NO_EFFECT = frozenset({"zookeeper.session.timeout.ms", "zookeeper.connection.timeout.ms"})
_OPEN_TO_ALL = "allow.everyone.if.no.acl.found"


class Listener(Enum):
    """The ways into a broker; the names are those in server.properties."""

    IAM = "CLIENT_IAM"
    PLAINTEXT = "CLIENT_PLAINTEXT"
    INTERNAL = "INTERNAL"
    CONTROLLER = "CONTROLLER"


_PROTOCOLS = {
    Listener.IAM: "SASL_SSL",
    Listener.PLAINTEXT: "PLAINTEXT",
    Listener.INTERNAL: "PLAINTEXT",
    Listener.CONTROLLER: "PLAINTEXT",
}


@dataclass(frozen=True)
class Seat:
    """One broker's place in the cluster: its id, its ports and its directory."""

    broker_id: int
    ports: Mapping[Listener, int]
    directory: Path

    @property
    def server_properties(self) -> Path:
        return self.directory / "server.properties"

    def address(self, listener: Listener) -> str:
        return f"{HOST}:{self.ports[listener]}"


def check(configuration: Mapping[str, str], known: Collection[str]) -> tuple[str, ...]:
    """Check the properties of an MSK configuration by name; return a notice for each that changes nothing here.

    Raises:
        BrokerPropertyRefused: names the first property that cannot be applied, and why.
    """
    notices = []
    for name, value in configuration.items():
        if name in _NO_EFFECT:
            notices.append(f"{name} has no effect: the brokers here keep their metadata without ZooKeeper (KRaft).")
        elif name == _OPEN_TO_ALL:
            if value.strip().lower() != "true":
                raise BrokerPropertyRefused(
                    f"{name}={value} is not implemented: the brokers here check who connects, not what they may do.",
                    "Remove it, or set it to true.",
                )
        elif name in _OWNED_NAMES or name.startswith(_OWNED_PREFIXES):
            raise BrokerPropertyRefused(f"{name} cannot be set in a cluster's configuration: the service sets it.", "Remove it.")
        elif name not in known:
            raise BrokerPropertyRefused(f"{name} is not a property that Kafka's brokers know.", "Check its spelling, or remove it.")
    return tuple(notices)


def render(seat: Seat, seats: Collection[Seat], configuration: Mapping[str, str], *, region: str, key_store: Path) -> str:
    """The text of one broker's server.properties; `configuration` has passed `check`."""
    listeners = list(seat.ports)
    client_facing = [listener for listener in listeners if listener is not Listener.CONTROLLER]
    ours = {
        "process.roles": "broker,controller",
        "node.id": str(seat.broker_id),
        "broker.rack": f"{region}{'abcdef'[(seat.broker_id - 1) % min(len(seats), 3)]}",
        "controller.quorum.voters": ",".join(f"{other.broker_id}@{other.address(Listener.CONTROLLER)}" for other in seats),
        "controller.listener.names": Listener.CONTROLLER.value,
        "inter.broker.listener.name": Listener.INTERNAL.value,
        "listeners": ",".join(f"{listener.value}://{seat.address(listener)}" for listener in listeners),
        "advertised.listeners": ",".join(f"{listener.value}://{seat.address(listener)}" for listener in client_facing),
        "listener.security.protocol.map": ",".join(f"{listener.value}:{_PROTOCOLS[listener]}" for listener in listeners),
        "log.dirs": str(seat.directory / "data"),
    }
    if Listener.IAM in seat.ports:
        ours |= _iam_listener(key_store)
    applied = {name: value for name, value in configuration.items() if name not in _NO_EFFECT and name != _OPEN_TO_ALL}
    merged = _defaults(len(seats)) | applied | ours
    return "".join(f"{name}={_escape(value)}\n" for name, value in merged.items())


def _defaults(brokers: int) -> dict[str, str]:
    copies, in_sync = str(min(brokers, 3)), str(2 if brokers >= 3 else 1)
    return {
        # MSK's
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "num.partitions": "1",
        "num.replica.fetchers": "2",
        "replica.lag.time.max.ms": "30000",
        "socket.request.max.bytes": "104857600",
        "unclean.leader.election.enable": "true",
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        # A laptop's: fewer threads, small buffers, a first consumer that need not wait for fifty partitions
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
        "log.cleaner.dedupe.buffer.size": "4194304",
        "offsets.topic.num.partitions": "6",
        "transaction.state.log.num.partitions": "6",
        "group.initial.rebalance.delay.ms": "0",
        # A broker that was killed is noticed in 6 s instead of 9; it is let in again no earlier
        "broker.heartbeat.interval.ms": "1000",
        "broker.session.timeout.ms": "6000",
    }


def _iam_listener(key_store: Path) -> dict[str, str]:
    listener = f"listener.name.{Listener.IAM.value.lower()}"
    return {
        "sasl.enabled.mechanisms": "OAUTHBEARER",
        f"{listener}.sasl.enabled.mechanisms": "OAUTHBEARER",
        f"{listener}.oauthbearer.sasl.server.callback.handler.class": _HANDLER,
        f"{listener}.oauthbearer.sasl.jaas.config": _JAAS,
        f"{listener}.ssl.keystore.type": "PEM",
        f"{listener}.ssl.keystore.location": str(key_store),
        f"{listener}.ssl.client.auth": "none",
    }


def _escape(value: str) -> str:
    """As java.util.Properties reads it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
