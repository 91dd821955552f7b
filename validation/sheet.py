"""The balance sheet of a lake: sent = rows + error records + in flight, per class and per event date.

It counts messages: an event that is sent twice on purpose must arrive twice. Of each event, at most as many copies count
as arrived as were sent; what is seen beyond that is duplicates, whether rows, error records, or one of each. What was
acknowledged and not seen is in flight until the run's deadline has passed, and missing afterwards.

Events whose value has no bytes cannot be told from one another, nor one run's from another's: they are only counted,
for all runs together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from manifest import Identity, Range, State
from validation.findings import SAMPLES
from validation.runs import Numbers, Run
from validation.tally import RunTally

_SLICE = 1 << 20
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Line:
    """One line of the sheet, in messages."""

    sent: int = 0
    """Acknowledged by Kafka."""
    rows: int = 0
    errors: int = 0
    in_flight: int = 0
    missing: int = 0
    duplicates: int = 0
    """Seen beyond the copies that were sent."""

    def __add__(self, other: Line) -> Line:
        return Line(
            self.sent + other.sent,
            self.rows + other.rows,
            self.errors + other.errors,
            self.in_flight + other.in_flight,
            self.missing + other.missing,
            self.duplicates + other.duplicates,
        )

    @property
    def outstanding(self) -> int:
        return self.in_flight + self.missing


@dataclass(frozen=True)
class DateLine:
    """What must rest in one event date, and what does, in messages."""

    sent: int
    rows: int


@dataclass(frozen=True)
class RunSheet:
    """The sheet of one run; events without bytes are not in it."""

    run: Run
    classes: Mapping[str, Line]
    dates: Mapping[date, DateLine]
    unconfirmed_seen: int
    """Records of events that Kafka did not acknowledge and that arrived all the same; they are not in the lines."""
    never_sent: int
    """Records of planned events that the manifest says were not handed to Kafka."""
    deadline: datetime
    overdue: bool
    """The deadline has passed, so what is outstanding is missing."""
    outstanding: tuple[Identity, ...]
    """The first few that are in flight or missing."""
    duplicated: tuple[Identity, ...]
    """The first few that were seen more often than sent."""
    uncountable_unconfirmed: int
    """Unconfirmed messages whose value has no bytes."""
    contradictions: tuple[str, ...]
    """Classes of which the manifest counts another number than its ranges hold."""

    @property
    def total(self) -> Line:
        return sum(self.classes.values(), Line())


@dataclass(frozen=True)
class EmptyValues:
    """Values without bytes, all runs together: sent, and error records with an empty payload."""

    line: Line
    classes: tuple[str, ...]
    unconfirmed: int
    """May or may not have been sent."""
    surplus: int
    """Seen beyond what was sent: redelivered, or another run's; which of both cannot be told."""


@dataclass(frozen=True)
class Sheet:
    """The whole balance."""

    runs: tuple[RunSheet, ...]
    empty: EmptyValues
    foreign_rows: int
    foreign_errors: int

    @property
    def total(self) -> Line:
        return sum((found.total for found in self.runs), self.empty.line)

    @property
    def closed(self) -> bool:
        """Every run has ended and everything acknowledged was seen."""
        return not self.total.outstanding and not any(found.run.manifest.state is State.RUNNING for found in self.runs)

    @property
    def settled(self) -> bool:
        """Waiting changes nothing any more: all was seen, or every deadline has passed."""
        return self.closed or (not self.total.in_flight and all(found.overdue for found in self.runs))

    @property
    def deadline(self) -> datetime | None:
        """When the last of what is outstanding becomes missing, if nothing more arrives."""
        return max((found.deadline for found in self.runs), default=None)

    @property
    def classes(self) -> dict[str, Line]:
        """Lines by class over all runs, classes without anything left out."""
        found: defaultdict[str, Line] = defaultdict(Line)
        for sheet in self.runs:
            for name, line in sheet.classes.items():
                found[name] += line
        if self.empty.classes:
            found[", ".join(self.empty.classes)] += self.empty.line
        return {name: line for name, line in found.items() if line != Line()}

    @property
    def dates(self) -> dict[date, DateLine]:
        """What must rest in each date over all runs."""
        found: defaultdict[date, DateLine] = defaultdict(lambda: DateLine(0, 0))
        for sheet in self.runs:
            for day, line in sheet.dates.items():
                found[day] = DateLine(found[day].sent + line.sent, found[day].rows + line.rows)
        return dict(sorted(found.items()))


@dataclass(frozen=True)
class Seen:
    """What was counted apart from the runs' own events."""

    empty_errors: int = 0
    foreign_rows: int = 0
    foreign_errors: int = 0
    empty_progress: datetime | None = None


def balance(tallies: Sequence[RunTally], seen: Seen, now: datetime, allowance: timedelta) -> Sheet:
    """Close the books as they stand at `now`. `allowance` is how long after the last progress an event may stay away."""
    runs = tuple(_RunBalance(tally).sheet(now, allowance) for tally in tallies)
    return Sheet(runs, _empty_values(runs, seen, now, allowance), seen.foreign_rows, seen.foreign_errors)


