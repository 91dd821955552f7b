"""`status.json` of one stream: written by its data plane about every second, read by the supervisor and by people."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

FILE_NAME = "status.json"


class Status(Enum):
    """States of a stream's data plane; SUSPENDED is no state of the API, "Troubleshoot Amazon MSK" names it."""

    CREATING = "CREATING"
    ACTIVE = "ACTIVE"
    CREATING_FAILED = "CREATING_FAILED"
    SUSPENDED = "SUSPENDED"

    @property
    def is_final(self) -> bool:
        """Whether only replacing the stream helps."""
        return self in (Status.CREATING_FAILED, Status.SUSPENDED)


@dataclass(frozen=True)
class Report:
    """What a status file says."""

    status: Status
    failure: tuple[str, str] | None
    values: Mapping[str, Any]


def write(directory: Path, status: Status, failure: tuple[str, str] | None, values: Mapping[str, Any]) -> None:
    """Replace the file."""
    directory.mkdir(parents=True, exist_ok=True)
    temporary = directory / "status.tmp"
    named = {"type": failure[0], "details": failure[1]} if failure else None
    temporary.write_text(json.dumps({**values, "status": status.value, "failure": named}, default=str), encoding="utf-8")
    temporary.replace(directory / FILE_NAME)


def read(directory: Path) -> Report | None:
    """What the file says; None where there is none yet."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        values = json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))
        failure = values.get("failure")
        return Report(Status(values["status"]), (failure["type"], failure["details"]) if failure else None, values)
    return None
