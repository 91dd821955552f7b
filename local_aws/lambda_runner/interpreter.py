"""Which Python runs a function, and the runtime's folder beside it.

A function of runtime `python3.X` runs on a Python of exactly that version: this one, or `python3.X` on PATH where
awslambdaric and boto3 are installed for it. Anything else is refused by name; nothing runs on "about the same" Python,
since a package's compiled modules would not load, or worse, would.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_aws.lambda_runner.errors import InvalidRuntime

_LAYOUT = Path(__file__).with_name("runtime_layout.py")
_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Interpreter:
    """A Python that can run functions."""

    executable: str
    python_version: str
    runtime_dir: Path
    """Links to the packages of AWS's runtime and to nothing else (AWS: /var/runtime)."""


class Interpreters:
    """Finds interpreters, each once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._found: dict[str, Interpreter] = {}
        self._lock = threading.Lock()

    def find(self, runtime: str, architecture: str) -> Interpreter:
        """The interpreter for a function's runtime and architecture.

        Raises:
            InvalidRuntime: there is none on this machine.
        """
        machine = _ARCHITECTURES.get(platform.machine().lower(), platform.machine())
        if architecture != machine:
            raise InvalidRuntime(
                f"lambda: the function is built for {architecture}, this machine is {machine}.",
                "The local target runs a function's own machine code, without emulation.",
                f'Deploy it with architecture "{machine}" here; production may keep another.',
            )
        if not re.fullmatch(r"python3\.\d+", runtime):
            raise InvalidRuntime(f'lambda: runtime "{runtime}" does not run locally; only Python runtimes (python3.X) do.')
        with self._lock:
            if runtime not in self._found:
                self._found[runtime] = self._prepare(runtime)
            return self._found[runtime]

    def _prepare(self, runtime: str) -> Interpreter:
        current = f"python{sys.version_info.major}.{sys.version_info.minor}"
        executable = sys.executable if runtime == current else shutil.which(runtime)
        if executable is None:
            raise InvalidRuntime(
                f'lambda: runtime "{runtime}" needs {runtime}, which is not on PATH; this target runs on {current}.',
                f'Deploy the function with runtime "{current}", or install {runtime} with awslambdaric and boto3.',
            )
        asked = subprocess.run((executable, "-I", str(_LAYOUT)), capture_output=True, text=True, check=False)
        if asked.returncode != 0:
            raise InvalidRuntime(
                f'lambda: runtime "{runtime}": {executable} does not run.',
                asked.stderr.strip().splitlines()[-1] if asked.stderr.strip() else f"It ended with status {asked.returncode}.",
                f'Deploy the function with runtime "{current}", or repair that interpreter.',
            )
        layout = json.loads(asked.stdout)
        if layout["missing"]:
            raise InvalidRuntime(
                f'lambda: runtime "{runtime}": {executable} has no {", no ".join(sorted(layout["missing"]))}.',
                f'Install it there (`{executable} -m pip install awslambdaric boto3`), or deploy with runtime "{current}".',
            )
        return Interpreter(layout["executable"], layout["python"], self._linked(runtime, layout["links"]))

    def _linked(self, runtime: str, links: Mapping[str, str]) -> Path:
        """A folder that holds exactly `links`; made aside and renamed, so that it is complete or absent."""
        named = hashlib.sha256(json.dumps(links, sort_keys=True).encode()).hexdigest()[:12]
        folder = self._directory / f"{runtime}-{named}"
        if folder.is_dir():
            return folder
        self._directory.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=self._directory))
        for name, target in links.items():
            (aside / name).symlink_to(target)
        try:
            os.rename(aside, folder)  # noqa: PTH104 - Path.rename would do the same; a folder in place means another made it
        except OSError:
            shutil.rmtree(aside)
        return folder
