"""Processes of the local target are found by their records, never mistaken for others, and die with their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from local_aws import processes
from local_aws.home import Home


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    yield home
    for record in processes.recorded(home):
        processes.stop(home, record, grace=0)


def test_a_started_process_is_recorded_runs_and_is_stopped(home):
    processes.start(home, "sleeper", ["sleep", "60"])
    (record,) = processes.recorded(home)
    assert processes.is_running(record)
    processes.stop(home, record)
    assert not processes.is_running(record)
    assert processes.recorded(home) == []


def test_a_record_with_another_start_time_is_not_our_process(home):
    processes.start(home, "sleeper", ["sleep", "60"])
    (record,) = processes.recorded(home)
    assert not processes.is_running(processes.ProcessRecord(record.name, record.pid, "1"))


def test_a_process_that_ignores_the_request_is_killed(home):
    code = "import pathlib,signal,time; signal.signal(15, signal.SIG_IGN); pathlib.Path('ready').touch(); time.sleep(60)"
    process = processes.start(home, "stubborn", [sys.executable, "-c", code], directory=home.root)
    deadline = time.monotonic() + 30
    while not (home.root / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    processes.stop(home, processes.recorded(home)[0], grace=0.2)
    assert process.wait(timeout=5) == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG exists on Linux alone")
def test_a_child_dies_when_its_parent_is_killed(home):
    code = f"""
import time; from pathlib import Path; from local_aws import processes; from local_aws.home import Home
processes.start(Home(Path({str(home.root)!r})), "child", ["sleep", "60"]); time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 10
    while not processes.recorded(home) and time.monotonic() < deadline:
        time.sleep(0.02)
    (child,) = processes.recorded(home)
    assert processes.is_running(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while processes.is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not processes.is_running(child)
