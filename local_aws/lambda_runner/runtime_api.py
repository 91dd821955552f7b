"""The Runtime API's HTTP side for one execution environment, driven by the thread that invokes.

The runtime client asks for the next invocation, posts its response or error, or posts an init error (Lambda developer
guide, "Using the Lambda runtime API"). There is no server thread: whoever invokes waits here for the next request,
for at most as long as it says, so that an invocation costs no thread switch. Payloads are bytes and stay bytes.

The client (libcurl inside awslambdaric) keeps one connection; an init error comes on a second one.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_RESPONSE_BYTES = 6_291_556
"""What Lambda names in its message for a response that is too large: 6 MiB and 100 bytes."""

_PREFIX = "/2018-06-01/runtime/"
_SOCKET_BUFFER = 4 * 1024 * 1024
_HEAD_LIMIT = 2 * 1024 * 1024
"""awslambdaric may send its X-Ray cause, up to 1 MiB, as a header."""


@dataclass
class Connection:
    """One connection of the runtime client, with the request that is arriving on it."""

    socket: socket.socket
    head: bytearray = field(default_factory=bytearray)
    request: ApiRequest | None = None
    body: bytearray = field(default_factory=bytearray)
    received: int = 0
    expected: int = 0


@dataclass(frozen=True)
class ApiRequest:
    """One complete request of the runtime client."""

    method: str
    path: str
    """Below `/2018-06-01/runtime/`: `invocation/next`, `invocation/<id>/response`; the whole path for anything else."""
    headers: Mapping[str, str]
    """Names in lower case."""
    connection: Connection
    body: bytes = b""
    oversized: bool = False
    """The body was longer than a response may be; it was read and dropped."""


class RuntimeApi:
    """A listener on a free port of 127.0.0.1 and the connections it took. Used by one thread at a time."""

    def __init__(self) -> None:
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(8)
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        host, port = self._listener.getsockname()
        self.address = f"{host}:{port}"

    def wait(self, seconds: float) -> ApiRequest | None:
        """The next complete request; None after `seconds`, or earlier when a connection was closed."""
        deadline = time.monotonic() + seconds
        while True:
            ready = self._selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            for key, _ in ready:
                if key.data is None:
                    self._accept()
                    continue
                connection: Connection = key.data
                try:
                    request = _receive(connection)
                except (OSError, ValueError):
                    self._drop(connection)
                    return None
                if request is not None:
                    return request

    def give(self, request: ApiRequest, headers: Mapping[str, str], payload: bytes, seconds: float) -> None:
        """Answer `invocation/next` with an invocation.

        Raises:
            OSError: the client went away, or did not read the payload within `seconds`.
        """
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        _send(request, f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(payload)}\r\n\r\n".encode("latin-1"), payload, seconds)

    def answer(self, request: ApiRequest, status: str, body: bytes = b'{"status":"OK"}') -> None:
        """Answer anything else; a client that is gone already is no error."""
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode("latin-1")
        try:
            _send(request, head, body, 1.0)
        except OSError:
            self._drop(request.connection)

    def close(self) -> None:
        """Close the listener and all connections."""
        for key in list(self._selector.get_map().values()):
            if key.data is not None:
                key.data.socket.close()
        self._selector.close()
        self._listener.close()

    def _accept(self) -> None:
        taken, _ = self._listener.accept()
        taken.setblocking(False)
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)
        self._selector.register(taken, selectors.EVENT_READ, Connection(taken))

    def _drop(self, connection: Connection) -> None:
        if connection.socket.fileno() >= 0:
            self._selector.unregister(connection.socket)
            connection.socket.close()


def _send(request: ApiRequest, head: bytes, body: bytes, seconds: float) -> None:
    connection = request.connection.socket
    connection.settimeout(seconds)
    try:
        sent = connection.sendmsg((head, body)) - len(head)
        if sent < 0:
            connection.sendall(head[sent:])
        if sent < len(body):
            connection.sendall(memoryview(body)[max(0, sent) :])
    finally:
        connection.setblocking(False)


def _receive(connection: Connection) -> ApiRequest | None:
    """Read what has arrived; the request once it is complete.

    Raises:
        OSError: the client closed the connection.
        ValueError: what arrives is not the HTTP that a runtime client speaks.
    """
    if connection.request is None and not _receive_head(connection):
        return None
    view = memoryview(connection.body)
    while connection.received < connection.expected:
        # A body that is only dropped is read into one buffer over and over, so that it cannot fill the memory.
        start = connection.received % len(view)
        room = min(len(view) - start, connection.expected - connection.received)
        try:
            count = connection.socket.recv_into(view[start : start + room])
        except BlockingIOError:
            return None
        if count == 0:
            raise ConnectionResetError
        connection.received += count
    view.release()
    waiting = connection.request
    assert waiting is not None
    oversized = connection.expected > MAX_RESPONSE_BYTES
    complete = ApiRequest(
        waiting.method, waiting.path, waiting.headers, connection, b"" if oversized else bytes(connection.body), oversized
    )
    connection.request, connection.body, connection.received, connection.expected = None, bytearray(), 0, 0
    return complete


def _receive_head(connection: Connection) -> bool:
    """Read up to the end of the headers; True when they are complete and `connection.request` says what arrives."""
    while b"\r\n\r\n" not in connection.head:
        try:
            data = connection.socket.recv(65_536)
        except BlockingIOError:
            return False
        if not data:
            raise ConnectionResetError
        connection.head += data
        if len(connection.head) > _HEAD_LIMIT:
            raise ValueError("headers without an end")
    head, _, rest = bytes(connection.head).partition(b"\r\n\r\n")
    connection.head.clear()
    lines = head.decode("latin-1").split("\r\n")
    method, path, _version = lines[0].split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if "chunked" in headers.get("transfer-encoding", "").lower():
        raise ValueError("a streamed response")
    expected = int(headers.get("content-length") or 0)
    if len(rest) > expected:
        raise ValueError("a second request before the first was answered")
    if headers.get("expect", "").lower() == "100-continue":
        connection.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = bytearray(expected if expected <= MAX_RESPONSE_BYTES else 1024 * 1024)
    body[: len(rest)] = rest
    connection.body, connection.received, connection.expected = body, len(rest), expected
    connection.request = ApiRequest(method, path.removeprefix(_PREFIX), headers, connection)
    return True
