"""What the sheet says, as checks: nothing missing, duplicates within their budget, every date full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from console import UsageError
from manifest import State
from validation.arrivals import Arrivals
from validation.findings import SAMPLES, Check, CheckResult, Outcome, Sample
from validation.sheet import RunSheet, Sheet

BALANCE = Check("balance", "Everything that Kafka acknowledged is a row or an error record")
DUPLICATES = Check("duplicates", "Duplicates beyond intended copies stay within their budget")
EVENT_DATES = Check("event_dates", "Every event date holds the rows that were sent for it")
SENT_ONLY = Check("sent_only", "Nothing arrived of these runs that was never sent")
MANIFESTS = Check("manifests", "The manifests agree with themselves")


@dataclass(frozen=True)
class Budget:
    """How many duplicates are accepted: so many messages, or a share of those sent."""

    count: int | None = None
    rate: float | None = None

    @staticmethod
    def parse(text: str) -> Budget:
        """`100` is a count; `0.1%` and `0.001` are rates.

        Raises:
            UsageError: neither.
        """
        try:
            if text.endswith("%"):
                found = Budget(rate=float(text[:-1]) / 100)
            elif "." in text:
                found = Budget(rate=float(text))
            else:
                found = Budget(count=int(text))
        except ValueError:
            raise UsageError(f"--duplicates-budget: {text!r} is neither a count (100) nor a rate (0.1% or 0.001).") from None
        if (found.count or 0) < 0 or not 0 <= (found.rate or 0) <= 1:
            raise UsageError(f"--duplicates-budget: {text} is out of range; a count is 0 or more, a rate 0 to 1 (or 0% to 100%).")
        return found

    def allows(self, sent: int) -> int:
        """How many duplicates this is of so many messages."""
        return self.count if self.count is not None else int((self.rate or 0) * sent)

    def __str__(self) -> str:
        return f"{self.count:,}" if self.count is not None else f"{(self.rate or 0):.4%}"


DEFAULT_BUDGET = Budget(rate=0.001)
"""Delivery is at least once (developer guide, "data delivery semantics"); a healthy day has no redelivery worth more."""


def judge(sheet: Sheet, arrivals: Arrivals, budget: Budget, unavailable: int) -> tuple[CheckResult, ...]:
    """The checks that need manifests. `unavailable` is how many objects could not be fetched: what is in them is not missing."""
    if not sheet.runs:
        said = "there is no manifest, so nothing tells what was sent"
        return (CheckResult(BALANCE, Outcome.NOT_CONCLUDED, 0, 0, said),)
    nothing_arrived = Outcome.NOT_CONCLUDED if sheet.total.sent else Outcome.PASSED
    return (
        _manifests(sheet),
        _balance(sheet, unavailable),
        _duplicates(sheet, budget),
        _event_dates(sheet),
        _sent_only(sheet),
        arrivals.outcomes.result("events", when_empty=nothing_arrived),
        arrivals.reasons.result("refused events", when_empty=Outcome.PASSED),
        _content(arrivals, nothing_arrived),
    )


def _content(arrivals: Arrivals, nothing_arrived: Outcome) -> CheckResult:
    """A difference is a failure; a run whose events cannot be made again leaves the rest open."""
    result = arrivals.content.result("rows and refused events", when_empty=nothing_arrived)
    hindrances = [found.hindrance for found in arrivals.originals if found.hindrance]
    if not hindrances or result.outcome is Outcome.FAILED:
        return result
    return replace(result, outcome=Outcome.NOT_CONCLUDED, said=f"{result.said}; not compared: {'; '.join(hindrances)}")


def _manifests(sheet: Sheet) -> CheckResult:
    said = [Sample(f"{found.run.path}: class {text}") for found in sheet.runs for text in found.contradictions]
    outcome = Outcome.FAILED if said else Outcome.PASSED
    return CheckResult(
        MANIFESTS,
        outcome,
        len(sheet.runs),
        len(said),
        f"{len(sheet.runs):,} manifest{'' if len(sheet.runs) == 1 else 's'}",
        tuple(said[:SAMPLES]),
    )


def _balance(sheet: Sheet, unavailable: int) -> CheckResult:
    total, samples = sheet.total, tuple(_outstanding(sheet.runs))[:SAMPLES]
    if total.missing and not unavailable:
        said = f"{total.missing:,} of {total.sent:,} messages are missing: nothing more arrived by the deadline (--deadline waits longer)"
        return CheckResult(BALANCE, Outcome.FAILED, total.sent, total.missing, said, samples)
    if total.missing:
        said = f"{total.missing:,} of {total.sent:,} messages were not found, but {unavailable:,} objects could not be fetched"
        return CheckResult(BALANCE, Outcome.NOT_CONCLUDED, total.sent, 0, said, samples)
    if total.in_flight:
        until = f"{sheet.deadline:%H:%M:%S} UTC" if sheet.deadline else "an unknown time"
        said = f"{total.in_flight:,} of {total.sent:,} messages are in flight; missing after {until} if nothing more arrives (--wait waits)"
        return CheckResult(BALANCE, Outcome.NOT_CONCLUDED, total.sent, 0, said, samples)
    if running := [found.run.tag for found in sheet.runs if found.run.manifest.state is State.RUNNING]:
        said = f"run {', '.join(running)} has not ended: all {total.sent:,} messages so far arrived (--wait waits for its end)"
        stopped = all(found.overdue for found in sheet.runs if found.run.manifest.state is State.RUNNING)
        return CheckResult(BALANCE, Outcome.PASSED if stopped else Outcome.NOT_CONCLUDED, total.sent, 0, said)
    if not total.sent:
        return CheckResult(BALANCE, Outcome.NOT_CONCLUDED, 0, 0, "the manifests say that nothing was acknowledged")
    return CheckResult(BALANCE, Outcome.PASSED, total.sent, 0, f"all {total.sent:,} messages arrived")


def _outstanding(runs: Sequence[RunSheet]) -> Iterator[Sample]:
    for found in runs:
        for event in found.outstanding:
            name = found.run.manifest.class_of(event.worker, event.index)
            yield Sample(f"event {event.run}/{event.worker}/{event.index} ({name}) was not seen as often as it was sent")


def _duplicates(sheet: Sheet, budget: Budget) -> CheckResult:
    total = sheet.total
    allowed = budget.allows(total.sent)
    said = f"{total.duplicates:,} of {total.sent:,} messages ({total.duplicates / max(total.sent, 1):.4%}), budget {budget}"
    samples = [Sample(f"event {event.run}/{event.worker}/{event.index}") for found in sheet.runs for event in found.duplicated]
    within = total.duplicates <= allowed
    return CheckResult(
        DUPLICATES,
        Outcome.PASSED if within else Outcome.FAILED,
        total.sent,
        0 if within else total.duplicates,
        said,
        tuple(samples[:SAMPLES]),
    )


def _event_dates(sheet: Sheet) -> CheckResult:
    """Where something is outstanding, a date may still be short of rows; it can never have more."""
    dates = sheet.dates
    wrong = [
        Sample(f"{day}: {line.rows:,} rows of {line.sent:,} sent")
        for day, line in dates.items()
        if line.rows > line.sent or (line.rows < line.sent and not sheet.total.outstanding)
    ]
    outcome = Outcome.FAILED if wrong else Outcome.NOT_CONCLUDED if sheet.total.outstanding else Outcome.PASSED
    said = f"{len(wrong):,} of {len(dates):,} dates differ" if wrong else f"{len(dates):,} dates"
    if outcome is Outcome.NOT_CONCLUDED:
        said += "; the balance is not closed"
    return CheckResult(EVENT_DATES, outcome, len(dates), len(wrong), said, tuple(wrong[:SAMPLES]))


def _sent_only(sheet: Sheet) -> CheckResult:
    never = {found.run.tag: found.never_sent for found in sheet.runs if found.never_sent}
    count = sum(never.values())
    samples = tuple(Sample(f"run {tag}: {number:,} records of events that it never handed to Kafka") for tag, number in never.items())
    looked_at = sheet.total.rows + sheet.total.errors
    return CheckResult(SENT_ONLY, Outcome.FAILED if count else Outcome.PASSED, looked_at, count, f"{count:,} records", samples[:SAMPLES])
