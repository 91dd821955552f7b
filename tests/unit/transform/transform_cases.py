"""The cases of `data/cases.json`, read."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from transform.window import DEFAULT_EARLIEST, AcceptedWindow, epoch_ms

DATA = Path(__file__).resolve().parents[3] / "data"


@dataclass(frozen=True)
class Case:
    """One entry of `data/cases.json`."""

    name: str
    value: bytes | None
    arrival_ms: int
    window: AcceptedWindow
    row: dict[str, Any] | None
    reason: str | None


def cases() -> list[Case]:
    document = json.loads((DATA / "cases.json").read_text(encoding="utf-8"))
    return [_case(entry, document) for entry in document["cases"]]


def _case(entry: dict[str, Any], document: dict[str, Any]) -> Case:
    if "payload_base64" in entry:
        value = base64.b64decode(entry["payload_base64"])
    else:
        value = None if entry["payload"] is None else entry["payload"].encode()
    window = entry.get("window", document["window"])
    earliest = window.get("earliest_event_date")
    return Case(
        name=entry["name"],
        value=value,
        arrival_ms=epoch_ms(datetime.fromisoformat(entry.get("arrival", document["arrival"]))),
        window=AcceptedWindow(
            date.fromisoformat(earliest) if earliest else DEFAULT_EARLIEST,
            window.get("max_event_age_days"),
            window["max_future_skew_hours"],
        ),
        row=entry["expect"].get("row"),
        reason=entry["expect"].get("reason"),
    )
