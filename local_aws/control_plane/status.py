"""What runs: the document behind status.json, `/_local/status` and `python -m local_aws status`."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import lambda_backends

from local_aws import processes
from local_aws.control_plane.delivery_streams import models as delivery_streams
from local_aws.control_plane.msk import models as msk
from local_aws.control_plane.services import Services
from local_aws.home import Home

if TYPE_CHECKING:
    from local_aws.control_plane.target import Options

FORMAT_VERSION = 1


class Status:
    """Describes one control plane."""

    def __init__(self, options: Options, endpoint_url: str, started: datetime, services: Services) -> None:
        self._options = options
        self._endpoint_url = endpoint_url
        self._started = started
        self._services = services
        self._state = "running"

    def ending(self) -> None:
        self._state = "stopping"

    def ended(self) -> dict[str, Any]:
        """The last document of a run."""
        return {**self._head(), "state": "stopped", "ended_at": datetime.now(UTC).isoformat(timespec="seconds")}

    def describe(self) -> dict[str, Any]:
        """The document as of now."""
        clusters = [self._cluster(cluster) for backend in msk.all_backends() for cluster in backend.named(None)]
        streams = [self._stream(one) for backend in delivery_streams.all_backends() for one in list(backend.delivery_streams.values())]
        functions = [_function(function) for _, _, backend in lambda_backends.iter_backends() for function in _functions(backend)]
        services = self._services
        notices = [
            *services.notices.all(),
            *services.functions.notices(),
            *(notice for cluster in clusters for notice in cluster["notices"]),
        ]
        return {
            **self._head(),
            "clusters": clusters,
            "streams": streams,
            "functions": functions,
            "processes": [
                {"name": record.name, "pid": record.pid, "running": processes.is_running(record)}
                for record in processes.recorded(self._options.home)
            ],
            "notices": list(dict.fromkeys(notices)),
        }

    def _head(self) -> dict[str, Any]:
        options = self._options
        return {
            "format_version": FORMAT_VERSION,
            "state": self._state,
            "endpoint_url": self._endpoint_url,
            "region": options.region,
            "account_id": self._services.principals.account_id,
            "clock_speed": options.clock_speed,
            "home": str(options.home.root),
            "pid": os.getpid(),
            "started_at": self._started.isoformat(timespec="seconds"),
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def _cluster(self, cluster: Any) -> dict[str, Any]:
        running = cluster.running
        return {
            "name": cluster.cluster_name,
            "arn": cluster.arn,
            "state": cluster.state,
            "why": (cluster.state_info or {}).get("Message"),
            "brokers": [_plain(broker) for broker in running.brokers] if running else [],
            "notices": [f"MSK cluster {cluster.cluster_name}: {notice}" for notice in running.notices] if running else [],
        }

    def _stream(self, stream: Any) -> dict[str, Any]:
        name = stream.delivery_stream_name
        plane = _plain(self._services.data_planes.state(name)) if stream.failure is None else {}
        return {
            "name": name,
            "status": stream.status(),
            "why": stream.failure.details if stream.failure else None,
            "topic": stream.msk.get("TopicName"),
            "data_plane": plane,
            "progress": _read_json(self._options.home.firehose / name / "status.json"),
        }


def _functions(backend: Any) -> list[Any]:
    return list(backend.list_functions(None))


def _function(function: Any) -> dict[str, Any]:
    return {"name": function.function_name, "runtime": function.run_time, "architecture": function.architectures[0]}


def _plain(value: Any) -> Any:
    """A value as JSON can hold it; enums by their value, paths as text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return _plain(getattr(value, "value", None)) if hasattr(value, "value") else str(value)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_status(home: Home, status: Mapping[str, Any]) -> None:
    """Replace status.json whole."""
    temporary = home.status_file.with_suffix(".json.tmp")
    temporary.write_text(json.dumps(status, indent=2, default=str) + "\n", encoding="utf-8")
    temporary.replace(home.status_file)
