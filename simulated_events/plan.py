"""One run: everything that its events are a pure function of. A manifest holds all of it, so any event can be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from manifest import ClassCount, Manifest
from schema import SCHEMA_FILE
from simulated_events.classes import DAY_US, HOUR_US, EventClass, late_units
from simulated_events.errors import NoSuchEvent

UNPACED_STEP_US = 10
"""Event time between events that are sent as fast as can be."""
_EARLIEST = "earliest_event_date"
_SCHEMA = "schema_sha256"


@dataclass(frozen=True)
class Plan:
    """A run, before any of it is sent. The names are those of `manifest.Manifest`."""

    run: str
    seed: int
    base_us: int
    step_us: int
    workers: int
    events: int
    late_unit_us: int
    shares: tuple[tuple[str, int], ...]
    """Each class's name and its cumulative share out of 2^32."""
    earliest_event_date: str | None
    """The first date that the transform accepts, where it is fixed."""

    @staticmethod
    def of(
        *,
        run: str,
        seed: int,
        base_us: int,
        rate: float | None,
        workers: int,
        events: int,
        classes: Sequence[EventClass],
        up_to: Sequence[int],
        earliest_event_date: str | None,
    ) -> Plan:
        """A plan whose event times go as fast as the rate, and whose late unit is the shortest that is longer than the run."""
        step_us = max(1, round(1_000_000 / rate)) if rate else UNPACED_STEP_US
        span = events * step_us
        unit = next((unit for unit in (HOUR_US, 6 * HOUR_US, DAY_US) if unit >= span), -(-span // DAY_US) * DAY_US)
        shares = tuple((known.name, share) for known, share in zip(classes, up_to, strict=True))
        return Plan(run, seed, base_us, step_us, workers, events, unit, shares, earliest_event_date)

    @staticmethod
    def of_manifest(found: Manifest) -> Plan:
        """The plan that a manifest tells of."""
        shares = tuple((name, count.up_to) for name, count in found.classes.items())
        return Plan(
            found.run,
            found.seed,
            found.base_us,
            found.step_us,
            found.workers,
            found.events_planned,
            found.late_unit_us,
            shares,
            found.settings.get(_EARLIEST) or None,
        )

    @property
    def late_units(self) -> int:
        return late_units(self.late_unit_us)

    @property
    def settings(self) -> Mapping[str, str]:
        """What a manifest keeps beyond its own fields."""
        return {_EARLIEST: self.earliest_event_date or "", _SCHEMA: schema_fingerprint()}

    def class_counts(self, classes: Sequence[EventClass]) -> dict[str, ClassCount]:
        """The classes as a manifest has them, before anything is sent."""
        known = {found.name: found for found in classes}
        return {
            name: ClassCount(known[name].expect, known[name].reason, known[name].identifiable, known[name].times, up_to)
            for name, up_to in self.shares
        }

    def events_of(self, worker: int) -> int:
        """How many events one worker has."""
        return max(0, -(-(self.events - worker) // self.workers))

    def check(self, worker: int, index: int) -> None:
        """Raise NoSuchEvent where the plan has no such event."""
        if not 0 <= worker < self.workers:
            raise NoSuchEvent(f"run {self.run}: there is no worker {worker}; there are 0 to {self.workers - 1}.")
        if not 0 <= index < self.events_of(worker):
            raise NoSuchEvent(f"run {self.run}: worker {worker} has no index {index}; it has 0 to {self.events_of(worker) - 1}.")


def schema_fingerprint() -> str:
    """Which schema file events are made from."""
    return hashlib.sha256(SCHEMA_FILE.read_bytes()).hexdigest()


def same_schema(found: Manifest) -> bool:
    """Whether events of that run, made again, are what they were."""
    return found.settings.get(_SCHEMA, schema_fingerprint()) == schema_fingerprint()
