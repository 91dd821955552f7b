"""The manifest as a value. `README.md` beside this module says what each field of the file means.

Events have a position in their run, `index * workers + worker`, from 0 to `events_planned - 1`. A manifest holds which of
them were acknowledged by Kafka as ranges of indices, and enough of the plan to tell every event's class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

from manifest import draws

FORMAT_VERSION = 1


class State(Enum):
    """How far a run came."""

    RUNNING = "running"
    """Still sending, or killed without a chance to say so: `unconfirmed` reaches to the planned end."""
    COMPLETE = "complete"
    """Every planned event was handed to Kafka; those without an acknowledgement are `unconfirmed`."""
    INTERRUPTED = "interrupted"
    """Stopped before its planned end, in order: what was handed over is acknowledged or `unconfirmed`."""


class Expect(Enum):
    """Where an event of a class must come to rest."""

    ROW = "row"
    ERROR = "error"


@dataclass(frozen=True)
class Range:
    """Events of one worker, `first` to `last`, both included."""

    worker: int
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class ClassCount:
    """One class of events: what must come of them, their share, and how many were acknowledged."""

    expect: Expect
    reason: str | None
    """The transform's reason where an error record is expected."""
    identifiable: bool
    """False where the value has no bytes, so that its arrival can only be counted."""
    times: int
    """How often each event is sent: 2 for duplicates on purpose."""
    up_to: int
    """Cumulative share, out of 2^32, in the order of the classes."""
    acknowledged: int = 0
    """Events of the class in `Manifest.acknowledged`."""
    copies: int = 0
    """Messages of these events, `acknowledged * times`."""


@dataclass(frozen=True)
class DateCount:
    """What must rest in one `event_date`: acknowledged events that become rows, each counted once, and their messages."""

    acknowledged: int
    copies: int
    classes: Mapping[str, int] = field(default_factory=dict)
    """The acknowledged events by class."""


@dataclass(frozen=True)
class PartitionCount:
    """What one Kafka partition acknowledged. Other producers' messages may lie between the two offsets."""

    first_offset: int
    last_offset: int
    acknowledged: int
    """Messages, copies included, and those of events that stayed unconfirmed for another copy's sake."""


@dataclass(frozen=True)
class Manifest:
    """What one run sent."""

    run: str
    """The run's tag, lower-case base 36, inside the events."""
    seed: int
    created_at: str
    """UTC, ISO 8601."""
    state: State
    topic: str
    base_us: int
    """Event time of position 0, in microseconds since 1970 UTC."""
    step_us: int
    """Event time from one position to the next, microseconds."""
    workers: int
    late_unit_us: int
    """Late events lie a whole multiple of this before their position's time; longer than the run."""
    late_units: int
    """The largest such multiple."""
    events_planned: int
    classes: Mapping[str, ClassCount]
    """In the order that `up_to` counts in."""
    acknowledged: tuple[Range, ...] = ()
    """Events of which every copy was acknowledged, sorted by worker and index, not touching."""
    unconfirmed: tuple[Range, ...] = ()
    """Events that may or may not be in the topic: disjoint from `acknowledged`."""
    event_dates: Mapping[str, DateCount] = field(default_factory=dict)
    partitions: Mapping[str, PartitionCount] = field(default_factory=dict)
    delivery_errors: Mapping[str, int] = field(default_factory=dict)
    """Messages that Kafka's client gave up on, by librdkafka's error name."""
    finished_at: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """What else the events' content depends on, for re-making one: the simulator's own."""
    format_version: int = FORMAT_VERSION

    @property
    def span_us(self) -> int:
        """Event time from the first planned position to just before the one after the last."""
        return self.events_planned * self.step_us

    @property
    def acknowledged_events(self) -> int:
        return sum(len(found) for found in self.acknowledged)

    @property
    def unconfirmed_events(self) -> int:
        return sum(len(found) for found in self.unconfirmed)

    def events_of(self, worker: int) -> int:
        """How many events are planned for one worker: its indices are 0 to this, excluded."""
        return max(0, -(-(self.events_planned - worker) // self.workers))

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes by number."""
        return tuple(self.classes)

    def class_numbers(self, worker: int, first: int, count: int) -> npt.NDArray[np.int64]:
        """The class of `count` events of a worker from index `first` on, as places in `class_names`.

        About 30 ns an event; call it in slices where a range is long.
        """
        shares = np.fromiter((found.up_to for found in self.classes.values()), np.uint64, len(self.classes))
        return draws.class_numbers(self.seed, worker, np.arange(first, first + count, dtype=np.uint64), shares)

    def class_of(self, worker: int, index: int) -> str:
        """The class of one event."""
        return self.class_names[int(self.class_numbers(worker, index, 1)[0])]
