"""TARGET=aws without AWS: AWS_ENDPOINT_URL points at a control plane, as a user's own settings might. It asks first, always."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from shapes import environment_of, operations

import lambda_package
from local_aws.home import CHECKOUT, Home
from stack import read_dotenv

pytestmark = pytest.mark.integration

COMMANDS = (["plan"], ["apply"], ["destroy"], ["outputs"], ["status"], ["tool", "--", "validation", "lake"])
BUCKET = "user-events-staging-state"


@pytest.fixture
def aws(target: Home, tmp_path: Path) -> dict[str, str]:
    """An environment whose AWS is the control plane, and whose home is another than the target's own."""
    settings = {name: value for name, value in read_dotenv(target.env_file).items() if name.startswith("AWS_")}
    return environment_of(Home(tmp_path / "home"), settings)


@pytest.fixture
def bucket(aws: dict[str, str]) -> Any:
    """The state's bucket of staging, there for one test."""
    s3 = boto3.resource(
        "s3",
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
    ).create_bucket(Bucket=BUCKET)
    yield s3
    s3.objects.delete()
    s3.delete()


def calls(target: Home) -> list[str]:
    return [json.loads(line)["action"] for line in target.call_log.read_text().splitlines()]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_without_a_terminal_every_command_shows_the_account_and_refuses(target: Home, aws: dict[str, str], words: list[str]) -> None:
    before = len(calls(target))
    said = operations([words[0], "--env", "staging", *words[1:]], aws)
    assert said.code == 2
    assert f"{words[0]}: environment staging on AWS, account 123456789012, region us-east-1" in said.notices
    assert "no terminal" in said.error["error"]
    assert calls(target)[before:] == ["GetCallerIdentity"]


def test_at_a_terminal_it_asks_and_anything_but_yes_does_nothing(target: Home, aws: dict[str, str]) -> None:
    before = len(calls(target))
    ours, theirs = pty.openpty()
    os.write(ours, b"y\n")
    command = [sys.executable, "-m", "operations", "plan", "--env", "staging"]
    done = subprocess.run(command, env=aws, cwd=CHECKOUT, stdin=theirs, capture_output=True, text=True, check=False)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 2
    assert "Go on? Only `yes` goes on: " in done.stderr
    assert "Nothing was done." in done.stderr
    assert calls(target)[before:] == ["GetCallerIdentity"]


def test_another_account_is_refused(aws: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "account.tfvars"
    file.write_text('account_id = "210987654321"\n')
    said = operations(["plan", "--env", "staging", "--yes", "--var-file", str(file)], aws)
    assert (said.code, said.error["error"].split(" (arn")[0]) == (
        3,
        "ENV=staging belongs to account 210987654321, and the credentials are of 123456789012",
    )


def test_without_credentials_nothing_is_tried(aws: dict[str, str], tmp_path: Path) -> None:
    environment = {name: value for name, value in aws.items() if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    none = str(tmp_path / "none")
    said = operations(["plan", "--env", "staging", "--yes"], {**environment, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_CONFIG_FILE": none})
    assert said.code == 3
    assert said.error["error"] == "There are no AWS credentials, and ENV=staging is on AWS."


def test_a_missing_state_bucket_says_how_to_make_it(aws: dict[str, str]) -> None:
    said = operations(["plan", "--env", "staging", "--yes"], aws)
    assert said.code == 3
    assert said.error["error"] == f"The state's bucket {BUCKET} (terraform/environments/staging.backend.hcl) does not exist."
    assert "modules/bootstrap" in said.error["advice"][0]


def test_a_locked_state_names_its_holder(aws: dict[str, str], bucket: Any, tmp_path: Path) -> None:
    """The lock object of terraform's S3 backend (documentation, "S3", use_lockfile)."""
    lock = {"ID": "4b6f", "Operation": "OperationTypeApply", "Info": "", "Who": "ada@laptop", "Version": "1.11.4",
            "Created": "2026-11-25T03:04:05Z", "Path": f"{BUCKET}/user-events/staging.tfstate"}  # fmt: skip
    bucket.put_object(Key="user-events/staging.tfstate.tflock", Body=json.dumps(lock).encode())
    runtime, architecture = lambda_package.machine()
    machine = tmp_path / "machine.tfvars.json"
    machine.write_text(json.dumps({"lambda_runtime": runtime, "lambda_architecture": architecture}))
    said = operations(["plan", "--env", "staging", "--yes", "--var-file", str(machine)], aws)
    assert said.code == 3
    assert said.error["error"].startswith("The state is locked by ada@laptop since 2026-11-25 03:04:05")
    assert [item.key for item in bucket.objects.all()] == ["user-events/staging.tfstate.tflock"], "the lock is not ours to take"
