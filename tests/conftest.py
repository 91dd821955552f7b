"""What tests of several rooms share: one running stack for all end-to-end tests, brought up as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

import stack
from local_aws import processes
from local_aws.home import CHECKOUT, Home


@dataclass(frozen=True)
class RunningStack:
    """The whole stack on a local target of its own, and the command lines at work on it."""

    home: Home
    outputs: stack.StackOutputs
    environment: dict[str, str]
    calls_of_up: list[str]
    """The lines of the call log from the start of the target to the end of the first apply."""

    @property
    def session(self) -> boto3.session.Session:
        return boto3.session.Session(
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.outputs.aws_region,
        )

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.environment["AWS_ENDPOINT_URL"])

    def run(self, module: str, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """`python -m module words`, as a user would; what it printed is in the result."""
        command = [sys.executable, "-m", module, *words]
        return subprocess.run(command, env=self.environment, cwd=CHECKOUT, capture_output=True, text=True, check=False, **options)

    def json(self, module: str, *words: str, expect: int = 0) -> list[dict[str, Any]]:
        """The same with `--output json`: the objects printed, after a check of the exit code."""
        done = self.run(module, *words, "--output", "json")
        assert done.returncode == expect, f"exit code {done.returncode}, not {expect}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return [json.loads(line) for line in done.stdout.splitlines()]

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Every object under a key prefix of the stack's bucket."""
        s3 = self.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.outputs.bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return {key: s3.get_object(Bucket=self.outputs.bucket, Key=key)["Body"].read() for key in keys}


def environment_of(home: Home) -> dict[str, str]:
    """A clean environment for commands that work on the target under `home`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KAFKA_", "LOCAL_AWS_", "STACK_"))}
    return {**kept, **stack.read_dotenv(home.env_file), "LOCAL_AWS_HOME": str(home.root), "STACK_OUTPUTS": str(home.root / "outputs.json")}


@pytest.fixture(scope="session")
def running_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """`make up`, once for all tests that need the whole way; `make down` afterwards, which must leave no process."""
    home = Home(tmp_path_factory.mktemp("stack") / "home")
    started = _operations(home, "up", "--clock-speed", "60")
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        document = json.loads((home.root / "outputs.json").read_text())
        calls = home.call_log.read_text(encoding="utf-8").splitlines()
        yield RunningStack(home, stack.parse(document, home.root / "outputs.json"), environment_of(home), calls)
    finally:
        records = processes.recorded(home)
        ended = _operations(home, "down")
        running = [record for record in records if processes.is_running(record)]
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert not running, f"`down` left {running}"


@pytest.hookimpl(tryfirst=True)  # before xdist looks for the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together, on one worker, what shares something dear: the running stack, the applied shapes, else a file's fixtures."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        group = next((name for name in ("running_stack", "shape", "target") if name in fixtures), str(item.path))
        item.add_marker(pytest.mark.xdist_group("shapes" if group in ("shape", "target") else group))


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Ask again and again until the answer is true, or a deadline passes; returns the answer."""

    def ask(question: Callable[[], Any], *, seconds: float = 60, every: float = 0.5) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < deadline, f"still not after {seconds} s: {question}"
            time.sleep(every)
        return answer

    return ask


def _operations(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "operations", *words]
    return subprocess.run(command, env=environment_of(home), cwd=CHECKOUT, capture_output=True, text=True, check=False)
