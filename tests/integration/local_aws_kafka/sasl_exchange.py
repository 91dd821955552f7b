"""One SASL OAUTHBEARER exchange with a broker, by hand: what the broker says to a token, without a client's retries.

Requests are SaslHandshake (version 1) and SaslAuthenticate (version 1) of Apache Kafka's protocol guide.
"""

from __future__ import annotations

import socket
import ssl
import struct
from dataclasses import dataclass, field
from typing import Self

from kafka_access import Connection


@dataclass
class Exchange:
    """An open connection to the first bootstrap broker."""

    connection: Connection
    stream: ssl.SSLSocket = field(init=False)

    def __enter__(self) -> Self:
        host, _, port = self.connection.bootstrap.split(",")[0].rpartition(":")
        context = ssl.create_default_context(cafile=str(self.connection.ca_file))
        self.stream = context.wrap_socket(socket.create_connection((host, int(port)), timeout=10), server_hostname=host)
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stream.close()

    def authenticate(self, token: str, extensions: str = "") -> str | None:
        """Offer a token; None where it is accepted, else the broker's words."""
        assert self._ask(17, 1, _string(b"OAUTHBEARER"))[:2] == b"\0\0"
        over, said = self._authenticate(f"n,,\x01auth=Bearer {token}\x01{extensions}\x01".encode())
        if said and not over:  # RFC 7628: the client owns up to having heard, the server then fails the exchange
            _, last = self._authenticate(b"\x01")
            said = last or said
        return said or None

    def _authenticate(self, content: bytes) -> tuple[bool, str]:
        """Whether the exchange failed for good, and what the broker said."""
        answer = self._ask(36, 1, struct.pack(">i", len(content)) + content)
        (error, length) = struct.unpack_from(">hh", answer)
        message, rest = (answer[4 : 4 + length], answer[4 + length :]) if length >= 0 else (b"", answer[4:])
        (size,) = struct.unpack_from(">i", rest)
        return error != 0, (message if error else rest[4 : 4 + size]).decode()

    def _ask(self, api: int, version: int, body: bytes) -> bytes:
        request = struct.pack(">hhi", api, version, 7) + _string(b"test") + body
        self.stream.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", self._read(4))
        return self._read(size)[4:]

    def _read(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            part = self.stream.recv(size - len(content))
            assert part, "the broker closed the connection"
            content += part
        return content


def _string(text: bytes) -> bytes:
    return struct.pack(">h", len(text)) + text


def verdict(connection: Connection, token: str, extensions: str = "") -> str | None:
    """What a broker says to a token: None where it lets it in."""
    with Exchange(connection) as exchange:
        return exchange.authenticate(token, extensions)
