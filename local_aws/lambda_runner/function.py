"""The values that cross the runner's door: a function's configuration, its role's keys, and what an invocation gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Function:
    """One function version, as its configuration says."""

    name: str
    arn: str
    version: str
    """`$LATEST` or a number."""
    zip_path: Path
    code_sha256: str
    """Names the code: two functions with the same value share one unpacked folder."""
    handler: str
    runtime: str
    """`python3.11`"""
    architecture: str
    """`x86_64` or `arm64`"""
    timeout_seconds: int
    memory_mib: int
    environment: Mapping[str, str]
    role_arn: str
    reserved_concurrency: int | None
    log_group: str

    @property
    def unqualified_arn(self) -> str:
        """Without version or alias; reserved concurrency counts over all versions of it."""
        return ":".join(self.arn.split(":")[:7])

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """What a running environment was started with; another value needs another environment."""
        return (
            self.version,
            self.code_sha256,
            str(self.zip_path),
            self.handler,
            self.runtime,
            self.architecture,
            self.timeout_seconds,
            self.memory_mib,
            tuple(sorted(self.environment.items())),
            self.role_arn,
            self.log_group,
        )


@dataclass(frozen=True)
class RoleCredentials:
    """Temporary keys of the function's role."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires: datetime
    """With a time zone."""


@dataclass(frozen=True)
class InvocationResult:
    """What the Invoke API answers with status 200."""

    payload: bytes
    function_error: str | None
    """`Unhandled` where the function failed in any way; None where it returned."""
    log_tail: bytes
    """The last 4 KiB of this invocation's log, not yet base64."""
    executed_version: str
    request_id: str
