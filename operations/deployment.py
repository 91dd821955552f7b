"""One stack: an environment (whose tfvars) on a target (AWS, or the laptop). Everything that differs between the two
targets is decided here: credentials and endpoint by environment variables, and which Lambda zips are built.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import hcl2

import lambda_package
from console import CouldNotRun, UsageError
from local_aws.home import Home
from operations.errors import TargetNotRunning
from operations.terraform import SOURCE, Terraform
from stack import read_dotenv

ENVIRONMENTS = SOURCE / "environments"
FUNCTIONS = ("transform", "topic", "probe", "slack")


class Target(Enum):
    """Where a stack is applied."""

    LOCAL = "local"
    AWS = "aws"


@dataclass(frozen=True)
class Deployment:
    """One environment of the stack on one target, with the files it keeps under `home`."""

    environment: str
    target: Target
    home: Home

    @staticmethod
    def of(environment: str, target: str | None, home: Home) -> Deployment:
        """The deployment that a command line names; the target defaults to `local` for `local`, else `aws`.

        Raises:
            UsageError: there is no such environment.
        """
        known = sorted(path.stem for path in ENVIRONMENTS.glob("*.tfvars"))
        if environment not in known:
            raise UsageError(
                f"ENV is {environment!r}; there are {', '.join(known)}.", f"An environment is a tfvars file in {ENVIRONMENTS}."
            )
        return Deployment(environment, Target(target or ("local" if environment == "local" else "aws")), home)

    @property
    def directory(self) -> Path:
        """Where this deployment's outputs and manifests are kept. The laptop's own is the home itself."""
        return self.home.root if self.target is Target.LOCAL else self.home.root / "aws" / self.environment

    @property
    def data_directory(self) -> Path:
        """Terraform's working files of this deployment."""
        return self.directory / "terraform" / self.environment

    @property
    def outputs_file(self) -> Path:
        return self.directory / "outputs.json"

    @property
    def backend(self) -> dict[str, Any]:
        """The settings of the state's backend: `bucket`, `key`, `region` and so on."""
        return _read_hcl(ENVIRONMENTS / f"{self.environment}.backend.hcl")

    def variables(self) -> dict[str, str]:
        """Environment variables that point AWS clients at the target.

        Raises:
            TargetNotRunning: the target is the laptop and nothing runs there.
        """
        if self.target is Target.AWS:
            return {}
        found = read_dotenv(self.home.env_file)
        if "AWS_ENDPOINT_URL" not in found:
            raise TargetNotRunning("The local target is not running.", "Start it with `make up`.")
        return found

    def session(self) -> boto3.session.Session:
        """A boto3 session at the target; the process's environment takes the target's variables in."""
        os.environ.update(self.variables())
        return boto3.session.Session()

    def terraform(self) -> Terraform:
        """Terraform for this deployment, its Lambda zips built and initialised against its backend."""
        return Terraform(
            data_directory=self.data_directory,
            backend_file=ENVIRONMENTS / f"{self.environment}.backend.hcl",
            variable_files=(ENVIRONMENTS / f"{self.environment}.tfvars", self.package()),
            environment=self.variables(),
            log=self.home.logs / "terraform.log",
        )

    def prepare_state(self) -> None:
        """On the laptop, make the state's bucket, and drop a lock left by a terraform that was killed.

        Call it under `exclusive`. On AWS the bucket is the owner's and terraform's own lock decides; nothing is done.
        """
        if self.target is Target.AWS:
            return
        backend = self.backend
        s3 = self.session().client("s3")
        try:
            s3.head_bucket(Bucket=backend["bucket"])
        except botocore.exceptions.ClientError:
            s3.create_bucket(Bucket=backend["bucket"])
        s3.delete_object(Bucket=backend["bucket"], Key=f"{backend['key']}.tflock")

    def package(self) -> Path:
        """Build the Lambda zips; returns the tfvars file that names them, their runtime and their architecture.

        The environment's tfvars pick runtime and architecture; on the laptop it is what this machine can run.
        """
        if self.target is Target.LOCAL:
            runtime, architecture = lambda_package.machine()
        else:
            settings = _read_hcl(ENVIRONMENTS / f"{self.environment}.tfvars")
            runtime, architecture = settings["lambda_runtime"], settings["lambda_architecture"]
        self.data_directory.mkdir(parents=True, exist_ok=True)
        built = {name: lambda_package.build(name, runtime, architecture, self.data_directory / f"{name}.zip") for name in FUNCTIONS}
        settings = {
            "lambda_runtime": runtime,
            "lambda_architecture": architecture,
            "lambda_packages": {name: str(package.path) for name, package in built.items()},
        }
        file = self.data_directory / "packages.tfvars.json"
        file.write_text(json.dumps(settings, indent=2), encoding="utf-8")
        return file


@contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Let one command at a time change what runs under `home`; the kernel lets go of the lock if the command dies.

    Raises:
        CouldNotRun: another command is at it.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / "operations.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CouldNotRun(f"Another command is changing the stack under {home.root}.", "Wait for it to end, then try again.") from None
        yield


def _read_hcl(path: Path) -> dict[str, Any]:
    """Top-level attributes of an HCL file of literals, strings without their quotes."""
    with path.open(encoding="utf-8") as file:
        document = hcl2.load(file)
    return {name: value.strip('"') if isinstance(value, str) else value for name, value in document.items()}
