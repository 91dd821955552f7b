"""What a zip is built for: a Lambda runtime and an architecture, and what this machine can run of them."""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import dataclass

from lambda_package.errors import UnknownTarget

_RUNTIME = re.compile(r"python3\.(\d{1,2})", re.ASCII)
_MINORS = range(11, 15)
"""The Pythons this project is written and locked for."""
_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}
_LAMBDA_NAMES = {"x86_64": "x86_64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Target:
    """One runtime on one architecture, by Lambda's names (`python3.13`, `arm64`)."""

    runtime: str
    architecture: str

    @property
    def python_version(self) -> str:
        return self.runtime.removeprefix("python")

    @property
    def platforms(self) -> tuple[str, ...]:
        """Wheel platforms that load there: Amazon Linux 2 (glibc 2.26) up to python3.11, Amazon Linux 2023 (2.34) from 3.12
        (Lambda developer guide, "Lambda runtimes")."""
        machine = _ARCHITECTURES[self.architecture]
        glibc = ["2_17"] if self.python_version == "3.11" else ["2_17", "2_28", "2_34"]
        return (f"manylinux2014_{machine}", *(f"manylinux_{version}_{machine}" for version in glibc))


def target(runtime: str, architecture: str) -> Target:
    """A checked target.

    Raises:
        UnknownTarget
    """
    match = _RUNTIME.fullmatch(runtime)
    if match is None or int(match[1]) not in _MINORS:
        raise UnknownTarget(
            f"lambda_package: runtime is {runtime!r}.", f"Choose one of {', '.join(f'python3.{minor}' for minor in _MINORS)}."
        )
    if architecture not in _LAMBDA_NAMES.values():
        raise UnknownTarget(f"lambda_package: architecture is {architecture!r}.", "Choose x86_64 or arm64.")
    return Target(runtime, architecture)


def machine() -> tuple[str, str]:
    """Runtime and architecture that this machine, with this Python, can run.

    Raises:
        UnknownTarget: Lambda has no such architecture.
    """
    name = platform.machine()
    try:
        architecture = _LAMBDA_NAMES[_ARCHITECTURES[name.lower()]]
    except KeyError:
        raise UnknownTarget(f"lambda_package: this machine is {name!r}; Lambda has x86_64 and arm64.") from None
    return f"python{sys.version_info.major}.{sys.version_info.minor}", architecture
