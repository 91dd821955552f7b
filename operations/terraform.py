"""Drives the `terraform` program for one stack: init, plan, apply, destroy, output.

Working files live in a data directory outside `terraform/` (TF_DATA_DIR), so that stacks of several environments and
targets share one unmodified source tree. What terraform prints goes to a log; its own error text reaches the user. How it
runs as a process, and how it is told to stop, is in `terraform_process`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.home import Home
from operations import changes, terraform_process
from operations.changes import Action, Changes
from operations.errors import MissingPrerequisites, StateBucketMissing, StateLocked, TerraformFailed
from operations.prerequisites import NO_TERRAFORM, PLUGIN_DIR_VARIABLE, plugin_directory
from operations.terraform_process import Progress, Say

SOURCE = Path(__file__).resolve().parent.parent / "terraform"
STATE_BUCKET_ADVICE = "Make it once, with terraform/modules/bootstrap (terraform/README.md says how), or correct the backend file."
_ERROR_LINES = 30


@dataclass(frozen=True)
class Terraform:
    """One stack's terraform: where it works, what it is given, whom it talks to."""

    data_directory: Path
    backend_file: Path
    variable_files: tuple[Path, ...]
    environment: Mapping[str, str]
    home: Home
    """Where its process is recorded, and its log kept."""
    say: Say
    """Told every so often how far a long run is."""
    source: Path = SOURCE

    @property
    def log(self) -> Path:
        return self.home.logs / "terraform.log"

    def init(self) -> None:
        """Prepare the data directory: backend, modules, providers (from a mirror where there is one).

        Raises:
            TerraformFailed: with advice on the provider where none could be had.
        """
        plugins = plugin_directory()
        command = ["init", "-reconfigure", "-lockfile=readonly", f"-backend-config={self.backend_file}"]
        if plugins:
            command.append(f"-plugin-dir={plugins}")
        try:
            self._run(command)
        except TerraformFailed as error:
            if plugins is None and re.search(r"provider|registry", str(error)):
                raise TerraformFailed(
                    "terraform could not get the AWS provider.",
                    "It is downloaded unless a filesystem mirror is found.",
                    f"To use a mirror, name the parent of its `registry.terraform.io` folder in {PLUGIN_DIR_VARIABLE}.",
                    *error.advice,
                ) from error
            raise

    def apply(self) -> str:
        """Plan and apply, and return terraform's closing line."""
        return self._closing_line(self._run(["apply", "-auto-approve", *self._variables]), "Apply complete")

    def apply_planned(self, found: Changes) -> str:
        """Apply exactly what the last `plan` found, and return terraform's closing line; refused if the state moved on since."""
        counts = found.counts()
        total = sum(counts.values()) + counts["replace"]  # one that is replaced is destroyed and created
        return self._closing_line(self._run(["apply", str(self._plan_file)], total=total), "Apply complete")

    def destroy(self) -> str:
        """Destroy everything, and return terraform's closing line."""
        return self._closing_line(self._run(["destroy", "-auto-approve", *self._variables]), "Destroy complete")

    def plan(self) -> Changes:
        """What an apply would change now; kept for `apply_planned`."""
        self.data_directory.mkdir(parents=True, exist_ok=True)
        printed = self._run(["plan", "-json", f"-out={self._plan_file}", *self._variables])
        found = changes.read(printed)
        if not any(change.action in (Action.UPDATE, Action.REPLACE) for change in found.changes):
            return found  # `show` loads the provider once more, for several seconds
        document = json.loads(self._run(["show", "-json", str(self._plan_file)], logged=False))
        return changes.read(printed, changes.attributes(document))

    def outputs(self) -> dict[str, Any]:
        """What `terraform output -json` prints, parsed."""
        document: dict[str, Any] = json.loads(self._run(["output", "-json"], logged=False))
        return document

    def addresses(self) -> list[str]:
        """Addresses of all resources in the state; empty where there is no state."""
        return self._run(["state", "list"]).split()

    @property
    def _plan_file(self) -> Path:
        return self.data_directory / "plan"

    @property
    def _variables(self) -> tuple[str, ...]:
        return tuple(f"-var-file={path}" for path in self.variable_files)

    def _run(self, arguments: Sequence[str], *, logged: bool = True, total: int | None = None) -> str:
        """Run one command and return what it printed; `total` is how many resources it will change, where that is known."""
        if not shutil.which("terraform"):
            raise MissingPrerequisites("Something must be installed first.", NO_TERRAFORM)
        colourless = [arguments[0], "-no-color", *arguments[1:]] if arguments[0] != "state" else list(arguments)
        interactive = () if arguments[0] in ("show", "output", "state") else ("-input=false",)
        command = ["terraform", f"-chdir={self.source}", colourless[0], *interactive, *colourless[1:]]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a+b", buffering=0) as log, tempfile.TemporaryFile(buffering=0) as unlogged:
            log.write(f"$ terraform {' '.join(arguments)}\n".encode())
            began = log.tell()
            code, printed = terraform_process.run(
                self.home,
                command,
                environment=self._process_environment(),
                output=log if logged else unlogged,
                errors=None if logged else log,
                progress=Progress(arguments[0], self.say, total),
                say=self.say,
            )
            log.seek(began)
            said = log.read().decode("utf-8", errors="replace")
            log.write(b"\n")
        if code != 0:
            raise self._failure(arguments[0], changes.error_text(said))
        return printed

    def _failure(self, command: str, said: str) -> TerraformFailed:
        """The error that `said` means, those with a known way out by their own type."""
        log = f"All it said: {self.log}"
        if "Error acquiring the state lock" in said:
            return StateLocked(*_locked(said, self.backend_file), log)
        missing = re.search(r'S3 bucket "([^"]+)" does not exist|NoSuchBucket', said)
        if missing:
            bucket = missing[1] or f"named in {self.backend_file}"
            return StateBucketMissing(f"The state's bucket {bucket} does not exist.", STATE_BUCKET_ADVICE, log)
        return TerraformFailed(f"terraform {command} failed.", *_error_lines(said), log)

    def _process_environment(self) -> dict[str, str]:
        merged = {
            **os.environ,
            **self.environment,
            "TF_DATA_DIR": str(self.data_directory),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }
        if not Path(merged.get("TF_CLI_CONFIG_FILE", "/")).exists():
            del merged["TF_CLI_CONFIG_FILE"]
        return merged

    @staticmethod
    def _closing_line(printed: str, opening: str) -> str:
        return next((line for line in reversed(printed.splitlines()) if line.startswith(opening)), opening)


def _locked(said: str, backend_file: Path) -> tuple[str, ...]:
    """Who holds the lock, from terraform's "Lock Info"."""
    info = dict(re.findall(r"^[│\s]*(ID|Operation|Who|Created):\s*(.+?)\s*$", said, re.MULTILINE))
    holder = f"{info.get('Who', 'somebody')} since {info.get('Created', 'an unknown time')} ({info.get('Operation', 'an operation')})"
    lock = f"the lock {info['ID']}" if "ID" in info else "the lock"
    return (
        f"The state is locked by {holder}.",
        "If that run still works, wait for it to end.",
        f"If it was killed, remove {lock}: delete the .tflock object beside the state ({backend_file.name} names bucket and key).",
    )


def _error_lines(printed: str) -> list[str]:
    """Terraform's own error blocks without their frame, bounded."""
    lines = [line.strip("│╷╵ \t") for line in printed.splitlines()]
    first = next((index for index, line in enumerate(lines) if line.startswith("Error:")), max(0, len(lines) - 10))
    return [line for line in lines[first:] if line][:_ERROR_LINES]
