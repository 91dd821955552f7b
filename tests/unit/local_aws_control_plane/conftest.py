"""One control plane in this process: the real server, front and models, over fake brokers, functions and data planes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from control_plane_under_test import REGION, TOKEN, FakeBrokers, FakeDataPlanes, FakeFunctions, Plane

from local_aws.control_plane.call_log import CallLog
from local_aws.control_plane.front import Front
from local_aws.control_plane.install import install
from local_aws.control_plane.internal import Internal
from local_aws.control_plane.lambda_functions.invocations import Invocations
from local_aws.control_plane.principals import ACCOUNT_ID, Principals
from local_aws.control_plane.server import MotoServer
from local_aws.control_plane.services import Services


@pytest.fixture(scope="session")
def _server() -> Iterator[MotoServer]:
    server = MotoServer(("127.0.0.1", 0), lambda _environ, _start: [b""])
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server
    server.stop()
    thread.join(10)


@pytest.fixture
def plane(_server: MotoServer, tmp_path: Path) -> Iterator[Plane]:
    """A fresh account behind the session's one server."""
    principals = Principals(ACCOUNT_ID)
    brokers, functions, planes = FakeBrokers(), FakeFunctions(), FakeDataPlanes()
    brokers.may_start.set()
    services = Services(principals, REGION, brokers, functions, planes, lambda _description: None)
    install(services)
    calls = CallLog(tmp_path / "calls.jsonl")
    invocations = Invocations(functions, ACCOUNT_ID, REGION, tmp_path / "packages")
    _server.wsgi_app = Front(principals, calls, Internal(TOKEN, principals, lambda: {"state": "running"}), invocations)
    yield Plane(f"http://127.0.0.1:{_server.port}", tmp_path, principals, brokers, functions, planes, services)
    invocations.stop()
    calls.close()


@pytest.fixture
def kafka(plane: Plane) -> Any:
    return plane.client("kafka")
