"""Terraform is told to stop once and waited for, whatever happens to the command that started it; stand-ins play terraform."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console import CouldNotRun
from local_aws import processes
from local_aws.home import CHECKOUT, Home
from operations import terraform_process
from operations.deployment import Deployment, Target, exclusive
from operations.terraform_process import Progress

TIDY = """
    import signal, sys, time
    def end(*_):
        print("Interrupt received.", flush=True); time.sleep(0.5); print("state saved", flush=True); sys.exit(1)
    signal.signal(signal.SIGINT, end)
"""
"""Ends as terraform does at its first interrupt, and prints meanwhile: at a pipe without a reader that would kill it."""
STUBBORN = """
    import signal, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    yield home
    for record in processes.recorded(home):
        processes.stop(home, record, grace=0)


@pytest.fixture
def command(tmp_path: Path, home: Home) -> Callable[[str], subprocess.Popen[str]]:
    """A command that runs a stand-in for `terraform apply`, which is at work when this returns."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()

    def start(behaviour: str) -> subprocess.Popen[str]:
        at_work = f"open({str(tmp_path / 'at-work')!r}, 'w').close(); time.sleep(120)"
        program.write_text(f"#!{sys.executable}\n{textwrap.dedent(behaviour)}\n{at_work}\n")
        program.chmod(0o755)
        code = f"""
import argparse, sys
from pathlib import Path
from console import CommandLineParser, ExitCode, add_common_options, run
from local_aws.home import Home
from operations.terraform import Terraform
place = Path({str(tmp_path)!r})
def work(arguments, output):
    Terraform(place / "data", place / "backend.hcl", (), {{}}, Home(place / "home"), output.notice, place).apply()
    return ExitCode.PASS
parser = CommandLineParser(); add_common_options(parser); sys.exit(run(parser, work, []))
"""
        environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
        started = subprocess.Popen([sys.executable, "-c", code], env=environment, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True)
        wait_until(lambda: (tmp_path / "at-work").exists() and bool(processes.recorded(home)))
        return started

    return start


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_command_that_is_told_to_stop_tells_terraform_and_waits(
    home: Home, command: Callable[..., subprocess.Popen[str]], number: int
) -> None:
    started = command(TIDY)
    (record,) = processes.recorded(home)
    started.send_signal(number)
    _, said = started.communicate(timeout=20)
    assert started.returncode == 130
    assert said.splitlines()[0].startswith(f"Stopping: terraform (process {record.pid})")
    assert said.splitlines()[1:] == ["Interrupted."]
    assert "state saved" in (home.logs / "terraform.log").read_text()
    assert processes.recorded(home) == []


def test_a_second_interrupt_ends_a_terraform_that_does_not_listen(home: Home, command: Callable[..., subprocess.Popen[str]]) -> None:
    started = command(STUBBORN)
    (record,) = processes.recorded(home)
    started.send_signal(signal.SIGTERM)
    time.sleep(1)
    assert processes.is_running(record)
    started.send_signal(signal.SIGTERM)
    _, said = started.communicate(timeout=30)
    assert not processes.is_running(record)
    assert said.splitlines()[-1] == "Interrupted."


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG exists on Linux alone")
def test_a_command_that_is_killed_leaves_a_terraform_that_ends_tidily(home: Home, command: Callable[..., subprocess.Popen[str]]) -> None:
    started = command(TIDY)
    (record,) = processes.recorded(home)
    started.kill()
    started.wait()
    heard: list[str] = []
    assert terraform_process.end_left(home, heard.append, kill=True)
    assert not processes.is_running(record)
    assert heard == [f"Waiting for terraform (process {record.pid}) to end: the command that started it was killed."]
    assert "state saved" in (home.logs / "terraform.log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG exists on Linux alone")
def test_one_that_does_not_end_is_killed_on_the_laptop_and_named_on_aws(
    home: Home, command: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terraform_process, "GRACE_SECONDS", 0.5)
    started = command(STUBBORN)
    (record,) = processes.recorded(home)
    started.kill()
    started.wait()
    with pytest.raises(CouldNotRun, match=rf"terraform \(process {record.pid}\) still runs"):
        terraform_process.end_left(home, lambda _line: None, kill=False)
    assert processes.is_running(record)
    assert terraform_process.end_left(home, lambda _line: None, kill=True)
    assert not processes.is_running(record)


def test_a_provider_whose_terraform_is_dead_is_ended_too(home: Home, tmp_path: Path) -> None:
    provider = tmp_path / "terraform-provider-aws"
    provider.symlink_to("/bin/sleep")
    started = processes.start(home, terraform_process.NAME, ["sh", "-c", f"{provider} 120 & touch {tmp_path / 'ready'}; wait"])
    wait_until((tmp_path / "ready").exists)
    started.kill()
    started.wait()
    wait_until(lambda: bool(terraform_process._group(started.pid)))
    assert terraform_process.end_left(home, lambda _line: None, kill=True)
    wait_until(lambda: not terraform_process._group(started.pid), seconds=5)


def test_where_no_terraform_was_left_there_is_nothing_to_end(home: Home) -> None:
    assert not terraform_process.end_left(home, lambda _line: None, kill=True)


def test_progress_is_said_every_fifteen_seconds_with_what_is_done() -> None:
    now = [0.0]
    said: list[str] = []
    progress = Progress("apply", said.append, now=lambda: now[0])
    progress.hear("data.aws_caller_identity.this: Reading...\n")
    now[0] = 15
    progress.hear("Plan: 3 to add, 1 to change, 0 to destroy.\naws_s3_bucket.lake: Creation comp")
    now[0] = 29
    progress.hear("lete after 1s [id=lake]\nmodule.a.aws_x.y: Modifications complete after 0s\n")
    now[0] = 30
    progress.hear("")
    assert said == ["terraform apply: 0 of 4 resources, 15 s.", "terraform apply: 2 of 4 resources, 30 s."]


def test_the_lock_names_who_holds_it(home: Home) -> None:
    with exclusive(home, "up"):
        with pytest.raises(CouldNotRun, match=rf"`up` \(process {os.getpid()}\) is changing the stack"), exclusive(home, "down"):
            pass
    with exclusive(home, "down"):
        assert (home.root / "operations.lock").read_text() == f"`down` (process {os.getpid()})"


def test_an_environment_on_aws_is_not_locked_by_the_laptop(home: Home) -> None:
    local, shape, prod = (
        Deployment(name, target, home) for name, target in (("local", Target.LOCAL), ("dev", Target.LOCAL), ("prod", Target.AWS))
    )
    with exclusive(local.shared, "up"):
        with exclusive(prod.shared, "plan"):
            pass
        with pytest.raises(CouldNotRun), exclusive(shape.shared, "apply"):
            pass
