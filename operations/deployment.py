"""One stack: an environment (whose tfvars) on a target (AWS, or the laptop). Everything that differs between the two
targets is decided here: credentials and endpoint by environment variables, and which Lambda zips are built.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
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
from local_aws import processes
from local_aws.home import Home
from operations import terraform_process
from operations.errors import StateBucketMissing, TargetNotRunning
from operations.terraform import SOURCE, STATE_BUCKET_ADVICE, Terraform
from operations.terraform_process import Say
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
    more_variables: tuple[Path, ...] = ()
    """Further tfvars files; they win over the environment's."""

    @staticmethod
    def of(environment: str, target: str | None, home: Home, more_variables: Iterable[Path] = ()) -> Deployment:
        """The deployment that a command line names; the target defaults to `local` for `local`, else `aws`.

        Raises:
            UsageError: there is no such environment, or no such tfvars file.
        """
        known = sorted(path.stem for path in ENVIRONMENTS.glob("*.tfvars"))
        if environment not in known:
            raise UsageError(
                f"ENV is {environment!r}; there are {', '.join(known)}.", f"An environment is a tfvars file in {ENVIRONMENTS}."
            )
        files = tuple(path.resolve() for path in more_variables)
        for path in files:
            if not path.is_file():
                raise UsageError(f"--var-file is {path}, where there is no file.")
        return Deployment(environment, Target(target or ("local" if environment == "local" else "aws")), home, files)

    @property
    def laptops_own(self) -> bool:
        """Whether this is the environment `local` on the laptop, whose files lie in the home itself."""
        return self.target is Target.LOCAL and self.environment == "local"

    @property
    def directory(self) -> Path:
        """Where this deployment's outputs and manifests are kept."""
        return self.home.root if self.laptops_own else self.home.root / self.target.value / self.environment

    @property
    def variables_file(self) -> Path:
        return ENVIRONMENTS / f"{self.environment}.tfvars"

    @property
    def expected_account(self) -> str | None:
        """The AWS account that the environment belongs to, where its tfvars say so (`account_id`)."""
        found = self.setting("account_id")
        return None if found is None else str(found)

    @property
    def region(self) -> str:
        """The stack's AWS region."""
        return str(self.setting("aws_region"))

    def setting(self, name: str) -> Any:
        """A variable's value: the last tfvars file that sets it, else its default; None where it has neither."""
        for path in (*reversed(self.more_variables), self.variables_file):
            values = json.loads(path.read_text(encoding="utf-8")) if path.suffix == ".json" else _read_hcl(path)
            if name in values:
                return values[name]
        blocks = _hcl(SOURCE / "variables.tf")["variable"]
        found: dict[str, Any] = next((body for block in blocks for key, body in block.items() if key.strip('"') == name), {})
        return _plain(found.get("default"))

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
        """A boto3 session at the target, in the stack's region; the process's environment takes the target's variables in."""
        os.environ.update(self.variables())
        return boto3.session.Session(region_name=self.region)

    @property
    def shared(self) -> Home:
        """The home of what commands on this deployment share with others: the lock, terraform's process record and log.

        Environments on the laptop share one target, so one command at a time changes them all; each on AWS stands alone.
        """
        return self.home if self.target is Target.LOCAL else Home(self.directory)

    def terraform(self, say: Say = lambda _text: None) -> Terraform:
        """Terraform for this deployment, its Lambda zips built and initialised against its backend."""
        return Terraform(
            data_directory=self.data_directory,
            backend_file=ENVIRONMENTS / f"{self.environment}.backend.hcl",
            variable_files=(self.variables_file, *self.more_variables, self.package()),
            environment=self.variables(),
            home=self.shared,
            say=say,
        )

    def prepare_state(self, say: Say = lambda _text: None) -> None:
        """End a terraform whose command was killed; on the laptop, make the state's bucket and drop the lock of that terraform.

        Call it under `exclusive`. On AWS the bucket is the owner's and terraform's own lock decides. So it does on the laptop
        where no terraform of ours is known to be dead: somebody may run terraform by hand.

        Raises:
            StateBucketMissing: on AWS, the bucket is not there, or not ours.
            CouldNotRun: on AWS, that terraform still works.
        """
        left = terraform_process.end_left(self.shared, say, kill=self.target is Target.LOCAL)
        backend = self.backend
        self.session()
        s3 = boto3.session.Session(region_name=backend["region"]).client("s3")
        try:
            s3.head_bucket(Bucket=backend["bucket"])
        except botocore.exceptions.ClientError as error:
            if self.target is Target.AWS:
                raise _state_bucket_missing(error, backend["bucket"], self.environment) from error
            s3.create_bucket(Bucket=backend["bucket"])
        if left:
            if self.target is Target.LOCAL:
                s3.delete_object(Bucket=backend["bucket"], Key=f"{backend['key']}.tflock")
            processes.forget(self.shared, terraform_process.NAME)

    def package(self) -> Path:
        """Build the Lambda zips; returns the tfvars file that names them, their runtime and their architecture.

        The environment's tfvars pick runtime and architecture; on the laptop it is what this machine can run.

        Raises:
            UsageError: on AWS, the tfvars leave one of them out.
        """
        if self.target is Target.LOCAL:
            runtime, architecture = lambda_package.machine()
        else:
            runtime, architecture = self.setting("lambda_runtime"), self.setting("lambda_architecture")
            if not (runtime and architecture):
                raise UsageError(
                    f"{self.variables_file} names no lambda_runtime or no lambda_architecture, which AWS needs to know.",
                    'For example lambda_runtime = "python3.13" and lambda_architecture = "arm64", there or in a file of --var-file.',
                )
        self.data_directory.mkdir(parents=True, exist_ok=True)
        built = {name: lambda_package.build(name, runtime, architecture, self.data_directory / f"{name}.zip") for name in FUNCTIONS}
        settings: dict[str, Any] = {
            "lambda_runtime": runtime,
            "lambda_architecture": architecture,
            "lambda_packages": {name: str(package.path) for name, package in built.items()},
        }
        if self.target is Target.LOCAL:
            settings["account_id"] = None  # the laptop's account is nobody's
        file = self.data_directory / "packages.tfvars.json"
        temporary = file.with_name(f"{file.name}.{os.getpid()}.tmp")  # `package` works beside a command that reads it
        temporary.write_text(json.dumps(settings, indent=2), encoding="utf-8")
        temporary.replace(file)
        return file


