"""Every class of events: what it is, what must come of it, and how an event of it is made.

The classes are assembled for a schema: a field that is added brings its own missing, null and wrong-type classes. Their order
is the order of numbers in a manifest, and `valid` is the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from manifest import Expect
from schema import Field, Schema
from simulated_events.drafts import Draft

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
LATE_DAYS = 3
"""The latest an event comes, in late units of a day or less."""


class Group(Enum):
    """The groups of classes that a scenario gives shares to; `valid` takes what is left."""

    VALID = "valid"
    LATE = "late"
    DUPLICATE = "duplicate"
    VARIED = "varied"
    """Good events in unusual dress: other zones, digits, key orders, nesting."""
    MISSING = "missing"
    """Good events with a field or a parent missing or null."""
    BAD = "bad"


Make = Callable[[Draft], bytes | None]
Lateness = Callable[[int, int, int], int]
"""(event time at its position, late unit, variant) to a number of late units."""


@dataclass(frozen=True)
class EventClass:
    """One class. Plain classes have no `make`: their events are put together from the content's fragments."""

    name: str
    group: Group
    weight: float = 1.0
    """Share within the group, relative to the group's other classes."""
    make: Make | None = None
    reason: str | None = None
    identifiable: bool = True
    times: int = 1
    lateness: Lateness | None = None

    @property
    def expect(self) -> Expect:
        return Expect.ERROR if self.reason else Expect.ROW


def late_units(late_unit_us: int) -> int:
    """The largest number of late units that an event of any class has."""
    return max(1, DAY_US // late_unit_us) * LATE_DAYS


def _late_hours(_event_us: int, unit: int, variant: int) -> int:
    return 1 + variant % max(1, 6 * HOUR_US // unit)


def _late_across_midnight(event_us: int, unit: int, _variant: int) -> int:
    """As few units as bring the event to the UTC day before."""
    return event_us % DAY_US // unit + 1


def _late_days(_event_us: int, unit: int, variant: int) -> int:
    return (1 + variant % LATE_DAYS) * max(1, DAY_US // unit)


PLAIN = (
    EventClass("valid", Group.VALID),
    EventClass("late_hours", Group.LATE, 5, lateness=_late_hours),
    EventClass("late_across_midnight", Group.LATE, 2, lateness=_late_across_midnight),
    EventClass("late_days", Group.LATE, 3, lateness=_late_days),
    EventClass("duplicate", Group.DUPLICATE, times=2),
)


def assemble(schema: Schema) -> tuple[EventClass, ...]:
    """All classes for a schema, in the order of their numbers."""
    from simulated_events import rejected_classes, valid_classes

    return (
        *PLAIN,
        *valid_classes.VARIED,
        *valid_classes.missing(schema),
        *rejected_classes.of_any_schema(schema),
        *rejected_classes.wrong_types(schema),
    )


def nullable(schema: Schema) -> tuple[Field, ...]:
    """The fields that may be missing."""
    return tuple(field for field in schema.columns if field.nullable and field is not schema.event_time)


def parents(schema: Schema) -> tuple[tuple[str, ...], ...]:
    """The paths of all objects that hold fields, but not the event time."""
    time = schema.event_time.path
    paths = (field.path[:depth] for field in schema.columns for depth in range(1, len(field.path)))
    return tuple(path for path in dict.fromkeys(paths) if time[: len(path)] != path)
