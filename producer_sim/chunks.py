"""Events on their way to Kafka: a chunk is what is generated at once, and what is reported at once.

A chunk is done when each of its messages was acknowledged or given up on. Events of which every copy was acknowledged count as
acknowledged; the others may or may not be in the topic, and are unconfirmed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from simulated_events.classes import EventClass
from simulated_events.generator import Batch

DAY_US = 86_400_000_000


@dataclass
class Chunk:
    """One batch and what became of its messages so far."""

    batch: Batch
    sends: list[bytes | None]
    """Every message: the events in order, then the further copies of duplicates."""
    pending: int
    failed: list[tuple[str, bytes | None]] = field(default_factory=list)
    """What Kafka's client gave up on: its error's name and the value."""

    unsent: list[bytes | None] = field(default_factory=list)
    """Further copies that were not handed over before a stop: their events are unconfirmed."""

    @staticmethod
    def of(batch: Batch) -> Chunk:
        sends = batch.values + batch.again
        return Chunk(batch, sends, len(sends))

    def cut(self, place: int) -> None:
        """Stop after the messages before `place`: what comes after was never handed over."""
        self.pending -= len(self.sends) - place
        events = len(self.batch.values)
        self.unsent = self.batch.again[max(place - events, 0) :]
        if place < events:
            batch = self.batch
            self.batch = Batch(batch.worker, batch.first, batch.values[:place], batch.numbers[:place], batch.event_us[:place], batch.again)
        self.sends = self.sends[:place]

    def intended(self, place: int) -> int:
        """The index of the event that a message belongs to; the last event's for a further copy."""
        return self.batch.first + min(place, len(self.batch.values) - 1)


@dataclass
class Report:
    """What one worker tells of the chunks that were done since its last report, and of itself."""

    worker: int
    acknowledged: list[tuple[int, int]] = field(default_factory=list)
    """Indices, first and last."""
    classes: dict[int, int] = field(default_factory=dict)
    """Acknowledged events by class number."""
    dates: list[tuple[int, int, int]] = field(default_factory=list)
    """Day since 1970, class number, acknowledged events that must become rows."""
    partitions: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    """First and last offset and messages, since the worker's start."""
    errors: dict[str, int] = field(default_factory=dict)
    """Messages given up on since the last report, by error name."""
    messages: int = 0
    """Messages acknowledged since the last report."""
    issued: int = 0
    """Indices below this were handed to Kafka's client."""
    waits: dict[int, int] = field(default_factory=dict)
    """Acknowledgement minus intended time, sampled since the last report: histogram bucket to count."""
    lags: dict[int, int] = field(default_factory=dict)
    """Hand-over minus intended time, likewise."""
    worst_lag: float = 0.0
    """Seconds, since the worker's start."""
    behind_at: float | None = None
    """Seconds after the start at which hand-over first was too late."""
    last_acknowledged: float = 0.0
    """Seconds after the start of the last acknowledgement."""
    ready: bool = False
    final: bool = False
    trouble: str | None = None
    """Why the worker could not go on."""


def settle(chunks: Iterable[Chunk], classes: Sequence[EventClass], report: Report) -> None:
    """Add what became of done chunks to a report."""
    counted: Counter[int] = Counter(report.classes)
    dated: defaultdict[tuple[int, int], int] = defaultdict(int)
    errors: Counter[str] = Counter(report.errors)
    rows = np.array([found.reason is None for found in classes])
    for chunk in chunks:
        batch = chunk.batch
        good = np.ones(len(batch.values), bool)
        if chunk.failed or chunk.unsent:
            errors.update(code for code, _ in chunk.failed)
            good[_places_of([*(value for _, value in chunk.failed), *chunk.unsent], batch, classes)] = False
        report.messages += len(chunk.sends) - len(chunk.failed)
        report.acknowledged.extend((batch.first + first, batch.first + last) for first, last in _stretches(good))
        numbers = batch.numbers[good]
        counted.update(dict(enumerate(np.bincount(numbers).tolist())))
        kept = rows[numbers]
        pairs = batch.event_us[good][kept] // DAY_US * len(classes) + numbers[kept]
        for pair, count in zip(*(found.tolist() for found in np.unique(pairs, return_counts=True)), strict=True):
            dated[divmod(pair, len(classes))] += count
    report.classes = {number: count for number, count in counted.items() if count}
    report.dates.extend((day, number, count) for (day, number), count in dated.items())
    report.errors = dict(errors)


def _places_of(values: Sequence[bytes | None], batch: Batch, classes: Sequence[EventClass]) -> list[int]:
    """Which events some failed messages belong to. Values without bytes cannot be told apart, so all of the chunk's are taken."""
    by_value = {value: place for place, value in enumerate(batch.values) if value}
    found = {by_value[value] for value in values if value in by_value}
    if any(not value for value in values):
        found |= {place for place, number in enumerate(batch.numbers.tolist()) if not classes[number].identifiable}
    return sorted(found)


def _stretches(good: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """The runs of True, as first and last place."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], good, [False])).astype(np.int8)))
    return [(int(first), int(after) - 1) for first, after in edges.reshape(-1, 2)]
