"""One environment's shape, applied on a local target with nothing cut down, and the command lines at work on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

import stack
from local_aws.home import CHECKOUT, Home

SHAPES = tuple(os.environ.get("TEST_SHAPES", "prod").split(","))
"""Environments whose shape is applied; the tests of drift and upgrade work on prod's."""


def environment_of(home: Home, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """A clean environment for commands that work on the target under `home`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KAFKA_", "LOCAL_AWS_", "STACK_", "TF_VAR_"))}
    cache = os.environ.get("LOCAL_AWS_CACHE", str(CHECKOUT / ".local" / "cache"))
    own = {"LOCAL_AWS_HOME": str(home.root), "LOCAL_AWS_CACHE": cache, "AWS_EC2_METADATA_DISABLED": "true"}
    return {**kept, **own, **(extra or {})}


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    results: dict[str, Any]
    """Results and tables of `--output json`, by name; a table is its rows."""
    error: dict[str, Any]
    notices: str


def operations(words: list[str], environment: Mapping[str, str], checkout: Path = CHECKOUT) -> Said:
    """`python -m operations words --output json` in a checkout, without a terminal."""
    command = [sys.executable, "-m", "operations", words[0], "--output", "json", *words[1:]]
    done = subprocess.run(command, env=environment, cwd=checkout, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    printed = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"result"')]
    results = {line["result"]: line.get("rows", line) for line in printed}
    said = [json.loads(line) for line in done.stderr.splitlines() if line.startswith('{"')]
    errors = [line for line in said if "error" in line]
    assert "Traceback" not in done.stderr, done.stderr
    return Said(done.returncode, results, errors[-1] if errors else {}, done.stderr)


@dataclass
class Shape:
    """An applied environment: its name, its home, and what the first apply made."""

    name: str
    home: Home
    applied: frozenset[str] = field(default_factory=frozenset)

    def operations(self, command: str, *words: str, checkout: Path = CHECKOUT, expect: int = 0) -> Said:
        """One command on this environment and the local target; fails unless it ends with `expect`."""
        said = operations([command, "--env", self.name, "--target", "local", *words], environment_of(self.home), checkout)
        assert said.code == expect, f"{command} of {self.name} ended with {said.code}, not {expect}:\n{said.notices}"
        return said

    @property
    def directory(self) -> Path:
        return self.home.root / "local" / self.name

    @property
    def outputs(self) -> stack.StackOutputs:
        file = self.directory / "outputs.json"
        return stack.parse(json.loads(file.read_text()), file)

    def client(self, service: str) -> Any:
        """A client of boto3 at the target."""
        target = stack.read_dotenv(self.home.env_file)
        return boto3.client(
            service,
            endpoint_url=target["AWS_ENDPOINT_URL"],
            region_name=target["AWS_DEFAULT_REGION"],
            aws_access_key_id=target["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=target["AWS_SECRET_ACCESS_KEY"],
        )


def changed(said: Said) -> dict[str, str]:
    """Address to action of each resource that a plan or an apply named."""
    return {row["resource"]: row["action"] for row in said.results.get("changes", [])}
