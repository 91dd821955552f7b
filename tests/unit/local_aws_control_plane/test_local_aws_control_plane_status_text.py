"""The status as a person reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_aws.home import Home
from local_aws.status_text import describe

HOME = Home(Path("/tmp/home"))
NOW = datetime.now(UTC)
DELIVERED_MS = (NOW - timedelta(hours=4)).timestamp() * 1000
RUNNING: dict[str, Any] = {
    "state": "running",
    "endpoint_url": "http://127.0.0.1:1",
    "region": "us-east-1",
    "clock_speed": 60.0,
    "home": "/tmp/home",
    "pid": 7,
    "started_at": (NOW - timedelta(hours=3)).isoformat(),
    "clusters": [{"name": "c", "state": "FAILED", "brokers": [], "why": "no memory"}],
    "streams": [
        {
            "name": "s",
            "status": "ACTIVE",
            "topic": "t",
            "progress": {
                "lag": 1234,
                "last_delivery_ms": DELIVERED_MS,
                "delivered_records": 5678,
                "problem": "S3 says no",
            },
        }
    ],
    "functions": [{"name": "f", "runtime": "python3.11", "architecture": "x86_64"}],
    "processes": [{"name": "p", "pid": 8, "running": False}],
    "notices": ["Runs Kafka 3.9."],
}


def test_a_running_target_says_what_runs_and_how_far_delivery_is() -> None:
    text = describe(RUNNING, HOME)
    for part in (
        "running, http://127.0.0.1:1, region us-east-1, clock x60, started 3 h ago",
        "cluster c: FAILED, 0 brokers: no memory",
        "stream s: ACTIVE, topic t, lag 1,234, 5,678 records delivered, last 4 h ago, problem: S3 says no",
        "function f: python3.11, x86_64",
        "process p: 8, ended",
        "notice: Runs Kafka 3.9.",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"state": "absent"}, "Nothing was started in /tmp/home"),
        ({"state": "stopped", "ended_at": (NOW - timedelta(hours=5)).isoformat()}, "Stopped 5 h ago"),
        ({"state": "dead"}, "ended without being stopped"),
        ({"state": "hung", "pid": 9}, "process 9) does not answer"),
        ({"state": "dead", "leftovers": ["kafka-c-1"]}, "still running: kafka-c-1"),
    ],
)
def test_a_target_that_does_not_run_says_why_and_what_to_do(status: dict[str, Any], said: str) -> None:
    assert said in describe(status, HOME)


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (
            {"data_plane": {"restarts": 4, "last_exit": "was ended by SIGKILL"}},
            "restarts 4 (the process before was ended by SIGKILL)",
        ),
        ({"progress": {"updated": 1.0}}, "silent, last heard of "),
        ({"progress": {"lost_offsets": 1234}}, "1,234 offsets lost to the topic's retention"),
    ],
)
def test_a_data_plane_that_dies_falls_silent_or_loses_is_told(stream: dict[str, Any], said: str) -> None:
    well = {"data_plane": {"restarts": 0}, "progress": {"updated": datetime.now(UTC).timestamp(), "lost_offsets": 0}}
    named = {"name": "s", "status": "ACTIVE", "topic": "t"}
    assert said in describe({**RUNNING, "streams": [{**named, **stream}]}, HOME)
    assert "stream s: ACTIVE, topic t\n" in describe({**RUNNING, "streams": [{**named, **well}]}, HOME)


def test_a_stream_that_ended_for_good_is_not_called_silent() -> None:
    ended = {"updated": (NOW - timedelta(hours=1)).timestamp(), "failure": {"type": "UNKNOWN_ERROR", "details": "no topic"}}
    stream = {"name": "s", "status": "CREATING_FAILED", "topic": "t", "progress": ended}
    assert "silent" not in describe({**RUNNING, "streams": [stream]}, HOME)


def test_what_is_read_and_not_durable_stands_beside_the_lag() -> None:
    stream = {"name": "s", "status": "ACTIVE", "topic": "t"}
    stuck = {"lag": 0, "positions": {"0": 5, "1": 7}, "read": {"0": 17, "1": 7}}
    assert "lag 0, 12 offsets read and not yet durable" in describe({**RUNNING, "streams": [{**stream, "progress": stuck}]}, HOME)
    done = {**stuck, "positions": {"0": 17, "1": 7}}
    assert "durable" not in describe({**RUNNING, "streams": [{**stream, "progress": done}]}, HOME)


def test_a_dead_control_plane_points_to_make() -> None:
    assert "`make up` starts afresh, `make down` cleans up" in describe({"state": "dead"}, HOME)
