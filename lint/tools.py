"""The linters: Go programs and Python programs, each pinned, in `.local/tools` alone.

Python linters have a lock file of hashes and a virtual environment of their own, since they pin packages that the
project needs in other versions. Go's are built from source, at a version whose sum Go's checksum database knows.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from console import Output
from lint.errors import Findings, MissingTool

LINT = Path(__file__).resolve().parent
_SECONDS = 1800
"""A build of tflint takes minutes on two cores."""


@dataclass(frozen=True)
class GoTool:
    """A program that `go install` builds."""

    name: str
    module: str
    version: str


@dataclass(frozen=True)
class PythonTool:
    """A program of a package that `lint/<name>.lock` pins."""

    name: str


TFLINT = GoTool("tflint", "github.com/terraform-linters/tflint", "v0.55.1")
ACTIONLINT = GoTool("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", "v1.7.7")
CHECKOV = PythonTool("checkov")
ZIZMOR = PythonTool("zizmor")


def go_tool(tool: GoTool, checkout: Path, output: Output) -> Path:
    """The program, built if this version is not there yet.

    Raises:
        MissingTool: Go is not installed, or the build failed.
    """
    home = checkout / ".local" / "tools" / f"{tool.name}-{tool.version}"
    program = home / tool.name
    if program.exists():
        return program
    if not shutil.which("go"):
        raise MissingTool(
            f"{tool.name} {tool.version} is built from source, and go is not on the PATH: install Go 1.23 or newer.",
            "Debian: `apt-get install golang-go`; macOS: `brew install go`.",
        )
    output.notice(f"Building {tool.name} {tool.version} (once; a few minutes).")
    home.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOBIN": str(home), "GOFLAGS": "-buildvcs=false -trimpath"}
    _install(["go", "install", f"{tool.module}@{tool.version}"], tool.name, environment)
    return program


def python_tool(tool: PythonTool, checkout: Path, output: Output) -> Path:
    """The program in its virtual environment, made again where its lock file has changed.

    Raises:
        MissingTool: the environment could not be made.
    """
    lock = LINT / f"{tool.name}.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    home = checkout / ".local" / "tools" / f"{tool.name}-{digest}"
    program = home / "bin" / tool.name
    if (home / ".complete").exists():
        return program
    output.notice(f"Installing {tool.name} (once).")
    _install([sys.executable, "-m", "venv", "--clear", str(home)], tool.name)
    pip = [str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(lock)]
    _install(pip, tool.name)
    (home / ".complete").touch()
    return program


def run(name: str, command: list[str], *, where: Path, environment: dict[str, str] | None = None) -> str:
    """Run a linter and return what it printed.

    Raises:
        Findings: its exit code was not 0.
    """
    done = subprocess.run(
        command, cwd=where, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    if done.returncode != 0:
        raise Findings(f"{name} has something to say.", *(done.stdout + done.stderr).strip().splitlines())
    return done.stdout


def _install(command: list[str], name: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS)
    if done.returncode != 0:
        raise MissingTool(f"{name} could not be installed: `{' '.join(command)}` failed.", *done.stderr.strip().splitlines()[-5:])
