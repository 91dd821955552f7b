"""Events by (worker, index): a batch at a time for sending, or one alone for explaining. The two are the same code.

Most events are plain: a constant head, the time, and one ready-made fragment for each pool of the content. The others are made
one by one from a draft, over the plain one that stands in their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from manifest import Identity, draws
from schema import Schema
from simulated_events.classes import EventClass
from simulated_events.content import EPOCH, Content
from simulated_events.drafts import Draft
from simulated_events.plan import Plan

_VARIANT_SALT = 1
_CONTENT_SALT = 2
_POOLS_PER_DRAW = 4


@dataclass(frozen=True)
class Batch:
    """Consecutive events of one worker."""

    worker: int
    first: int
    values: list[bytes | None]
    numbers: npt.NDArray[np.int64]
    """Each event's class, as a place in the generator's `classes`."""
    event_us: npt.NDArray[np.int64]
    """Each event's time, microseconds since 1970 UTC; without meaning where no row is expected."""
    again: list[bytes | None]
    """The further copies of duplicates."""


@dataclass(frozen=True)
class Event:
    """One event, with what must come of it."""

    identity: Identity
    of: EventClass
    value: bytes | None
    event_us: int

    @property
    def event_date(self) -> str | None:
        """The partition that its row must rest in; None where no row is expected."""
        return None if self.of.reason else date_of(self.event_us // 86_400_000_000)


class Generator:
    """Makes the events of one plan. Equal plans and schemas give equal bytes, in any order and any process."""

    def __init__(self, plan: Plan, schema: Schema, classes: Sequence[EventClass]) -> None:
        known = {found.name: found for found in classes}
        self.plan = plan
        self.classes = tuple(known[name] for name, _ in plan.shares)
        self._shares = np.array([share for _, share in plan.shares], dtype=np.uint64)
        self._special = np.array([found.make is not None for found in self.classes])
        self._late = np.array([found.lateness is not None for found in self.classes])
        self._times = np.array([found.times for found in self.classes])
        self._content = Content.of(schema, plan.run)
        pools = self._content.pools
        self._constant = self._content.fragments[0][0].replace(b"%", b"%%") if pools[0].size == 1 else b"%b"
        self._varying = [place for place, pool in enumerate(pools) if place or pool.size > 1]
        self._template = b"%b.%06dZ" + self._constant + b"%b" * sum(place > 0 for place in self._varying) + b"}"

    def event(self, worker: int, index: int) -> Event:
        """One event.

        Raises:
            NoSuchEvent: the plan has none.
        """
        self.plan.check(worker, index)
        batch = self.batch(worker, index, 1)
        return Event(Identity(self.plan.run, worker, index), self.classes[int(batch.numbers[0])], batch.values[0], int(batch.event_us[0]))

    def batch(self, worker: int, first: int, count: int) -> Batch:
        """`count` events of a worker from index `first` on."""
        plan = self.plan
        indices = np.arange(first, first + count, dtype=np.uint64)
        numbers = draws.class_numbers(plan.seed, worker, indices, self._shares)
        variants = draws.draw(plan.seed, worker, indices, _VARIANT_SALT) >> np.uint64(8)
        event_us = plan.base_us + (indices.astype(np.int64) * plan.workers + worker) * plan.step_us
        for place in np.flatnonzero(self._late[numbers]).tolist():
            lateness = self.classes[numbers[place]].lateness
            assert lateness is not None
            units = lateness(int(event_us[place]), plan.late_unit_us, int(variants[place]))
            event_us[place] -= units * plan.late_unit_us
        ranks = self._ranks(worker, indices)
        values: list[bytes | None] = self._plain(event_us, ranks)
        for place in np.flatnonzero(self._special[numbers]).tolist():
            make = self.classes[numbers[place]].make
            assert make is not None
            values[place] = make(
                Draft(
                    self._content,
                    Identity(plan.run, worker, first + place),
                    int(event_us[place]),
                    [int(rank[place]) for rank in ranks],
                    int(variants[place]),
                    plan.earliest_event_date,
                )
            )
        repeated = np.flatnonzero(self._times[numbers] > 1).tolist()
        again = [values[place] for place in repeated for _ in range(int(self._times[numbers[place]]) - 1)]
        return Batch(worker, first, values, numbers, event_us, again)

    def _ranks(self, worker: int, indices: npt.NDArray[np.uint64]) -> list[npt.NDArray[np.int64]]:
        """For each pool, which of its values each event has."""
        found = []
        for place, pool in enumerate(self._content.pools):
            turn, part = divmod(place, _POOLS_PER_DRAW)
            if part == 0:
                bits = draws.draw(self.plan.seed, worker, indices, _CONTENT_SALT + turn)
            found.append(pool.ranks[(bits >> np.uint64(16 * part)) & np.uint64(0xFFFF)])
        return found

    def _plain(self, event_us: npt.NDArray[np.int64], ranks: list[npt.NDArray[np.int64]]) -> list[bytes | None]:
        """All events as if they were plain."""
        seconds, micros = np.divmod(event_us, 1_000_000)
        distinct, places = np.unique(seconds, return_inverse=True)
        heads = [self._content.head + _second(int(second)) for second in distinct]
        fragments = self._content.fragments
        texts = [list(map(fragments[place].__getitem__, ranks[place].tolist())) for place in self._varying]
        return list(map(self._template.__mod__, zip(map(heads.__getitem__, places.tolist()), micros.tolist(), *texts, strict=True)))


def date_of(day: int) -> str:
    """The UTC date of a number of days since 1970."""
    return (EPOCH + timedelta(days=day)).date().isoformat()


def _second(seconds: int) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
