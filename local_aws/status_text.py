"""The status of a target as lines for a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.home import Home

_NOT_RUNNING = {
    "absent": "Nothing was started in {home}.",
    "stopped": "Stopped {ended}.",
    "dead": "Its control plane ended without being stopped; `make up` starts afresh, `make down` cleans up.",
    "hung": "Its control plane (process {pid}) does not answer; `make down` ends it, `make up` then starts afresh.",
}

_SILENT_SECONDS = 30.0
"""A data plane writes its status about every second; one that did not for so long hangs, or does not run."""


def describe(status: Mapping[str, Any], home: Home) -> str:
    """A few lines: what runs, where, how far delivery is, and what to know."""
    state = status["state"]
    if state in _NOT_RUNNING:
        ended = _ago(status.get("ended_at"))
        lines = [f"local target: {state}. " + _NOT_RUNNING[state].format(home=home.root, ended=ended, pid=status.get("pid"))]
        if status.get("leftovers"):
            lines.append(f"  still running: {', '.join(status['leftovers'])}")
        return "\n".join(lines)
    lines = [
        f"local target: {state}, {status['endpoint_url']}, region {status['region']}, clock x{status['clock_speed']:g}, "
        f"started {_ago(status['started_at'])}",
        f"  home {status['home']}, control plane process {status['pid']}, settings for clients in {home.env_file}",
    ]
    lines += [_cluster(cluster) for cluster in status.get("clusters", [])]
    lines += [_stream(stream) for stream in status.get("streams", [])]
    lines += [
        f"  function {function['name']}: {function['runtime']}, {function['architecture']}" for function in status.get("functions", [])
    ]
    lines += [
        f"  process {process['name']}: {process['pid']}{'' if process['running'] else ', ended'}" for process in status.get("processes", [])
    ]
    lines += [f"  notice: {notice}" for notice in status.get("notices", [])]
    return "\n".join(lines)


def _cluster(cluster: Mapping[str, Any]) -> str:
    why = f": {cluster['why']}" if cluster.get("why") else ""
    return f"  cluster {cluster['name']}: {cluster['state']}, {len(cluster['brokers'])} brokers{why}"


def _stream(stream: Mapping[str, Any]) -> str:
    progress = stream.get("progress") or {}
    parts = [stream["status"], f"topic {stream['topic']}"]
    if progress.get("lag") is not None:
        parts.append(f"lag {progress['lag']:,}")
    if waiting := _not_durable(progress):
        parts.append(f"{waiting:,} offsets read and not yet durable")
    if progress.get("last_delivery_ms"):
        delivered = datetime.fromtimestamp(progress["last_delivery_ms"] / 1000, UTC)
        parts.append(f"{progress.get('delivered_records', 0):,} records delivered, last {_ago(delivered)}")
    parts += _interruptions(stream)
    if progress.get("problem"):
        parts.append(f"problem: {progress['problem']}")
    if stream.get("why"):
        parts.append(stream["why"])
    return f"  stream {stream['name']}: {', '.join(parts)}"


def _not_durable(progress: Mapping[str, Any]) -> int:
    """Offsets that were read and whose records are not delivered yet; the lag counts only what was not read."""
    positions = progress.get("positions") or {}
    return sum(
        max(0, following - positions[partition]) for partition, following in (progress.get("read") or {}).items() if partition in positions
    )


def _interruptions(stream: Mapping[str, Any]) -> list[str]:
    """How often the data plane died, and whether it has fallen silent."""
    plane, progress = stream.get("data_plane") or {}, stream.get("progress") or {}
    found = []
    if plane.get("restarts"):
        found.append(f"restarts {plane['restarts']} (the process before {plane.get('last_exit')})")
    if progress.get("lost_offsets"):
        found.append(f"{progress['lost_offsets']:,} offsets lost to the topic's retention")
    if progress.get("updated") and not progress.get("failure"):
        updated = datetime.fromtimestamp(progress["updated"], UTC)
        if (datetime.now(UTC) - updated).total_seconds() > _SILENT_SECONDS:
            found.append(f"silent, last heard of {_ago(updated)}")
    return found


def _ago(moment: Any) -> str:
    try:
        then = datetime.fromisoformat(str(moment))
    except ValueError:
        return str(moment)
    seconds = int((datetime.now(UTC) - (then if then.tzinfo else then.replace(tzinfo=UTC))).total_seconds())
    if seconds < 120:
        return f"{max(seconds, 0)} s ago"
    return f"{seconds // 60} min ago" if seconds < 7200 else f"{seconds // 3600} h ago"
