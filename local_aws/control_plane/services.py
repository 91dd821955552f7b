"""What the AWS models of this target start and call, as narrow protocols, and the one value that holds them.

The models know these protocols only; `target` fills them with real brokers, functions and data planes, tests with
fakes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from local_aws.control_plane.principals import Credential, Principals


class RunningCluster(Protocol):
    """Brokers that answer: `local_aws.kafka.cluster.KafkaCluster`."""

    @property
    def notices(self) -> tuple[str, ...]: ...
    @property
    def brokers(self) -> Sequence[Any]: ...
    def bootstrap(self, authentication: Any) -> str: ...
    def create_topic(self, name: str, partitions: int, replication_factor: int, configs: Mapping[str, str]) -> object: ...
    def describe_topic(self, name: str) -> Any: ...
    def list_topics(self) -> Sequence[Any]: ...
    def update_topic(self, name: str, configs: Mapping[str, str] | None, partitions: int | None) -> object: ...
    def delete_topic(self, name: str) -> None: ...
    def stop(self) -> None: ...


class StartCluster(Protocol):
    """Start brokers and return when all of them answer."""

    def __call__(
        self, *, name: str, brokers: int, kafka_version: str, authentication: frozenset[str], configuration: Mapping[str, str]
    ) -> RunningCluster: ...


class Functions(Protocol):
    """Runs Lambda functions: `local_aws.lambda_runner.runner.LambdaRunner`."""

    def check(self, runtime: str, architecture: str) -> None: ...
    def invoke(self, function: Any, payload: bytes) -> Any: ...
    def forget(self, arn: str) -> None: ...
    def notices(self) -> Sequence[str]: ...
    def stop(self) -> None: ...


class DataPlanes(Protocol):
    """Runs one data plane a stream: `local_aws.firehose.supervisor.DataPlaneSupervisor`."""

    def start(self, stream_name: str, credentials: Credential) -> None: ...
    def stop(self, stream_name: str) -> None: ...
    def state(self, stream_name: str) -> Any: ...


class Notices:
    """Sentences that an owner of the target should read, each once, in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: dict[str, None] = {}

    def add(self, text: str) -> None:
        with self._lock:
            self._said.setdefault(text)

    def all(self) -> list[str]:
        with self._lock:
            return list(self._said)


@dataclass
class Services:
    """One target's parts, as the models see them."""

    principals: Principals
    region: str
    start_cluster: StartCluster
    functions: Functions
    data_planes: DataPlanes
    check_stream: Callable[[Mapping[str, Any]], object]
    """Raises where a stream's description names something that the data plane does not implement."""
    check_properties: Callable[[Mapping[str, str]], object] = lambda _properties: None
    """Raises where an MSK configuration names a broker property that the brokers do not take."""
    notices: Notices = field(default_factory=Notices)
    longest_poll_seconds: float = 0.0
    """How long a describe operation may wait for a cluster or a stream that is on its way to another state (`long_poll`)."""
    invoke_event: Callable[[str, bytes], object] = lambda _arn, _payload: None
    """Invokes the function of an ARN asynchronously, as the services do that call functions."""

    installed: ClassVar[Services]
    """moto makes its backends by itself, with a region and an account and nothing else, and keeps them in module
    globals; so the services they use are one value for the process too."""
