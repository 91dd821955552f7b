"""The call log: one JSON line for each AWS call, with the principal that made it."""

from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class CallLog:
    """Appends lines to `path`; every line is whole, also with many threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def write(
        self,
        *,
        principal: str,
        access_key_id: str | None,
        service: str,
        action: str,
        resource: str | None,
        status: int,
        milliseconds: float,
    ) -> None:
        line: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "principal": principal,
            "access_key_id": access_key_id,
            "service": service,
            "action": action,
            "resource": resource,
            "status": status,
            "milliseconds": round(milliseconds, 1),
        }
        text = json.dumps(line, ensure_ascii=False) + "\n"
        with self._lock:
            try:
                self._file.write(text)
            except (OSError, ValueError):
                log.exception("a call could not be logged")

    def close(self) -> None:
        with self._lock:
            self._file.close()
