"""Drives the `terraform` program for one stack: init, plan, apply, destroy, output.

Working files live in a data directory outside `terraform/` (TF_DATA_DIR), so that stacks of several environments and
targets share one unmodified source tree. What terraform prints goes to a log; its own error text reaches the user.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.errors import TerraformFailed
from operations.prerequisites import PLUGIN_DIR_VARIABLE, plugin_directory

SOURCE = Path(__file__).resolve().parent.parent / "terraform"
_ERROR_LINES = 30


@dataclass(frozen=True)
class Changes:
    """What a plan would do, by resource address."""

    actions: Mapping[str, tuple[str, ...]]
    """Address to actions, e.g. `("delete", "create")`; resources without change are left out."""
    outputs: tuple[str, ...]
    """Names of outputs that would change."""

    @property
    def empty(self) -> bool:
        return not self.actions and not self.outputs


@dataclass(frozen=True)
class Terraform:
    """One stack's terraform: where it works, what it is given, whom it talks to."""

    data_directory: Path
    backend_file: Path
    variable_files: tuple[Path, ...]
    environment: Mapping[str, str]
    log: Path
    source: Path = SOURCE

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
        """Apply, and return terraform's closing line."""
        return self._closing_line(self._run(["apply", "-auto-approve", *self._variables]), "Apply complete")

    def destroy(self) -> str:
        """Destroy everything, and return terraform's closing line."""
        return self._closing_line(self._run(["destroy", "-auto-approve", *self._variables]), "Destroy complete")

    def plan(self, *, destroy: bool = False) -> Changes:
        """What an apply would change now."""
        self.data_directory.mkdir(parents=True, exist_ok=True)
        plan_file = self.data_directory / "plan"
        self._run(["plan", f"-out={plan_file}", *(("-destroy",) if destroy else ()), *self._variables])
        document = json.loads(self._run(["show", "-json", str(plan_file)], logged=False))
        return Changes(
            {
                change["address"]: tuple(change["change"]["actions"])
                for change in document.get("resource_changes", [])
                if change["change"]["actions"] not in (["no-op"], ["read"])
            },
            tuple(name for name, change in document.get("output_changes", {}).items() if change["actions"] != ["no-op"]),
        )

    def outputs(self) -> dict[str, Any]:
        """What `terraform output -json` prints, parsed."""
        document: dict[str, Any] = json.loads(self._run(["output", "-json"], logged=False))
        return document

    def addresses(self) -> list[str]:
        """Addresses of all resources in the state; empty where there is no state."""
        return self._run(["state", "list"]).split()

    @property
    def _variables(self) -> tuple[str, ...]:
        return tuple(f"-var-file={path}" for path in self.variable_files)

    def _run(self, arguments: Sequence[str], *, logged: bool = True) -> str:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        colourless = [arguments[0], "-no-color", *arguments[1:]] if arguments[0] != "state" else list(arguments)
        interactive = () if arguments[0] in ("show", "output", "state") else ("-input=false",)
        command = ["terraform", f"-chdir={self.source}", colourless[0], *interactive, *colourless[1:]]
        process = subprocess.Popen(
            command,
            env=self._process_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if logged else subprocess.PIPE,
            text=True,
        )
        try:
            printed, complaints = process.communicate()
        except KeyboardInterrupt:  # terraform got the Ctrl-C as well and is ending tidily: let it release its lock
            process.wait(timeout=60)
            raise
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ terraform {' '.join(arguments)}\n{printed if logged else complaints}\n")
        if process.returncode != 0:
            raise TerraformFailed(
                f"terraform {arguments[0]} failed.", *_error_lines(printed + (complaints or "")), f"All it said: {self.log}"
            )
        return printed

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


def _error_lines(printed: str) -> list[str]:
    """Terraform's own error blocks without their frame, bounded."""
    lines = [line.strip("│╷╵ \t") for line in printed.splitlines()]
    first = next((index for index, line in enumerate(lines) if line.startswith("Error:")), max(0, len(lines) - 10))
    return [line for line in lines[first:] if line][:_ERROR_LINES]
