"""One running control plane: its parts, made from the options of the start, and stopped in order.

Order of an end: no more requests that make things; data planes (they end the puts under way; what else they hold stays
in Kafka); functions; brokers; the server. Each part ends its own processes by id.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local_aws.control_plane.call_log import CallLog
from local_aws.control_plane.cloudwatch.alarms import Alarms
from local_aws.control_plane.delivery_streams import models as delivery_streams
from local_aws.control_plane.front import Front
from local_aws.control_plane.function_logs import write_log
from local_aws.control_plane.install import install, warm_up
from local_aws.control_plane.internal import Internal
from local_aws.control_plane.lambda_functions.invocations import Invocations
from local_aws.control_plane.msk import models as msk
from local_aws.control_plane.principals import ACCOUNT_ID, Principals
from local_aws.control_plane.schedules.firing import Schedules
from local_aws.control_plane.server import MotoServer
from local_aws.control_plane.services import RunningCluster, Services
from local_aws.control_plane.status import Status, write_status
from local_aws.firehose.configuration import parse
from local_aws.firehose.supervisor import DataPlaneSupervisor
from local_aws.home import Home
from local_aws.kafka import jars, server_properties
from local_aws.kafka.cluster import Authentication, KafkaCluster, ca_file
from local_aws.lambda_runner.runner import LambdaRunner, RoleCredentials

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
STATUS_SECONDS = 2.0
LONGEST_POLL_SECONDS = 20.0
"""Most clusters and streams settle within one such answer, and boto3 gives a request up after 60 s only."""
BODIES_TO_COLLECT = 64 * 1024 * 1024


@dataclass(frozen=True)
class Options:
    """What a start of the control plane was asked for."""

    home: Home
    port: int
    region: str
    clock_speed: float
    token: str


class Target:
    """The control plane of one home, from `start` to `stop`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._started = datetime.now(UTC)
        self._stopping = threading.Event()
        self._principals = Principals(ACCOUNT_ID)
        self._calls = CallLog(options.home.call_log)
        self._server = MotoServer((HOST, options.port), self._not_yet)
        self._server.prepare()
        self.endpoint_url = f"http://{HOST}:{self._server.port}"
        self._ca_file = ca_file(options.home)
        os.environ |= {"LOCAL_AWS_TOKEN": options.token, "KAFKA_CA_FILE": str(self._ca_file)}  # what its child processes inherit
        self._runner = self._make_runner()
        self._planes = self._make_data_planes()
        self.services = self._make_services()
        self._invocations = Invocations(self._runner, ACCOUNT_ID, options.region, options.home.functions / "packages")
        self.services.invoke_event = self._invocations.invoke_event
        self._alarms = Alarms(ACCOUNT_ID, options.clock_speed)
        self._schedules = Schedules(ACCOUNT_ID, options.clock_speed)
        self._status = Status(self.options, self.endpoint_url, self._started, self.services)
        install(self.services)
        internal = Internal(options.token, self._principals, self._status.describe)
        self._front = Front(self._principals, self._calls, internal, self._invocations)
        self._server.wsgi_app = self._front

    def _not_yet(self, _environ: Mapping[str, Any], start_response: Any) -> list[bytes]:
        start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]

    def _make_runner(self) -> LambdaRunner:
        return LambdaRunner(self.options.home, self.endpoint_url, self.options.region, self._role_credentials, self._write_log)

    def _make_data_planes(self) -> DataPlaneSupervisor:
        options = self.options
        return DataPlaneSupervisor(options.home, self.endpoint_url, options.region, options.token, options.clock_speed)

    def _make_services(self) -> Services:
        return Services(
            principals=self._principals,
            region=self.options.region,
            start_cluster=self._start_cluster,
            functions=self._runner,
            data_planes=self._planes,
            check_stream=parse,
            check_properties=self._check_properties,
            longest_poll_seconds=LONGEST_POLL_SECONDS,
        )

    def _start_cluster(
        self, *, name: str, brokers: int, kafka_version: str, authentication: frozenset[str], configuration: Mapping[str, str]
    ) -> RunningCluster:
        return KafkaCluster.start(
            self.options.home,
            name=name,
            brokers=brokers,
            kafka_version=kafka_version,
            authentication=frozenset(Authentication(one) for one in authentication),
            configuration=configuration,
            secret_url=f"{self.endpoint_url}/_local/secret",
            token=self.options.token,
            region=self.options.region,
        )

    def _check_properties(self, properties: Mapping[str, str]) -> None:
        known = (jars.prepare(self.options.home.cache) / "properties.txt").read_text(encoding="utf-8").split()
        server_properties.check(properties, frozenset(known))

    def _role_credentials(self, role_arn: str) -> RoleCredentials:
        session = self._principals.role_session(role_arn, "lambda", self.options.region, seconds=12 * 3600)
        return RoleCredentials(
            access_key_id=session.access_key_id,
            secret_access_key=session.secret_access_key,
            session_token=session.session_token or "",
            expires=session.expires or datetime.now(UTC) + timedelta(hours=12),
        )

    def _write_log(self, group: str, stream: str, lines: Sequence[str]) -> None:
        write_log(ACCOUNT_ID, self.options.region, group, stream, lines)

    def run(self) -> None:
        """Serve until `ask_to_stop`, then stop everything."""
        serving = threading.Thread(target=self._server.serve, name="server", daemon=True)
        serving.start()
        self._write_environment()
        write_status(self.options.home, self._status.describe())
        log.info("serving %s", self.endpoint_url)
        threading.Thread(target=warm_up, args=(ACCOUNT_ID, self.options.region), name="warm-up", daemon=True).start()
        self._alarms.start()
        self._schedules.start()
        while not self._stopping.wait(STATUS_SECONDS):
            try:
                self._free_bodies()
                write_status(self.options.home, self._status.describe())
            except Exception:
                log.exception("the status could not be written")
        self._stop()

    def _free_bodies(self) -> None:
        """Collect what requests left: moto's hold their bodies in cycles, which Python would keep for long."""
        if self._front.bytes_moved > BODIES_TO_COLLECT:
            self._front.bytes_moved = 0
            gc.collect()

    def ask_to_stop(self) -> None:
        """Make `run` return; safe in a signal handler."""
        self._stopping.set()

    def _stop(self) -> None:
        log.info("stopping")
        self._status.ending()
        self._schedules.stop()
        self._alarms.stop()
        self._invocations.stop()
        for step in (self._stop_streams, self._runner.stop, self._stop_clusters, self._server.stop, self._calls.close):
            try:
                step()
            except Exception:
                log.exception("a part did not stop as it should")
        write_status(self.options.home, self._status.ended())
        log.info("stopped")

    def _stop_streams(self) -> None:
        for backend in delivery_streams.all_backends():
            backend.stop()

    def _stop_clusters(self) -> None:
        for backend in msk.all_backends():
            backend.stop()

    def _write_environment(self) -> None:
        """The dotenv for boto3, the AWS CLI, Terraform and Kafka clients; only its owner can read it."""
        root = self._principals.root
        lines = {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": root.access_key_id,
            "AWS_SECRET_ACCESS_KEY": root.secret_access_key,
            "AWS_REGION": self.options.region,
            "AWS_DEFAULT_REGION": self.options.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "KAFKA_CA_FILE": str(self._ca_file),
            "LOCAL_AWS_CLOCK_SPEED": f"{self.options.clock_speed:g}",
        }
        write_private(self.options.home.env_file, "".join(f"{name}={value}\n" for name, value in lines.items()))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)
