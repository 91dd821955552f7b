"""The words and tables of the validation, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from console import Column, Output
from validation.audit import Audit
from validation.findings import CheckResult, Outcome, verdict
from validation.sheet import Line, Sheet

_LINE = (
    "sent",
    Column("row_count", "rows"),
    Column("error_count", "errors"),
    Column("in_flight", "in flight"),
    "missing",
    "duplicates",
)


def say_sheet(output: Output, sheet: Sheet) -> None:
    """The tables of the balance: per class, per run where there are several, per event date."""
    rows = [(name, *_numbers(line)) for name, line in sheet.classes.items()]
    output.table("classes", ("class", *_LINE), [*rows, ("total", *_numbers(sheet.total))], "Messages by class")
    output.table(
        "runs",
        ("run", "state", *_LINE, Column("unconfirmed_seen", "unconfirmed, seen")),
        [(found.run.tag, found.run.manifest.state.value, *_numbers(found.total), found.unconfirmed_seen) for found in sheet.runs],
        "Runs (values without bytes are in the total above only)",
    )
    dates = [(day.isoformat(), line.sent, line.rows, line.sent - line.rows) for day, line in sheet.dates.items()]
    output.table(
        "event_dates", (Column("event_date", "event date"), "sent", Column("row_count", "rows"), "outstanding"), dates, "Rows by event date"
    )
    if sheet.foreign_rows or sheet.foreign_errors or sheet.empty.surplus:
        _say_foreign(output, sheet)


def say_checks(output: Output, results: Sequence[CheckResult]) -> None:
    """The checks, the offenders they name, and the verdict."""
    rows = [(found.outcome.value, found.check.id, found.check.title, found.said, found.looked_at, found.offenders) for found in results]
    columns = (
        "outcome",
        "check",
        Column("title", "what must hold"),
        Column("said", "found"),
        Column("looked_at", None),
        Column("offenders", None),
    )
    output.table("checks", columns, rows, "Checks")
    for found in results:
        if found.outcome is not Outcome.PASSED:
            _say_finding(output, found)


def say_verdict(output: Output, results: Sequence[CheckResult], audit: Audit, seconds: float) -> None:
    """One line: what was looked at, how fast, and the verdict."""
    outcome, rows = verdict(results), audit.row_checks.rows
    value: dict[str, Any] = {
        "outcome": outcome.value,
        "objects": audit.objects,
        "bytes": audit.bytes,
        "row_count": rows,
        "seconds": seconds,
    }
    failed = ", ".join(found.check.id for found in results if found.outcome is outcome and outcome is not Outcome.PASSED)
    read = f"{audit.objects:,} objects, {rows:,} rows, {audit.bytes / 2**20:,.1f} MiB read in {seconds:,.1f} s"
    output.result("verdict", value, f"Verdict: {outcome.words}{f' ({failed})' if failed else ''}; {read}.")


def _say_foreign(output: Output, sheet: Sheet) -> None:
    value = {"row_count": sheet.foreign_rows, "error_count": sheet.foreign_errors, "empty_values_beyond_sent": sheet.empty.surplus}
    text = f"Not of these runs: {sheet.foreign_rows:,} rows, {sheet.foreign_errors:,} error records."
    if sheet.empty.surplus:
        text += (
            f"\nValues without bytes beyond those sent: {sheet.empty.surplus:,} (delivered twice, or another run's: they cannot be told)."
        )
    output.result("foreign", value, text)


def _say_finding(output: Output, found: CheckResult) -> None:
    lines = [f"{found.outcome.words} {found.check.id}: {found.said}", *(f"  {sample}" for sample in found.samples)]
    if found.offenders > len(found.samples) > 0:
        lines.append("  ...")
    output.result("finding", found.as_json(), "\n".join(lines))


def _numbers(line: Line) -> tuple[int, ...]:
    return line.sent, line.rows, line.errors, line.in_flight, line.missing, line.duplicates
