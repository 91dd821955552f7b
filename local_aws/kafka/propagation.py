"""Whether one broker has heard of a change, asked of that broker itself.

Kafka's controllers answer a change at once; each broker hears of it within about half a second, and clients ask
whichever broker they like. Client libraries cannot be told which one to ask, so this speaks the two requests that it
needs: Metadata (version 1) and DescribeConfigs (version 1), as Apache Kafka's protocol guide has them.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field

_TIMEOUT_SECONDS = 3.0
_METADATA, _DESCRIBE_CONFIGS = 3, 32
_TOPIC_RESOURCE = 2
_CLIENT = b"local-aws"


@dataclass(frozen=True)
class TopicSeen:
    """A topic as one broker knows it; no partitions where the broker does not know it."""

    partitions: int
    with_leader: int
    configs: dict[str, str | None]


def look(address: str, name: str, *, configs: bool) -> TopicSeen:
    """Ask the broker at `address` (host:port, plaintext) for a topic; `configs` are read only where asked for.

    Raises:
        OSError: the broker does not answer.
    """
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=_TIMEOUT_SECONDS) as connection:
        partitions, with_leader = _metadata(connection, name)
        return TopicSeen(partitions, with_leader, _configs(connection, name) if configs and partitions else {})


def _metadata(connection: socket.socket, name: str) -> tuple[int, int]:
    answer = _ask(connection, _METADATA, struct.pack(">i", 1) + _string(name))
    for _ in range(answer.int32()):  # brokers: id, host, port, rack
        answer.int32(), answer.string(), answer.int32(), answer.string()
    answer.int32()  # controller
    answer.int32()  # one topic
    error, _, _ = answer.int16(), answer.string(), answer.int8()
    partitions = answer.int32()
    leaders = []
    for _ in range(partitions):
        answer.int16(), answer.int32()
        leaders.append(answer.int32())
        for _ in range(2):  # replicas, in-sync replicas
            for _ in range(answer.int32()):
                answer.int32()
    return (0, 0) if error else (partitions, sum(leader >= 0 for leader in leaders))


def _configs(connection: socket.socket, name: str) -> dict[str, str | None]:
    every_key, no_synonyms = struct.pack(">i", -1), b"\0"
    answer = _ask(connection, _DESCRIBE_CONFIGS, struct.pack(">ib", 1, _TOPIC_RESOURCE) + _string(name) + every_key + no_synonyms)
    answer.int32(), answer.int32()  # throttle time, one resource
    answer.int16(), answer.string(), answer.int8(), answer.string()
    found = {}
    for _ in range(answer.int32()):
        key, value = answer.string(), answer.string()
        answer.int8(), answer.int8(), answer.int8()  # read-only, source, sensitive
        for _ in range(answer.int32()):  # synonyms
            answer.string(), answer.string(), answer.int8()
        found[str(key)] = value
    return found


def _ask(connection: socket.socket, api: int, body: bytes) -> _Answer:
    request = struct.pack(">hhih", api, 1, 1, len(_CLIENT)) + _CLIENT + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", _receive(connection, 4))
    answer = _Answer(_receive(connection, size))
    answer.int32()  # correlation id
    return answer


def _receive(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            raise ConnectionError("the broker closed the connection")
        received += part
    return received


def _string(text: str) -> bytes:
    encoded = text.encode("utf-8")
    return struct.pack(">h", len(encoded)) + encoded


@dataclass
class _Answer:
    """A response, read from its start on."""

    content: bytes
    position: int = field(default=0)

    def int8(self) -> int:
        return self._number(">b", 1)

    def int16(self) -> int:
        return self._number(">h", 2)

    def int32(self) -> int:
        return self._number(">i", 4)

    def string(self) -> str | None:
        length = self.int16()
        if length < 0:
            return None
        self.position += length
        return self.content[self.position - length : self.position].decode("utf-8")

    def _number(self, form: str, size: int) -> int:
        (number,) = struct.unpack_from(form, self.content, self.position)
        self.position += size
        return int(number)
