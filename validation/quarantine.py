"""The error area read as a quarantine: records grouped by type, code and derived reason, with samples decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from console import Column, ExitCode, Output
from validation.error_area import ErrorArea, ErrorProblem, ErrorRecord
from validation.findings import SAMPLES
from validation.reasons import Explainer

_SHOWN = 300


@dataclass
class Group:
    """Records of one type, code and reason."""

    type: str
    code: str
    reason: str
    records: int = 0
    first_arrival: datetime | None = None
    last_arrival: datetime | None = None
    samples: list[ErrorRecord] = field(default_factory=list)

    def add(self, record: ErrorRecord, samples: int) -> None:
        """Take one record, and keep it as a sample while there is room."""
        self.records += 1
        if record.arrival is not None:
            self.first_arrival = min(self.first_arrival or record.arrival, record.arrival)
            self.last_arrival = max(self.last_arrival or record.arrival, record.arrival)
        if len(self.samples) < samples:
            self.samples.append(record)


@dataclass
class Quarantine:
    """All groups, largest first, and what could not be read."""

    groups: list[Group]
    broken: int
    unavailable: int
    problems: list[ErrorProblem]


def group(area: ErrorArea, explainer: Explainer, samples: int) -> Quarantine:
    """Read the whole error area.

    Raises:
        StorageRefused: the prefix cannot be listed.
    """
    groups: dict[tuple[str, str, str], Group] = {}
    problems: list[ErrorProblem] = []
    broken = unavailable = 0
    objects = area.list()
    written = {item.key: item.last_modified for item in objects}
    for item in area.read(objects):
        if isinstance(item, ErrorRecord):
            of = (item.type, item.code, explainer.reason(item, written[item.key]))
            groups.setdefault(of, Group(*of)).add(item, samples)
        elif isinstance(item, ErrorProblem):
            broken, unavailable = broken + item.available, unavailable + (not item.available)
            if len(problems) < SAMPLES:
                problems.append(item)
    ordered = sorted(groups.values(), key=lambda found: (-found.records, found.type, found.code, found.reason))
    return Quarantine(ordered, broken, unavailable, problems)


def say(output: Output, found: Quarantine) -> ExitCode:
    """Show the groups; a line that cannot be read fails, an object that cannot be fetched leaves it open."""
    rows = [(item.type, item.code, item.reason, item.records, _time(item.first_arrival), _time(item.last_arrival)) for item in found.groups]
    output.table(
        "groups",
        ("type", "code", "reason", "records", Column("first_arrival", "first arrival"), Column("last_arrival", "last arrival")),
        rows,
        "Error records",
    )
    for item in found.groups:
        for record in item.samples:
            where = f"{item.type}, {item.code}, {item.reason}: {record.key} line {record.line}"
            output.result("sample", _as_json(record, item.reason), f"{where}\n  {record.message}\n  {_shown(record.payload)}")
    for problem in found.problems:
        line = "" if problem.line is None else f" line {problem.line}"
        output.result("problem", {"key": problem.key, "line": problem.line, "said": problem.said}, f"{problem.key}{line}: {problem.said}")
    if found.broken:
        return ExitCode.CHECK_FAILED
    return ExitCode.COULD_NOT_RUN if found.unavailable else ExitCode.PASS


def _shown(payload: bytes) -> str:
    """The payload as text where it is text, cut where it is long; else as Python shows bytes."""
    if not payload:
        return "(no bytes)"
    cut = payload[:_SHOWN]
    more = f"... ({len(payload):,} bytes)" if len(payload) > _SHOWN else ""
    try:
        text = cut.decode() if not more else cut.decode(errors="ignore")
    except UnicodeDecodeError:
        return f"{cut!r}{more}"
    return (text if text.isprintable() else repr(text)) + more


def _as_json(record: ErrorRecord, reason: str) -> Mapping[str, Any]:
    return {
        "type": record.type,
        "code": record.code,
        "reason": reason,
        "message": record.message,
        "key": record.key,
        "line": record.line,
        "arrival": _time(record.arrival),
        "attempts": record.attempts,
        "payload": _shown(record.payload),
    }


def _time(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="milliseconds") if instant else None
