"""What a demo that was killed left behind is ended before its files are removed; a demo that runs is left alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from console import TextOutput
from local_aws import processes
from local_aws.home import Home
from operations import throwaway
from operations.deployment import exclusive


@pytest.fixture
def left(tmp_path: Path) -> Home:
    """The home of a demo with one process that runs."""
    home = Home(tmp_path / "demo-1")
    processes.start(home, "control-plane", [sys.executable, "-c", "import time; time.sleep(60)"])
    return home


def test_a_killed_demos_processes_end_and_its_home_goes(left: Home, tmp_path: Path) -> None:
    (record,) = processes.recorded(left)
    throwaway.remove_ended(tmp_path, TextOutput())
    assert not processes.is_running(record)
    assert not left.root.exists()


def test_a_demo_that_runs_is_left_alone(left: Home, tmp_path: Path) -> None:
    (record,) = processes.recorded(left)
    with exclusive(left, "demo"):
        throwaway.remove_ended(tmp_path, TextOutput())
    assert processes.is_running(record)
    processes.stop(left, record)