@contextmanager
def exclusive(home: Home, command: str) -> Iterator[None]:
    """Let one command at a time change what `home` keeps; the kernel lets go of the lock if the command dies.

    Raises:
        CouldNotRun: another command is at it, which is named.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / "operations.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "Another command"
            raise CouldNotRun(f"{holder} is changing the stack under {home.root}.", "Wait for it to end, then try again.") from None
        lock.truncate(0)
        lock.write(f"`{command}` (process {os.getpid()})")
        lock.flush()
        yield


def state_buckets() -> frozenset[str]:
    """Names of the buckets that keep the environments' states."""
    return frozenset(str(_read_hcl(path)["bucket"]) for path in ENVIRONMENTS.glob("*.backend.hcl"))


def _state_bucket_missing(error: botocore.exceptions.ClientError, bucket: str, environment: str) -> StateBucketMissing:
    backend_file = f"terraform/environments/{environment}.backend.hcl"
    if error.response["Error"].get("Code") in ("404", "NoSuchBucket"):
        return StateBucketMissing(f"The state's bucket {bucket} ({backend_file}) does not exist.", STATE_BUCKET_ADVICE)
    return StateBucketMissing(
        f"The state's bucket {bucket} ({backend_file}) cannot be read: {error.response['Error'].get('Message')}.",
        "Its name may be taken by another account, or these credentials lack s3:ListBucket on it.",
    )


def _read_hcl(path: Path) -> dict[str, Any]:
    """Top-level attributes of an HCL file of literals, strings without their quotes."""
    return {name: _plain(value) for name, value in _hcl(path).items()}


def _hcl(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        return dict(hcl2.load(file))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return None if value in ("null", "${null}") else value.strip('"')
    return value
