"""The workers' reports, summed. At any moment a manifest can be made of it that is true at that moment."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime

from manifest import ClassCount, DateCount, IndexSet, Manifest, PartitionCount, Range, State
from producer_sim.chunks import Report
from producer_sim.pace import Pace
from simulated_events.classes import EventClass
from simulated_events.generator import date_of
from simulated_events.plan import Plan


class Ledger:
    """What one run has sent so far. Its size grows with holes, dates and partitions, never with events."""

    def __init__(self, plan: Plan, topic: str, classes: tuple[EventClass, ...], created: datetime) -> None:
        self._plan = plan
        self._topic = topic
        self._classes = {found.name: found for found in classes}
        self._names = [name for name, _ in plan.shares]
        self._created = created
        self._counts: dict[str, ClassCount] = plan.class_counts(classes)
        self._acknowledged = [IndexSet() for _ in range(plan.workers)]
        self._issued: dict[int, int] = {}
        self._by_class: Counter[str] = Counter()
        self._by_date: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._partitions: dict[int, dict[int, tuple[int, int, int]]] = defaultdict(dict)
        self._errors: Counter[str] = Counter()
        self._waits: Counter[int] = Counter()
        self._lags: Counter[int] = Counter()
        self._worst_lag = 0.0
        self._behind_at: float | None = None
        self._last_acknowledged = 0.0
        self.messages = 0

    @property
    def events(self) -> int:
        """Acknowledged events."""
        return sum(self._by_class.values())

    @property
    def errors(self) -> Counter[str]:
        """Messages given up on, by error name."""
        return self._errors

    def take(self, report: Report) -> None:
        """Add one report."""
        for first, last in report.acknowledged:
            self._acknowledged[report.worker].add(first, last)
        for number, count in report.classes.items():
            self._by_class[self._names[number]] += count
        for day, number, count in report.dates:
            self._by_date[day][self._names[number]] += count
        for partition, seen in report.partitions.items():
            self._partitions[partition][report.worker] = seen
        self._errors.update(report.errors)
        self._waits.update(report.waits)
        self._lags.update(report.lags)
        self._worst_lag = max(self._worst_lag, report.worst_lag)
        if report.behind_at is not None:
            self._behind_at = min(self._behind_at or report.behind_at, report.behind_at)
        self._last_acknowledged = max(self._last_acknowledged, report.last_acknowledged)
        self.messages += report.messages
        if report.final:
            self._issued[report.worker] = report.issued

    def manifest(self, state: State, now: datetime) -> Manifest:
        """The manifest of this moment. A worker that gave no last report may have sent anything up to its planned end."""
        plan = self._plan
        unconfirmed: list[Range] = []
        for worker, acknowledged in enumerate(self._acknowledged):
            end = plan.events_of(worker) if state is State.RUNNING else self._issued.get(worker, plan.events_of(worker))
            unconfirmed.extend(Range(worker, first, last) for first, last in acknowledged.missing(0, end - 1))
        return Manifest(
            run=plan.run,
            seed=plan.seed,
            created_at=_stamp(self._created),
            finished_at=None if state is State.RUNNING else _stamp(now),
            state=state,
            topic=self._topic,
            base_us=plan.base_us,
            step_us=plan.step_us,
            workers=plan.workers,
            late_unit_us=plan.late_unit_us,
            late_units=plan.late_units,
            events_planned=plan.events,
            classes={name: self._counted(name, count) for name, count in self._counts.items()},
            acknowledged=tuple(Range(worker, *found) for worker, ranges in enumerate(self._acknowledged) for found in ranges),
            unconfirmed=tuple(unconfirmed),
            event_dates={date_of(day): self._dated(counts) for day, counts in sorted(self._by_date.items())},
            partitions={str(partition): _merged(seen) for partition, seen in sorted(self._partitions.items())},
            delivery_errors=dict(self._errors),
            settings=plan.settings,
        )

    def pace(self, rate: float | None) -> Pace:
        """What was asked and held so far."""
        return Pace(
            rate, self.events, self._plan.events, self._last_acknowledged, self._worst_lag, self._behind_at, self._waits, self._lags
        )

    def _counted(self, name: str, count: ClassCount) -> ClassCount:
        events = self._by_class[name]
        return replace(count, acknowledged=events, copies=events * count.times)

    def _dated(self, counts: Counter[str]) -> DateCount:
        copies = sum(events * self._classes[name].times for name, events in counts.items())
        return DateCount(counts.total(), copies, {name: counts[name] for name in self._names if counts[name]})


def _merged(seen: dict[int, tuple[int, int, int]]) -> PartitionCount:
    """One partition, as all workers saw it."""
    firsts, lasts, counts = zip(*seen.values(), strict=True)
    return PartitionCount(min(firsts), max(lasts), sum(counts))


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
