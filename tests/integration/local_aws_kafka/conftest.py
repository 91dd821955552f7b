"""One cluster of three brokers for all tests of this room, and a stand-in for the control plane that knows the keys."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import pytest
from botocore.credentials import ReadOnlyCredentials

from kafka_access import Auth, Connection
from local_aws.home import Home
from local_aws.kafka.cluster import Authentication, KafkaCluster

REGION = "eu-west-1"
PASSWORD = "the control plane's password"


@dataclass
class Key:
    secret_access_key: str
    session_token: str | None = None
    principal_arn: str = "arn:aws:iam::123456789012:root"
    expires: str | float | None = None


@dataclass
class ControlPlane:
    """Answers /_local/secret as the control plane does."""

    keys: dict[str, Key] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, password: str | None) -> tuple[int, bytes]:
        if password != PASSWORD:
            return 403, b"{}"
        (name,) = parse_qs(urlparse(path).query)["access_key_id"]
        self.asked.append(name)
        key = self.keys.get(name)
        return (200, json.dumps(asdict(key)).encode()) if key else (404, b"{}")


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    plane = ControlPlane()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = plane.answer(self.path, self.headers.get("X-Local-Token"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    plane.url = f"http://127.0.0.1:{server.server_port}/_local/secret"
    plane.keys["AKIAROOT"] = Key("root/secret+1")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield plane
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def cluster(control_plane, tmp_path_factory) -> Iterator[KafkaCluster]:
    running = KafkaCluster.start(
        Home(tmp_path_factory.mktemp("target")),
        name="events",
        brokers=3,
        kafka_version="3.9.x.kraft",
        authentication=frozenset({Authentication.IAM}),
        configuration={"log.retention.hours": "24", "unclean.leader.election.enable": "false"},
        secret_url=control_plane.url,
        token=PASSWORD,
        region=REGION,
    )
    yield running
    pids = [broker.pid for broker in running.brokers]
    running.stop()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.fixture(scope="session")
def connection(cluster) -> Connection:
    return Connection(cluster.bootstrap(Authentication.IAM), Auth.IAM, REGION, cluster.ca_file)


@pytest.fixture(scope="session")
def root() -> ReadOnlyCredentials:
    return ReadOnlyCredentials("AKIAROOT", "root/secret+1", None)


@pytest.fixture
def topic(cluster, request) -> Iterator[str]:
    name = f"topic-{abs(hash(request.node.nodeid)):x}"
    cluster.create_topic(name, 3, 3)
    yield name
    cluster.delete_topic(name)