class _RunBalance:
    """Adds up one run, a slice of one worker's events at a time."""

    def __init__(self, tally: RunTally) -> None:
        self._tally = tally
        self._run = tally.run
        classes = len(tally.run.times)
        self._events, self._sent, self._rows, self._errors, self._duplicates = (np.zeros(classes, np.int64) for _ in range(5))
        self._by_day: defaultdict[int, int] = defaultdict(int)
        self._in_ranges = 0
        self._unconfirmed_seen = 0
        self._uncountable_unconfirmed = 0
        self._outstanding: list[Identity] = []
        self._duplicated: list[Identity] = []

    def sheet(self, now: datetime, allowance: timedelta) -> RunSheet:
        run, tally = self._run, self._tally
        for part in _slices(run.manifest.acknowledged):
            self._add(part, acknowledged=True)
        for part in _slices(run.manifest.unconfirmed):
            self._add(part, acknowledged=False)
        everything = int(tally.rows.sum(dtype=np.int64) + tally.errors.sum(dtype=np.int64))
        deadline = max(run.ended_at, tally.progress or run.ended_at) + allowance
        overdue = now >= deadline
        return RunSheet(
            run=run,
            classes=self._lines(overdue),
            dates=self._dates(),
            unconfirmed_seen=self._unconfirmed_seen,
            never_sent=everything - self._in_ranges,
            deadline=deadline,
            overdue=overdue,
            outstanding=tuple(self._outstanding),
            duplicated=tuple(self._duplicated),
            uncountable_unconfirmed=self._uncountable_unconfirmed,
            contradictions=self._contradictions(),
        )

    def _add(self, part: Range, *, acknowledged: bool) -> None:
        run, tally = self._run, self._tally
        workers, count = run.manifest.workers, len(run.times)
        start = part.first * workers + part.worker
        which = slice(start, part.last * workers + part.worker + 1, workers)
        kind = run.manifest.class_numbers(part.worker, part.first, len(part))
        rows, errors = tally.rows[which].astype(np.int64), tally.errors[which].astype(np.int64)
        sent = (run.times * run.identifiable)[kind]
        rows_due = np.minimum(rows, sent)
        errors_due = np.minimum(errors, sent - rows_due)
        surplus = rows + errors - rows_due - errors_due
        self._in_ranges += int((rows + errors).sum())
        self._duplicates += _by_class(kind, surplus, count)
        self._sample(self._duplicated, start, surplus)
        if not acknowledged:
            self._unconfirmed_seen += int((rows_due + errors_due).sum())
            self._uncountable_unconfirmed += int((run.times * ~run.identifiable)[kind].sum())
            return
        self._events += np.bincount(kind, minlength=count)
        self._sent += _by_class(kind, sent, count)
        self._rows += _by_class(kind, rows_due, count)
        self._errors += _by_class(kind, errors_due, count)
        self._sample(self._outstanding, start, sent - rows_due - errors_due)
        days, places = np.unique(tally.days(which)[rows_due > 0], return_inverse=True)
        for day, number in zip(days.tolist(), np.bincount(places, rows_due[rows_due > 0]).tolist(), strict=True):
            self._by_day[day] += int(number)

    def _sample(self, kept: list[Identity], start: int, numbers: Numbers) -> None:
        if len(kept) < SAMPLES:
            found = np.flatnonzero(numbers)[: SAMPLES - len(kept)]
            kept.extend(self._run.identity(start + int(place) * self._run.manifest.workers) for place in found)

    def _lines(self, overdue: bool) -> dict[str, Line]:
        lines: dict[str, Line] = {}
        for number, name in enumerate(self._run.manifest.class_names):
            if not self._run.identifiable[number]:
                continue
            sent, rows, errors = int(self._sent[number]), int(self._rows[number]), int(self._errors[number])
            outstanding = sent - rows - errors
            in_flight, missing = (0, outstanding) if overdue else (outstanding, 0)
            lines[name] = Line(sent, rows, errors, in_flight, missing, int(self._duplicates[number]))
        if self._tally.beyond:
            first = next(iter(lines))
            lines[first] += Line(duplicates=self._tally.beyond)
        return lines

    def _dates(self) -> dict[date, DateLine]:
        due = {date.fromisoformat(day): found.copies for day, found in self._run.manifest.event_dates.items()}
        seen = {_EPOCH + timedelta(days=day): number for day, number in self._by_day.items()}
        return {day: DateLine(due.get(day, 0), seen.get(day, 0)) for day in sorted({*due, *seen})}

    def _contradictions(self) -> tuple[str, ...]:
        counted = self._run.manifest.classes.items()
        return tuple(
            f"{name}: {found.acknowledged:,} counted, {int(events):,} in the acknowledged ranges"
            for (name, found), events in zip(counted, self._events, strict=True)
            if found.acknowledged != events
        )


def _empty_values(runs: Sequence[RunSheet], seen: Seen, now: datetime, allowance: timedelta) -> EmptyValues:
    sent = 0
    names: dict[str, None] = {}
    for found in runs:
        for name, counted in found.run.manifest.classes.items():
            if not counted.identifiable:
                names[name] = None
                sent += counted.copies
    unconfirmed = sum(found.uncountable_unconfirmed for found in runs)
    arrived = min(seen.empty_errors, sent)
    surplus = max(0, seen.empty_errors - sent - unconfirmed)
    deadlines = [found.deadline for found in runs] + ([seen.empty_progress + allowance] if seen.empty_progress else [])
    overdue = now >= max(deadlines, default=now)
    in_flight, missing = (0, sent - arrived) if overdue else (sent - arrived, 0)
    alone = not seen.foreign_rows and not seen.foreign_errors
    line = Line(sent, 0, arrived, in_flight, missing, surplus if alone else 0)
    return EmptyValues(line, tuple(names), unconfirmed, surplus)


def _slices(ranges: Iterable[Range]) -> Iterator[Range]:
    for found in ranges:
        for first in range(found.first, found.last + 1, _SLICE):
            yield Range(found.worker, first, min(first + _SLICE - 1, found.last))


def _by_class(kind: Numbers, numbers: Numbers, classes: int) -> Numbers:
    return np.bincount(kind, numbers, classes).astype(np.int64)
