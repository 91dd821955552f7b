"""The Runtime API's HTTP: what a runtime client may send, in whatever pieces it arrives."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from local_aws.lambda_runner.runtime_api import MAX_RESPONSE_BYTES, ApiRequest, RuntimeApi

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    api = RuntimeApi()
    yield api
    api.close()


def connect(api: RuntimeApi) -> socket.socket:
    host, port = api.address.split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def post(path: str, body: bytes) -> bytes:
    return f"POST /2018-06-01/runtime/{path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def arrived(api: RuntimeApi, seconds: float = 5.0) -> ApiRequest:
    request = api.wait(seconds)
    assert request is not None
    return request


def test_a_request_for_the_next_invocation_is_answered_with_headers_and_the_payload_as_it_is(api: RuntimeApi) -> None:
    with connect(api) as client:
        client.sendall(NEXT)
        asked = arrived(api)
        api.give(asked, {"Lambda-Runtime-Aws-Request-Id": "abc"}, b"not \xff json", 1.0)
        answer = client.recv(65_536)
    assert asked.path == "invocation/next"
    assert answer == b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: abc\r\nContent-Length: 10\r\n\r\nnot \xff json"


def test_a_connection_serves_one_request_after_another(api: RuntimeApi) -> None:
    with connect(api) as client:
        for number in range(3):
            client.sendall(NEXT)
            api.give(arrived(api), {}, b"{}", 1.0)
            client.recv(65_536)
            client.sendall(post(f"invocation/{number}/response", b"done"))
            request = arrived(api)
            api.answer(request, "202 Accepted")
            assert client.recv(65_536).startswith(b"HTTP/1.1 202 Accepted\r\n")
            assert (request.path, request.body) == (f"invocation/{number}/response", b"done")


def test_a_request_that_arrives_byte_by_byte_is_put_together(api: RuntimeApi) -> None:
    def dribble() -> None:
        for byte in post("invocation/a/response", b"0123456789"):
            client.sendall(bytes((byte,)))

    with connect(api) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sender = threading.Thread(target=dribble)
        sender.start()
        assert arrived(api).body == b"0123456789"
        sender.join()


def test_waiting_ends_in_time_while_a_body_is_still_arriving(api: RuntimeApi) -> None:
    with connect(api) as client:
        client.sendall(post("invocation/a/response", b"x" * 1000)[:-1])
        started = time.monotonic()
        assert api.wait(0.1) is None
        assert time.monotonic() - started < 1.0
        client.sendall(b"x")
        assert arrived(api).body == b"x" * 1000


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, MAX_RESPONSE_BYTES])
def test_a_body_up_to_the_limit_arrives_whole(api: RuntimeApi, size: int) -> None:
    body = bytes(i % 251 for i in range(1000)) * (size // 1000) + b"z" * (size % 1000)
    with connect(api) as client:
        sender = threading.Thread(target=client.sendall, args=(post("invocation/a/response", body),))
        sender.start()
        request = arrived(api)
        sender.join()
    assert not request.oversized
    assert request.body == body


def test_a_body_above_the_limit_is_read_to_its_end_and_dropped(api: RuntimeApi) -> None:
    with connect(api) as client:
        sender = threading.Thread(target=client.sendall, args=(post("invocation/a/response", b"x" * (MAX_RESPONSE_BYTES + 1)) + NEXT,))
        sender.start()
        request = arrived(api)
        sender.join()
        assert request.oversized
        assert request.body == b""


def test_an_init_error_comes_on_a_connection_of_its_own_with_its_type(api: RuntimeApi) -> None:
    with connect(api), connect(api) as second:
        body = b'{"errorType":"X"}'
        head = (
            f"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nLambda-Runtime-Function-Error-Type: X\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        second.sendall(head.encode() + body)
        request = arrived(api)
        assert request.path == "init/error"
        assert request.headers["lambda-runtime-function-error-type"] == "X"
        assert request.body == body


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\r\n\r\n",
        b"POST /x HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST /x HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_what_no_runtime_client_sends_costs_that_connection_and_nothing_else(api: RuntimeApi, nonsense: bytes) -> None:
    with connect(api) as bad, connect(api) as good:
        bad.sendall(nonsense)
        assert api.wait(1.0) is None
        assert bad.recv(1) == b""
        good.sendall(NEXT)
        assert arrived(api).path == "invocation/next"


def test_a_client_that_hangs_up_is_noticed_before_the_wait_is_over(api: RuntimeApi) -> None:
    client = connect(api)
    client.sendall(NEXT)
    asked = arrived(api)
    client.close()
    started = time.monotonic()
    assert api.wait(5.0) is None
    assert time.monotonic() - started < 1.0
    api.answer(asked, "202 Accepted")


def test_handing_over_to_a_client_that_does_not_read_ends_in_time(api: RuntimeApi) -> None:
    with connect(api) as client:
        client.sendall(NEXT)
        asked = arrived(api)
        with pytest.raises(OSError):
            api.give(asked, {}, b"x" * 64_000_000, 0.2)
